"""Faults on the wire of a deployed stack leave an update where the table says."""

from collections.abc import Iterator

import pytest

from tests.campaigns.faults.cases import CASES
from tests.campaigns.faults.deployed import Trial, laboratory

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("breaks its calls")]

# Of each kind of fault one; `make reliability` tries them all. A client that waits for its
# time-outs is left out: it takes three times five seconds.
CHOSEN = (
    "PutItem: throttled: critical",
    "PutItem: done, connection broken off: critical",
    "PutItem: done, malformed response: ordinary",
    "PutItem: function timeout or crash: critical",
    "Publish: function timeout or crash: critical",
    "Publish: denied: critical",
    "UpdateItem: function timeout or crash: critical",
    "UpdateItem: fails (500): critical",
    "SendMessage: denied: rejected",
)


@pytest.fixture(scope="module")
def trials() -> Iterator[dict[str, Trial]]:
    """Return what was seen of each case, by its name."""
    chosen = [case for case in CASES if case.name in CHOSEN]
    with laboratory() as deployed:
        yield {trial.case.name: trial for trial in deployed.run(chosen)}


@pytest.mark.parametrize("name", CHOSEN)
def test_an_update_is_where_the_table_says(trials: dict[str, Trial], name: str) -> None:
    trial = trials[name]
    case = trial.case
    assert trial.raised == case.fault.raised
    assert trial.states == (case.once, case.thrice, case.repaired)
