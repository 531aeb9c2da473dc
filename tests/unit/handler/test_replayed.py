"""What the log says of an update that comes by a replay."""

from typing import Any

import pytest

from tests.unit.handler.account import Account
from tests.unit.handler.updates import envelope, update


def test_a_replayed_update_is_told_from_a_redelivered_one(account: Account) -> None:
    detail = update()["detail"]
    account.deliver(envelope(detail))
    replayed = account.deliver(envelope(detail, **{"replay-name": "shipments-20261123T0421.5_a"}))
    assert (replayed.log["outcome"], replayed.log["replay"]) == (
        "duplicate",
        "shipments-20261123T0421.5_a",
    )
    assert "replay" not in account.deliver(envelope(detail)).log


@pytest.mark.parametrize(
    ("name", "told"),
    [("r" * 100, "r" * 64), (["a b", 1], "ab1"), ("ops@example.com\n", "opsexample.com"), ("", "")],
)
def test_a_replays_name_in_the_log_is_a_name(account: Account, name: Any, told: str) -> None:
    event = envelope(update()["detail"], **{"replay-name": name})
    assert account.deliver(event).log["replay"] == told
