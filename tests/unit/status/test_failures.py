"""A batch of which some fails: what is reported, what is put on the queue, and what goes on."""

import pytest

from tests.account import Fields
from tests.unit.handler import gate
from tests.unit.handler.gate import Fault
from tests.unit.status.account import StatusAccount, entry, iso, row
from tests.unit.status.conftest import NOW_MS, Clock

PASSING: list[Fault] = [
    gate.refusal(400, "ThrottlingException"),
    gate.refusal(400, "ProvisionedThroughputExceededException"),
    gate.refusal(400, "AccessDeniedException"),
    gate.refusal(400, "ResourceNotFoundException"),
    gate.refusal(500, "InternalServerError"),
    gate.refusal(503, "ServiceUnavailable"),
    gate.no_connection,
    gate.no_connection_in_time,
    gate.lost_request,
]
REFUSED = gate.refusal(400, "ValidationException")
THREE = [row("HELD", 0, "S-1"), row("HELD", 1, "S-2"), row("HELD", 2, "S-3")]


def breaking(account: StatusAccount, operation: str, fault: Fault, after: int) -> None:
    """Break an operation once the log was read so many times."""
    reads: list[str] = []

    def count() -> None:
        reads.append(operation)
        if len(reads) == after:
            account.gate.break_calls(operation, fault)

    account.gate.after("Query", count)


def shipments(account: StatusAccount) -> list[str]:
    """Return the shipments that have an item."""
    return [key for key, item in sorted(account.items().items()) if "status" in item]


# ---- what may pass


@pytest.mark.parametrize("fault", PASSING)
def test_a_shipment_that_fails_for_a_while_is_reported_and_all_before_it_are_done(
    account: StatusAccount, fault: Fault
) -> None:
    records = account.store(*THREE)
    breaking(account, "Query", fault, after=1)
    second = records[1]["dynamodb"]["SequenceNumber"]
    delivery = account.ask({"Records": records})
    assert delivery.result == {"batchItemFailures": [{"itemIdentifier": second}]}
    assert shipments(account) == ["S-1"]
    assert account.kept() == []
    assert delivery.log["RefreshFailures"] == 1


@pytest.mark.parametrize("operation", ["Query", "UpdateItem", "DeleteItem"])
def test_each_call_for_a_shipment_may_fail_for_a_while(
    account: StatusAccount, operation: str
) -> None:
    records = account.store(row("LOST"))
    if operation == "DeleteItem":
        records = account.remove(row("LOST"))
    account.gate.break_calls(operation, gate.refusal(500, "InternalServerError"))
    failed = {"batchItemFailures": [{"itemIdentifier": records[0]["dynamodb"]["SequenceNumber"]}]}
    delivery = account.ask({"Records": records})
    assert delivery.result == failed
    assert delivery.log["error"].endswith("InternalServerError")
    account.gate.repair()
    assert account.batch(records) == {"batchItemFailures": []}


def test_the_first_record_of_a_shipment_that_fails_is_reported(account: StatusAccount) -> None:
    records = account.store(
        *(row("HELD", 0, "S-1"), row("HELD", 1, "S-2"), row("HELD", 2, "S-1")),
        *(row("HELD", 3, "S-2"), row("HELD", 4, "S-3")),
    )
    breaking(account, "Query", PASSING[0], after=1)
    failed = account.batch(records)["batchItemFailures"]
    assert failed == [{"itemIdentifier": records[1]["dynamodb"]["SequenceNumber"]}]
    assert account.item("S-1")["updates"] == 2


def test_a_shipment_whose_item_is_refused_as_busy_is_reported(account: StatusAccount) -> None:
    records = account.store(row("HELD"))
    account.gate.break_calls("UpdateItem", gate.refusal(400, "TransactionConflictException"))
    assert account.batch(records)["batchItemFailures"] != []


def test_what_is_due_is_mailed_although_a_later_shipment_fails(account: StatusAccount) -> None:
    records = account.store(row("LOST"), row("LOST", 1, "S-2"))
    breaking(account, "Query", PASSING[0], after=1)
    account.batch(records)
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]


def test_a_batch_is_dealt_with_from_the_reported_record_on(account: StatusAccount) -> None:
    records = account.store(*THREE)
    breaking(account, "Query", PASSING[0], after=2)
    (failed,) = account.batch(records)["batchItemFailures"]
    account.gate.reset()
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    account.batch(records[numbers.index(failed["itemIdentifier"]) :])
    assert shipments(account) == ["S-1", "S-2", "S-3"]


# ---- what does not pass


def broken_row(shipment: str, *missing: str) -> Fields:
    """Return a row that the other handler would not store."""
    return {name: value for name, value in row("LOST", 1, shipment).items() if name not in missing}


@pytest.mark.parametrize("missing", ["status", "eventTime", "location", "carrier"])
def test_a_shipment_with_a_row_of_another_shape_is_put_on_the_queue_and_others_go_on(
    account: StatusAccount, missing: str
) -> None:
    account.follow(THREE[0], broken_row("S-2", missing), THREE[2])
    assert shipments(account) == ["S-1", "S-3"]
    assert account.kept() == [
        {
            "reason": f"status: S-2 could not be refreshed: KeyError: '{missing}'",
            "refresh": {"shipmentId": "S-2", "since": row("LOST", 1)["processedAt"]},
        }
    ]


def test_a_row_without_the_time_of_its_storing_is_one_of_another_shape(
    account: StatusAccount,
) -> None:
    account.follow(THREE[0], broken_row("S-2", "processedAt"), THREE[2])
    assert shipments(account) == ["S-1", "S-3"]
    assert [message["refresh"] for message in account.kept()] == [
        {"shipmentId": "S-2", "since": ""}
    ]


def test_a_value_that_dynamodb_refuses_is_put_on_the_queue_and_others_go_on(
    account: StatusAccount,
) -> None:
    records = account.store(*THREE)
    account.gate.break_calls("UpdateItem", REFUSED, times=1)
    delivery = account.ask({"Records": records})
    assert delivery.result == {"batchItemFailures": []}
    assert shipments(account) == ["S-2", "S-3"]
    (message,) = account.kept()
    assert message["reason"] == (
        "status: S-1 could not be refreshed: ClientError ValidationException: "
        "An error occurred (ValidationException) when calling the UpdateItem operation: "
        "broken on purpose"
    )
    assert delivery.log["RefreshFailures"] == 1


def test_each_shipment_that_fails_is_put_on_the_queue_and_counted(account: StatusAccount) -> None:
    records = account.store(*(broken_row(f"S-{number}", "status") for number in range(3)))
    delivery = account.ask({"Records": records})
    assert delivery.log["RefreshFailures"] == 3
    assert delivery.log["error"] == "KeyError"
    assert len(account.kept()) == 3


@pytest.mark.parametrize(
    "fault", [gate.refusal(400, "AccessDenied"), gate.no_connection, gate.lost_request]
)
def test_a_shipment_that_the_queue_does_not_take_is_reported(
    account: StatusAccount, fault: Fault
) -> None:
    records = account.store(THREE[0], broken_row("S-2", "status"), THREE[2])
    account.gate.break_calls("SendMessage", fault)
    failed = account.batch(records)["batchItemFailures"]
    assert failed == [{"itemIdentifier": records[1]["dynamodb"]["SequenceNumber"]}]
    assert shipments(account) == ["S-1"]


def test_what_is_on_the_queue_can_be_refreshed_later(account: StatusAccount) -> None:
    account.store(row("HELD", 9, processedAt=iso(0)))
    records = account.store(row("LOST", 1))
    account.gate.break_calls("UpdateItem", REFUSED, times=1)
    account.batch(records)
    (message,) = account.kept()
    refresh = message["refresh"]
    account.refresh(refresh["shipmentId"], since=refresh["since"])
    assert account.item()["heard"] == [entry("LOST", 1)]


# ---- time runs out


@pytest.mark.parametrize(("took", "done"), [(35, ["S-1", "S-2"]), (35.001, ["S-1"])])
def test_what_is_not_begun_after_35_seconds_is_reported(
    account: StatusAccount, clock: Clock, took: float, done: list[str]
) -> None:
    records = account.store(*THREE[:2])

    def slowly() -> None:
        clock.ms = NOW_MS + round(took * 1000)

    account.gate.after("Query", slowly)
    failed = account.batch(records)["batchItemFailures"]
    second = records[1]["dynamodb"]["SequenceNumber"]
    assert failed == ([{"itemIdentifier": second}] if done == ["S-1"] else [])
    assert shipments(account) == done


def test_what_is_done_when_time_runs_out_is_mailed(account: StatusAccount, clock: Clock) -> None:
    records = account.store(row("LOST"), row("LOST", 1, "S-2"))
    account.gate.after("Query", lambda: clock.pass_(36))
    account.batch(records)
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]


# ---- what is no batch at all


@pytest.mark.parametrize("request_", [{}, {"do": "dance"}, {"do": None}, {"Records": []}])
def test_a_request_for_something_else_fails(account: StatusAccount, request_: Fields) -> None:
    delivery = account.ask(request_)
    assert isinstance(delivery.error, KeyError)
    assert delivery.log["error"] == "KeyError"
    assert delivery.calls == []


def test_a_batch_of_other_records_fails_whole(account: StatusAccount) -> None:
    record = account.store(row("HELD"))[0]
    del record["dynamodb"]["Keys"]
    delivery = account.ask({"Records": [record]})
    assert isinstance(delivery.error, KeyError)
    assert delivery.log["error"] == "KeyError"


def test_a_shipment_that_the_queue_does_not_take_is_not_kept(account: StatusAccount) -> None:
    account.gate.break_calls("SendMessage", gate.refusal(500, "InternalFailure"))
    assert account.status.keep_failed("S-1", "", ValueError()) is False


def test_a_shipment_without_rows_waits_for_no_mail(account: StatusAccount) -> None:
    assert account.status.refresh("S-1", "", {}) is False


@pytest.mark.parametrize("made", ["yesterday", "2026-01-15", "2026-01-15T12:00:00"])
def test_a_row_that_is_not_ours_stops_no_other(account: StatusAccount, made: str) -> None:
    account.follow({**row("HELD", 0, "S-1"), "processedAt": made}, row("LOST", 1, "S-2"))
    assert account.item("S-2")["status"] == "LOST"
