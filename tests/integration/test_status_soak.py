"""Updates past both handlers while calls fail, and then statuses and mails balance."""

import pytest

from tests.campaigns.soak import status
from tests.campaigns.soak.companion import KINDS

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("runs both handlers in its process")]

UPDATES = 100


@pytest.fixture(scope="module")
def result() -> status.Result:
    """Return what a short soak has shown."""
    return status.run(UPDATES, status.SEED)


def test_each_item_is_as_its_rows_say_and_no_mail_repeats_outside_the_window(
    result: status.Result,
) -> None:
    assert result.books.wrong == []


def test_every_entry_into_a_critical_status_is_mailed(result: status.Result) -> None:
    assert result.books.mailed == result.books.entries > 0


def test_all_that_can_go_wrong_went_wrong(result: status.Result) -> None:
    assert result.companion.failed.keys() == KINDS.keys()
    seen = result.companion.mapping.seen
    assert {"batches that failed in part", "batches that failed", "batches given up"} <= seen.keys()
    assert result.kept > len(status.POISON)
