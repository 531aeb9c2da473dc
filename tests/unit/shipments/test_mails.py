"""A redrive keeps below the rate of mails at which SNS deactivates a subscription, and warns."""

import pytest

from shipments import mails
from shipments.interrupt import Interrupt
from tests.unit.shipments.cloud import Cloud, envelope

REDRIVE = ("redrive", "--watch", "0")


def fail(cloud: Cloud, count: int, status: str = "LOST") -> None:
    """Put updates on the queue that the function will store."""
    for number in range(count):
        cloud.fail(envelope({"shipmentId": f"S-{number}", "status": status}))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Allow one mail in 1,000 s; return the pauses (seconds) that were made, or would be."""
    made: list[float] = []

    def wait(_: Interrupt, seconds: float) -> bool:
        made.append(seconds)
        return False

    monkeypatch.setattr(mails, "PER_SECOND", 0.001)
    monkeypatch.setattr(Interrupt, "wait", wait)
    return made


def test_updates_that_alert_are_redriven_slowly(cloud: Cloud, pauses: list[float]) -> None:
    fail(cloud, 3)
    cloud.run(*REDRIVE)
    assert [round(pause / 1000) for pause in pauses] == [0, 1, 2]


def test_updates_that_are_rejected_again_are_redriven_slowly(
    cloud: Cloud, pauses: list[float]
) -> None:
    for number in range(3):
        cloud.invoke(envelope({"shipmentId": f"S-{number}"}))
    cloud.run(*REDRIVE, "--as-is")
    assert [round(pause / 1000) for pause in pauses] == [0, 1, 2]


def test_a_rate_limits_all_updates(cloud: Cloud, pauses: list[float]) -> None:
    fail(cloud, 3, "IN_TRANSIT")
    cloud.run(*REDRIVE, "--rate", "0.01")
    assert [round(pause / 100) for pause in pauses] == [0, 1, 2]


@pytest.mark.parametrize(
    ("status", "options", "alert_mail"),
    [("IN_TRANSIT", (), "each"), ("LOST", ("--rate", "0"), "each"), ("LOST", (), "off")],
    ids=["not critical", "no limit", "no mails"],
)
def test_nothing_else_is_slowed(
    cloud: Cloud,
    pauses: list[float],
    status: str,
    options: tuple[str, ...],
    alert_mail: str,
) -> None:
    set_alert_mail(cloud, alert_mail)
    fail(cloud, 3, status)
    assert "Redriven 3" in cloud.run(*REDRIVE, *options).stdout
    assert pauses == []


def set_alert_mail(cloud: Cloud, value: str) -> None:
    parameter = {"ParameterKey": "AlertMail", "ParameterValue": value}
    cloud.stacks[0]["Parameters"].append(parameter)


def test_many_mails_are_announced_with_their_number(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "MANY", 3)
    fail(cloud, 4)
    result = cloud.run(*REDRIVE)
    assert "Warning: this can cause 4 mails. Sent within a minute." in result.stderr
    assert cloud.bodies() == []


def test_few_mails_are_not_announced(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mails, "MANY", 3)
    fail(cloud, 3)
    assert cloud.run(*REDRIVE).stderr == ""


@pytest.mark.parametrize(("alert_mail", "expected"), [("each", 4), ("critical", 2), ("off", 0)])
def test_only_what_the_stack_mails_counts(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, alert_mail: str, expected: int
) -> None:
    monkeypatch.setattr(mails, "MANY", 1)
    set_alert_mail(cloud, alert_mail)
    fail(cloud, 2)
    for number in range(2):
        cloud.invoke(envelope({"shipmentId": f"R-{number}"}))
    result = cloud.run(*REDRIVE, "--as-is")
    assert (f"{expected} mails" in result.stderr) == bool(expected)


def test_a_rate_that_costs_the_subscription_is_announced(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "MANY", 1)
    fail(cloud, 2)
    result = cloud.run(*REDRIVE, "--rate", "0")
    assert "SNS deactivates a subscription that gets more than 10 a second" in result.stderr


@pytest.mark.parametrize(
    ("answer", "options", "left"), [("n\n", (), 2), ("y\n", (), 0), ("", ("--yes",), 0)]
)
def test_a_terminal_is_asked_before_many_mails(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    options: tuple[str, ...],
    left: int,
) -> None:
    monkeypatch.setattr(mails, "MANY", 1)
    monkeypatch.setattr(mails, "_is_terminal", lambda: True)
    fail(cloud, 2)
    result = cloud.run(*REDRIVE, *options, stdin=answer.encode())
    assert ("Go on?" in result.stderr) == bool(answer)
    assert len(cloud.bodies()) == left
