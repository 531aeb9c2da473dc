"""How a status is spelled in a row, whoever sent it."""

import random

import pytest

from tests.unit.handler.account import Account
from tests.unit.handler.updates import update

KNOWN = (
    "INFO_RECEIVED",
    "PRE_TRANSIT",
    "TRANSIT",
    "IN_TRANSIT",
    "OUT_FOR_DELIVERY",
    "AVAILABLE_FOR_PICKUP",
    "ATTEMPT_FAIL",
    "DELIVERED",
    "DELAYED",
    "LOST",
    "DAMAGED",
    "EXCEPTION",
    "FAILURE",
    "RETURN_TO_SENDER",
    "RETURNED",
    "CANCELLED",
    "PENDING",
    "EXPIRED",
    "UNKNOWN",
    "ERROR",
)


@pytest.mark.parametrize("known", KNOWN)
def test_a_known_status_is_one_word_in_any_spelling(account: Account, known: str) -> None:
    words = known.split("_")
    spellings = (
        known.lower(),
        "".join(word.title() for word in words),
        " ".join(word.title() for word in words),
        f" {'-'.join(words).lower()} ",
        "".join(words).lower(),
        f"{known.swapcase()}.",
        f"<{' / '.join(words)}!>",
        "__".join(f"{word[0].lower()}{word[1:]}" for word in words),
    )
    for number, spelling in enumerate(spellings):
        account.deliver(update(status=spelling, shipmentId=str(number)))
    assert [row["status"] for row in account.rows()] == [known] * len(spellings)


def test_ten_thousand_spellings_of_the_known_statuses_are_the_known_statuses(
    account: Account,
) -> None:
    chance = random.Random(4)  # noqa: S311 - the same spellings in each run; nothing is secret
    for number in range(10_000):
        known = KNOWN[number % len(KNOWN)]
        spelled = "".join(chance.choice((char, char.lower(), f"{char}-")) for char in known)
        assert account.handler.status_word(spelled) == known, spelled


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("HeldAtCustoms", "HELD_AT_CUSTOMS"),
        ("held at customs", "HELD_AT_CUSTOMS"),
        (" held-at_customs\t", "HELD_AT_CUSTOMS"),
        ("_held__at - customs_", "HELD_AT_CUSTOMS"),
        ("held\x00at\x1fcustoms\x7f", "HELD_AT_CUSTOMS"),
        ("held\x80at\x90customs", "HELD_AT_CUSTOMS"),
        ("held\u00a0at\u2003customs\x85\x9f", "HELD_AT_CUSTOMS"),
        ("HELD_AT_CUSTOMS", "HELD_AT_CUSTOMS"),
        ("Gate4Reached", "GATE4_REACHED"),
        ("DHLExpress", "DHLEXPRESS"),
        ("customs: held.", "CUSTOMS:_HELD."),
        ("...", "..."),
        ("zugestellt \u00fcber nacht", "ZUGESTELLT_\u00dcBER_NACHT"),
        ("\u914d\u9001\u4e2d", "\u914d\u9001\u4e2d"),
        ("x", "X"),
    ],
)
def test_an_unknown_status_is_stored_as_one_word(account: Account, sent: str, stored: str) -> None:
    account.deliver(update(status=sent))
    assert account.row()["status"] == stored


def test_separators_do_not_count_towards_a_statuss_length(account: Account) -> None:
    account.deliver(update(status="Held" + " -_\x01" * 5_000 + "Here"))
    assert account.row()["status"] == "HELD_HERE"


@pytest.mark.parametrize(
    "status",
    [
        *("---", "_", "\x01\x02", " - ", "\x9f\x7f"),
        "X" * 65,
        "X" * 32 + "-" + "Y" * 32,
        "\u00df" * 33,  # 66 in upper case
        "x" * 63 + "Y",  # 64, and a camel hump
    ],
)
def test_a_status_is_counted_as_it_would_be_stored(account: Account, status: str) -> None:
    assert (
        account.deliver(update(status=status)).refusal
        == "status: must have 1 to 64 characters once normalised"
    )


@pytest.mark.parametrize("status", ["DELAYED", "LOST", "DAMAGED", "EXCEPTION"])
@pytest.mark.parametrize("spell", [str, str.lower, str.title, " {}. ".format, "({})".format])
def test_a_critical_status_alerts_in_any_spelling(account: Account, status: str, spell) -> None:  # noqa: ANN001 - str.lower and its like
    account.deliver(update(status=spell(status)))
    assert [alert.attributes["status"] for alert in account.alerts()] == [status]


@pytest.mark.parametrize(
    "status",
    [
        "Delivery exception",
        "Exception_004",
        "exception005",
        "EXCEPTION2B",
        "shipmentDelayed",
        "delivery_delay",
        "DELAY",
        "LOST_IN_TRANSIT",
        "Total loss",
        "2LOST4",
        "lost/stolen",
        "NOT_LOST",
        "package.damage",
        "urn:epcglobal:cbv:disp:damaged",
        "\u914d\u9001 LOST",
    ],
)
def test_a_status_is_critical_if_it_has_a_critical_word(account: Account, status: str) -> None:
    account.deliver(update(status=status))
    assert len(account.alerts()) == 1


@pytest.mark.parametrize(
    "status", ["FAILURE", "LOSTANDFOUND", "LOS", "UNDAMAGED", "lossless", "\u00c9LOST", "LOSTX"]
)
def test_a_status_with_a_critical_word_inside_another_alerts_nobody(
    account: Account, status: str
) -> None:
    account.deliver(update(status=status))
    assert account.alerts() == []


@pytest.mark.parametrize(
    ("status", "alerts"),
    [
        ("held at the customs", 1),
        ("Customs: held", 1),
        ("customsHeld2", 1),
        ("held", 0),
        ("customs", 0),
        ("held at customsoffice", 0),
        ("159", 1),
        ("X159", 1),
        ("scan-159-b", 1),
        ("1590", 0),
        ("15 9", 1),  # the same spelling without its blank
    ],
)
def test_an_entry_of_several_words_or_a_code_needs_all_of_it(
    account: Account, status: str, alerts: int
) -> None:
    account.restart(CRITICAL_STATUSES="held customs,159")
    account.deliver(update(status=status))
    assert len(account.alerts()) == alerts


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ("HELD_AT_CUSTOMS", "held at customs"),
        ("LOST, held-at customs ", "HELD_AT_CUSTOMS!"),
        ("HeldAtCustoms,LOST", "heldatcustoms"),
        ("Held At Customs", "HeldAtCustoms"),
        ("held_at_customs", "(Held) at: customs"),
        ("return to sender", "ReturnToSender"),
        ("ReturnToSender", "RETURN_TO_SENDER"),
        ("x,y,delivered", "Delivered"),
    ],
)
def test_what_is_critical_may_be_set_in_any_spelling(
    account: Account, settings: str, status: str
) -> None:
    account.restart(CRITICAL_STATUSES=settings)
    account.deliver(update(status=status))
    account.deliver(update(status="DAMAGED", updateId="2"))
    assert [alert.body.splitlines()[3] for alert in account.alerts()] == [
        f"Status: {account.rows()[0]['status']}"
    ]
