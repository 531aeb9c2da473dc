"""Text that tries to be more than data stays data in mails, and is not in the log."""

import shlex

import pytest
from hypothesis import given, settings

from tests.account import Fields
from tests.hostile import SHOWN_IN_MAILS, TEXTS, blank_runs, hidden, stored
from tests.hostile import texts as hostile_texts
from tests.unit.handler import emf, gate
from tests.unit.handler.account import Alert
from tests.unit.handler.updates import ABSENT, update
from tests.unit.status.account import StatusAccount, row
from tests.unit.status.items import MAIL, STUCK, rejected, silent

# Lines of any mail: those around what it is about.
AROUND = 8


def lost(shipment: str, text: str) -> Fields:
    """Return the row of a lost shipment with a text in all that is mailed of it."""
    text = stored(text)
    return row(f"LOST {text}", 0, f"{shipment} {text}", location=text, carrier=text)


def mails(account: StatusAccount, request: Fields) -> list[Alert]:
    """Invoke the handler; fail unless log and mails are safe to read. Return the mails."""
    printed = account.ask(request).printed
    line = emf.read(printed)
    assert printed.isascii()
    assert line.keys() - {"_aws", "Environment", "requestId", "error"} == emf.metrics(line).keys()
    found = account.digests()
    for mail in found:
        assert mail.subject.isascii()
        assert mail.subject.isprintable()
        assert len(mail.subject) <= 100
        for text in (*mail.body.split("\n"), *mail.attributes.values()):
            assert hidden(text) <= SHOWN_IN_MAILS
            assert blank_runs(text) == []
    return found


def command(mail: Alert) -> list[str]:
    """Return the words of the command that a mail says to type, but those that all have."""
    words = shlex.split(mail.body.split("\n")[-2])
    assert (words[0], words[-2:]) == ("shipments", ["--environment", "test"])
    return words[1:-2]


def check(account: StatusAccount, text: str) -> None:
    """Fail unless a mail about one shipment with a text is as with any other."""
    (mail,) = mails(account, {"Records": account.store(lost("S", text))})
    assert len(mail.body.split("\n")) == AROUND + 2
    assert command(mail) == ["track", account.status.printable(f"S {stored(text)}")]


@settings(max_examples=25)
@given(text=hostile_texts)
def test_hostile_text_stays_data(shared_account: StatusAccount, text: str) -> None:
    shared_account.empty()
    check(shared_account, text)


@pytest.mark.parametrize("text", TEXTS)
def test_each_known_trick_stays_data(account: StatusAccount, text: str) -> None:
    check(account, text)


def test_known_tricks_stay_data_in_a_mail_about_many_shipments(account: StatusAccount) -> None:
    some = TEXTS[:50]
    rows = [lost(f"S-{number}", text) for number, text in enumerate(some)]
    (mail,) = mails(account, {"Records": account.store(*rows)})
    assert len(mail.body.split("\n")) == AROUND + 2 * len(some)
    assert command(mail) == ["list", "--critical"]


def test_known_tricks_stay_data_in_a_mail_about_shipments_without_news(
    account: StatusAccount,
) -> None:
    some = TEXTS[:50]
    account.put_items(
        *(
            silent(shipment, status=text, location=text, carrier=f"{number} {text}")
            for number, text in enumerate(map(stored, some))
            for shipment in [f"S-{number} {text}"]
        )
    )
    (mail,) = mails(account, STUCK)
    assert len(mail.body.split("\n")) == AROUND - 1 + 3 * len(some)
    assert command(mail) == ["list", "--stale", "3d"]


def test_known_tricks_stay_data_in_a_mail_about_rejected_updates(
    account: StatusAccount,
) -> None:
    for number, text in enumerate(TEXTS):
        event = update(status=ABSENT, shipmentId=text, carrier=f"{number} {text}")
        event["id"] = text
        assert mails(account, {"Records": [rejected(account, event, number)]}) == []
    (mail,) = mails(account, MAIL)
    lines = mail.body.split("\n")
    assert len(lines) == AROUND + 2 * len(TEXTS)
    assert all(
        line.startswith(("1 x status: is required (", "1 x shipmentId: ")) for line in lines[2:-6:2]
    )
    assert all(line.startswith(" such as ") for line in lines[3:-6:2])
    assert command(mail) == ["failed"]


@pytest.mark.parametrize("text", TEXTS[:3])
def test_what_a_service_says_of_a_text_is_on_the_queue_and_not_in_the_log(
    account: StatusAccount, text: str
) -> None:
    records = account.store(lost("S", text))
    fault = gate.refusal(400, "ValidationException", {"message": f"no {text}"})
    account.gate.break_calls("UpdateItem", fault)
    delivery = account.ask({"Records": records})
    assert emf.read(delivery.printed)["error"] == "ClientError ValidationException"
    assert "no " not in delivery.printed
    (message,) = account.kept()
    assert message["refresh"]["shipmentId"] == f"S {stored(text)}"
    assert message["reason"].endswith(f"no {text}")
