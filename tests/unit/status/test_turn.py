"""At most one mail in each window, whoever asks for it, and none later than it has to be."""

import json

import pytest

from tests.unit.handler import gate
from tests.unit.handler.updates import TIME_MS
from tests.unit.status.account import StatusAccount, entry, iso, row
from tests.unit.status.conftest import NOW_MS, Clock
from tests.unit.status.items import MAIL, due, waiting

TURN = "\nmail"


def lost(shipment: str) -> dict[str, object]:
    """Return a row of a lost shipment."""
    return row("LOST", 0, shipment)


def test_a_second_mail_waits_for_the_end_of_the_window(
    account: StatusAccount, clock: Clock
) -> None:
    account.follow(lost("S-1"))
    clock.pass_(19.999)
    account.follow(lost("S-2"))
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]
    assert waiting(account) == ["S-2"]
    clock.pass_(0.001)
    account.follow(lost("S-3"))
    assert account.subjects() == ["Logistics Alert: 2 shipments (2 LOST) - test"]
    assert waiting(account) == []


def test_a_window_begins_with_the_mail_and_not_with_its_end(
    account: StatusAccount, clock: Clock
) -> None:
    account.gate.after("Publish", lambda: clock.pass_(7))
    account.follow(lost("S-1"))
    assert account.items()[TURN]["turnAt"] == NOW_MS + 20_000


def test_a_window_is_as_long_as_the_stack_s_parameter_says(account: StatusAccount) -> None:
    account.restart_status(BATCH_WINDOW_SECONDS="300")
    account.follow(lost("S-1"))
    assert account.items()[TURN]["turnAt"] == NOW_MS + 300_000


def test_a_window_of_no_length_lets_the_next_mail_be_sent_at_once(account: StatusAccount) -> None:
    account.restart_status(BATCH_WINDOW_SECONDS="0")
    account.follow(lost("S-1"))
    account.follow(lost("S-2"))
    assert account.subjects() == ["Logistics Alert: LOST - S-1", "Logistics Alert: LOST - S-2"]


@pytest.mark.parametrize("window", ["0", "20"])
@pytest.mark.parametrize("operation", ["Scan", "BatchGetItem", "Publish"])
def test_two_that_mail_at_once_mail_once(
    account: StatusAccount, operation: str, window: str
) -> None:
    account.restart_status(BATCH_WINDOW_SECONDS=window)

    def meanwhile() -> None:
        account.gate.after(operation, lambda: None)
        assert account.do(MAIL) == {"mailed": 0}

    records = account.store(lost("S-1"))
    account.gate.after(operation, meanwhile)
    account.batch(records)
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]


def test_who_has_no_turn_reads_no_items(account: StatusAccount) -> None:
    account.follow(lost("S-1"))
    account.follow(lost("S-2"))
    assert account.ask(MAIL).calls == ["Scan", "UpdateItem"]


def test_who_has_nothing_to_mail_asks_for_no_turn(account: StatusAccount) -> None:
    account.follow(row("HELD"))
    assert account.do(MAIL) == {"mailed": 0}
    assert TURN not in account.items()


def test_a_turn_is_asked_for_and_ended_by_conditions(account: StatusAccount, clock: Clock) -> None:
    # Somebody whose turn lasted too long must not end another's.
    def overrun() -> None:
        account.gate.after("Publish", lambda: None)
        clock.pass_(60)
        account.put_items({"shipmentId": TURN, "turnAt": clock.ms + 60_000})

    records = account.store(lost("S-1"))
    account.gate.after("Publish", overrun)
    account.batch(records)
    assert account.items()[TURN]["turnAt"] == NOW_MS + 120_000


# ---- what fails


@pytest.mark.parametrize("operation", ["Scan", "BatchGetItem", "Publish"])
def test_a_mail_that_fails_stays_due_and_is_sent_in_the_next_window(
    account: StatusAccount, clock: Clock, operation: str
) -> None:
    records = account.store(lost("S-1"))
    account.gate.break_calls(operation, gate.refusal(500, "InternalError"))
    delivery = account.ask({"Records": records})
    assert delivery.result == {"batchItemFailures": []}
    assert delivery.log["error"].endswith(" InternalError")
    assert (account.subjects(), waiting(account)) == ([], ["S-1"])
    account.gate.repair()
    clock.pass_(20)
    assert account.do(MAIL) == {"mailed": 1}
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]


def test_a_turn_in_which_the_process_ends_lasts_a_minute(
    account: StatusAccount, clock: Clock
) -> None:
    account.put_items(due("S-1"))
    # The minute's run reads who waits, takes its turn, and ends.
    account.gate.end_at(2, is_done=False)
    account.ask(MAIL)
    account.gate.repair()
    clock.pass_(59.999)
    assert account.do(MAIL) == {"mailed": 0}
    clock.pass_(0.001)
    assert account.do(MAIL) == {"mailed": 1}


def test_an_item_that_gets_news_while_it_is_mailed_stays_due(
    account: StatusAccount, clock: Clock
) -> None:
    records = account.store(row("DELAYED"))

    def meanwhile() -> None:
        account.gate.after("Publish", lambda: None)
        clock.pass_(1)
        account.follow(row("LOST", 5))

    account.gate.after("Publish", meanwhile)
    account.batch(records)
    item = account.item()
    assert (item["heard"], item["unheard"]) == ([entry("DELAYED")], [entry("LOST", 5)])
    assert item["dueAt"] == iso(NOW_MS)
    assert item["alertedAt"] == iso(NOW_MS + 1_000)
    clock.pass_(19)
    assert account.do(MAIL) == {"mailed": 1}
    assert account.subjects() == ["Logistics Alert: DELAYED - S-1", "Logistics Alert: LOST - S-1"]
    item = account.item()
    assert item["heard"] == [entry("DELAYED"), entry("LOST", 5)]
    assert item["alertedAt"] == iso(NOW_MS + 20_000)


def test_an_item_that_is_erased_while_it_is_mailed_does_not_come_back(
    account: StatusAccount,
) -> None:
    records = account.store(row("LOST"))
    account.gate.after("Publish", lambda: account.delete_rows(account.status_table))
    account.batch(records)
    assert account.items() == {}


def test_an_item_that_is_erased_and_made_anew_while_it_is_mailed_stays_due(
    account: StatusAccount,
) -> None:
    records = account.store(row("LOST"))

    def meanwhile() -> None:
        account.gate.after("Publish", lambda: None)
        account.delete_rows(account.status_table)
        account.put_items(due("S-1", entry("LOST", 9)))

    account.gate.after("Publish", meanwhile)
    account.batch(records)
    assert account.item()["unheard"] == [entry("LOST", 9)]
    assert waiting(account) == ["S-1"]


def test_an_answer_about_a_mark_that_is_lost_does_not_repeat_the_mail(
    account: StatusAccount, clock: Clock
) -> None:
    records = account.store(row("LOST"))
    account.gate.after(
        "Publish", lambda: account.gate.break_calls("UpdateItem", gate.lost_response, times=1)
    )
    account.batch(records)
    clock.pass_(60)
    assert account.do(MAIL) == {"mailed": 0}
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]
    assert account.item()["heard"] == [entry("LOST")]


# ---- the minute's run


def log_of_minute(account: StatusAccount) -> dict[str, object]:
    """Return the log line of the minute's run."""
    delivery = account.ask(MAIL)
    assert delivery.error is None
    return delivery.log


def test_the_minute_s_run_mails_what_found_no_turn(account: StatusAccount, clock: Clock) -> None:
    account.follow(lost("S-1"))
    account.follow(lost("S-2"))
    account.digests()
    clock.pass_(20)
    assert account.do(MAIL) == {"mailed": 1}
    assert account.subjects() == ["Logistics Alert: LOST - S-2"]


def test_the_minute_s_run_reports_how_long_the_oldest_waits(
    account: StatusAccount, clock: Clock
) -> None:
    for seconds in (3, 9, 5):
        account.put_items(due(f"S-{seconds}", dueAt=iso(clock.ms - seconds * 1000 - 1)))
    assert log_of_minute(account)["OldestUnmailedAge"] == 9_001
    assert log_of_minute(account)["OldestUnmailedAge"] == 0


def test_a_wait_that_begins_later_by_another_clock_is_none(
    account: StatusAccount, clock: Clock
) -> None:
    account.put_items(due("S-1", dueAt=iso(clock.ms + 5)))
    assert log_of_minute(account)["OldestUnmailedAge"] == 0


def test_the_minute_s_run_that_cannot_read_who_waits_says_so_and_waits_for_the_next(
    account: StatusAccount,
) -> None:
    account.gate.break_calls("Scan", gate.refusal(400, "AccessDeniedException"))
    delivery = account.ask(MAIL)
    assert delivery.result == {"mailed": 0}
    assert delivery.log["error"] == "ClientError AccessDeniedException"
    assert "OldestUnmailedAge" not in delivery.log


def test_a_mail_that_fails_in_the_minute_s_run_is_logged_with_its_age(
    account: StatusAccount, clock: Clock
) -> None:
    account.put_items(due("S-1", dueAt=iso(clock.ms - 7_000)))
    account.gate.break_calls("Publish", gate.no_connection)
    delivery = account.ask(MAIL)
    assert delivery.result == {"mailed": 0}
    assert delivery.log["error"] == "EndpointConnectionError"
    assert delivery.log["OldestUnmailedAge"] == 7_000


def test_the_turn_is_kept_in_an_item_that_is_no_shipment(account: StatusAccount) -> None:
    account.follow(lost("S-1"))
    ask = json.loads(account.gate.requests[3]["body"])
    assert ask["Key"] == {"shipmentId": {"S": TURN}}
    assert account.items()[TURN] == {"shipmentId": TURN, "turnAt": NOW_MS + 20_000}
    assert TIME_MS < NOW_MS


@pytest.mark.parametrize("arns", [[], ["PendingConfirmation"], ["Deleted", "PendingConfirmation"]])
def test_while_nobody_has_confirmed_a_subscription_mails_wait(
    account: StatusAccount, clock: Clock, arns: list[str]
) -> None:
    members = "".join(f"<member><SubscriptionArn>{arn}</SubscriptionArn></member>" for arn in arns)
    body = f"<Subscriptions>{members}</Subscriptions>"
    for name in ("Result", "Response"):
        body = f"<ListSubscriptionsByTopic{name}>{body}</ListSubscriptionsByTopic{name}>"
    account.gate.break_calls("ListSubscriptionsByTopic", gate.answer(body))
    delivery = account.ask({"Records": account.store(row("LOST"))})
    assert delivery.log["error"] == "LookupError"
    assert (account.subjects(), waiting(account)) == ([], ["S-1"])
    account.gate.repair()
    clock.pass_(60)
    assert account.do(MAIL) == {"mailed": 1}
