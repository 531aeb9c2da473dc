"""Constants of the status stack, its handler and AWS that must fit together."""

import json
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.unit.handler.updates import update
from tests.unit.template import deployments, handler, status_handler
from tests.unit.template.resolve import Deployment
from tests.unit.template.status_handler import Account, Fields, rejection
from tests.unit.template.test_relations import (
    ENVIRONMENT_BYTES,
    LONGEST,
    NOTIFICATION_BYTES,
    PAUSE_SECONDS,
    REJECTED,
    SUBJECT_CHARACTERS,
    WIDE,
)

# AWS's limits: of IN and of an expression (DynamoDB quotas).
OPERANDS = 100
EXPRESSION_BYTES = 4 * 1024
CALL_MS = 20  # A call takes less as a rule: DynamoDB answers within ten.
MARGIN_MS = 60_000  # that a rule may be late, or a run of it fail


@pytest.fixture(scope="module")
def module(status: Deployment, main: Deployment) -> ModuleType:
    """Return the handler, for its constants."""
    with status_handler.deployed(main, status) as account:
        return account.module


@pytest.fixture
def longest(status: Deployment, main: Deployment) -> Iterator[Account]:
    """Return an account with the longest values. Each mail has its turn; a 1 is critical."""
    values = {**deployments.longest(status.template), "CriticalStatuses": "1"}
    stack = status.but(**{**values, "BatchWindowSeconds": "0"})
    with status_handler.deployed(main.but(EnvironmentSuffix=stack.suffix), stack) as account:
        yield account


def slowest_call_ms(module: ModuleType) -> int:
    """Return how long a call takes that fails at last."""
    config = module.CALLS
    attempts = config.retries["total_max_attempts"]
    attempt_seconds = config.connect_timeout + config.read_timeout
    return int(1000 * (attempts * attempt_seconds + (attempts - 1) * PAUSE_SECONDS))


# ---- times


def test_the_handler_knows_its_timeout(status: Deployment, module: ModuleType) -> None:
    assert status["ShipmentStatusFunction"]["Timeout"] * 1000 == module.TIMEOUT_MS


def test_a_whole_batch_is_refreshed_before_the_handler_gives_up(
    status: Deployment, module: ModuleType
) -> None:
    calls = 3  # the rows are read, the item is written, its entries are added
    batch = status["ShipmentStatusMapping"]["BatchSize"]
    assert batch * calls * CALL_MS <= module.TIMEOUT_MS - module.RESERVE_MS


def test_a_mail_of_the_most_shipments_is_marked_within_the_reserve(module: ModuleType) -> None:
    others = 10  # the turn, what is due, the items, the mail
    assert (module.MAILED + others) * CALL_MS <= module.RESERVE_MS


def test_a_shipment_whose_rows_take_too_long_is_on_the_queue_within_the_reserve(
    module: ModuleType,
) -> None:
    last_page_and_queue = 2 * slowest_call_ms(module)
    reading = module.READ_SECONDS * 1000
    assert reading + last_page_and_queue <= module.RESERVE_MS


def test_what_waits_for_its_turn_fires_no_alarm(status: Deployment) -> None:
    longest = status.template["Parameters"]["BatchWindowSeconds"]["MaxValue"] * 1000
    pause = 60_000  # the rule's, until the turn is taken
    assert longest + pause + MARGIN_MS <= status["UnmailedAlarm"]["Threshold"]


def test_what_waits_in_the_mapping_s_window_fires_no_alarm(
    status: Deployment, module: ModuleType
) -> None:
    longest = status.template["Parameters"]["BatchWindowSeconds"]["MaxValue"] * 1000
    run = module.TIMEOUT_MS
    assert longest + run + MARGIN_MS <= status["StatusLagAlarm"]["Threshold"]


# ---- sizes


def test_the_longest_settings_fit_into_an_environment(status: Deployment) -> None:
    stack = status.but(**deployments.longest(status.template))
    variables = stack["ShipmentStatusFunction"]["Environment"]["Variables"]
    size = sum(len(f"{name}{value}".encode()) for name, value in variables.items())
    assert size <= ENVIRONMENT_BYTES


def test_as_many_final_statuses_as_are_accepted_fit_into_an_expression(
    status: Deployment, main: Deployment
) -> None:
    most = ",".join(f"S{number}" for number in range(99))  # test_parameters.py refuses more
    with status_handler.deployed(main, status.but(FinalStatuses=most)) as account:
        account.put_row("S-1", status="S98")
        account.invoke(status_handler.change("INSERT", "S-1"))
        found = account.invoke({"do": "stuck"})
    (request,) = (request for action, request in found.calls if action == "dynamodb:Scan")
    assert len(request["FilterExpression"].encode()) <= EXPRESSION_BYTES
    assert len(request["FilterExpression"].partition(" IN ")[2].split(",")) <= OPERANDS
    assert found.answer == {"mailed": 0}


def fits(request: Fields) -> bool:
    """Return whether SNS takes a mail."""
    message = [request["Message"], json.dumps(request["MessageAttributes"], ensure_ascii=False)]
    subject = request["Subject"]
    return (
        len(subject) <= SUBJECT_CHARACTERS
        and subject.isascii()
        and subject.isprintable()
        and len("".join(message).encode()) <= NOTIFICATION_BYTES
    )


def item(number: int) -> Fields:
    """Return the item of a shipment with the longest texts, in trouble five times unheard."""
    texts = {**LONGEST, "eventTime": status_handler.LONG_AGO}
    own = (chr(ord(WIDE) + digit) for digit in divmod(number, 32))
    texts["shipmentId"] = WIDE * 126 + "".join(own)
    entries = [f"{status_handler.LONG_AGO_MS + each} 1{WIDE * 63}" for each in range(5)]
    return {**{name: {"S": text} for name, text in texts.items()}, "unheard": {"SS": entries}}


@pytest.mark.parametrize("kind", ["shipments", "stuck"])
def test_the_longest_mail_fits_into_a_notification(longest: Account, kind: str) -> None:
    module = longest.module
    items = [item(number) for number in range(module.MAILED)]
    longest.calls = []
    getattr(module, f"publish_{kind}")(items, {"DigestMails": 0})
    _, request = longest.calls[-1]
    assert fits(request)
    assert request["Message"].count(WIDE * 126) >= module.NAMED


def test_the_longest_mail_about_rejections_fits_into_a_notification(longest: Account) -> None:
    event = {**update(**REJECTED), "id": "'" * 256}
    event["detail"] |= {"status": "1", "carrier": f"000{REJECTED['carrier']}"}
    reported = handler.invoke(event, CRITICAL_STATUSES="1").request("sns:Publish")["Message"]
    count = longest.module.NAMED + 1
    for number in range(count):
        message = reported.replace("Carrier: 000", f"Carrier: {number:03}")
        longest.invoke(rejection(message, f"m-{number}"))
    found = longest.invoke({"do": "mail"})
    assert found.answer == {"mailed": count}
    assert found.mail["Message"].count(" x CRITICAL STATUS, ") == longest.module.NAMED
    assert fits(found.mail)
