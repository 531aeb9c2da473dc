"""docs/consuming.md: its blocks as they are, its filter policies, and what is in the stream."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts import emulator as ministack
from scripts.embed import ROOT
from scripts.mailbox import open_queue
from tests.blocks import to_run
from tests.integration import pages
from tests.integration.operations import Shipments
from tests.integration.pipeline import EMULATED, Fields, Pipeline

PAGE = (ROOT / "docs" / "consuming.md").read_text("utf-8")
WEBHOOK = "https://chat.example.com/hooks/a1b2c3"


# ---- the blocks


@contextmanager
def chat() -> Iterator[tuple[str, list[str]]]:
    """Run a chat's webhook; yield its URL, and the texts that are posted to it."""
    texts: list[str] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            texts.append(json.loads(body)["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Webhook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", texts
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.own_emulator
@pytest.mark.own_stack("deploys a stack of its own")
def test_a_queue_a_chat_and_a_reader_of_the_stream_get_what_the_page_says(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    blocks = to_run("consumers")
    with (
        ministack.running() as emulator,
        chat() as (url, texts),
        pages.opened(emulator, blocks, tmp_path) as (shell, stack),
    ):
        shell.instead[WEBHOOK] = url
        pipeline = Pipeline(stack, shell.client, EMULATED)

        def posted() -> None:
            (text,) = pipeline.until(lambda: list(texts))
            subject, _, body = text.partition("\n")
            assert subject == "*Logistics Alert: DAMAGED - SHIP-30019*"
            assert "Carrier: UPS" in body
            pipeline.put({"shipmentId": "<!channel>", "status": "LOST"})
            pipeline.until(lambda: len(texts) == 2)
            assert "Shipment ID: &lt;!channel&gt;" in texts[1]

        shell.follow(blocks, subtests, {"WebhookUrl=": posted})
        remain = shell.client("cloudformation").describe_stacks()["Stacks"]
        assert {each["StackName"] for each in remain} == {pages.STACK}


# ---- filter policies

SENT: dict[str, Fields] = {
    "delayed of FedEx": {"status": "DELAYED", "carrier": "FedEx"},
    "lost of fedex": {"status": "Lost in transit", "carrier": "fedex"},
    "damaged of DHL": {"status": "DAMAGED", "carrier": "DHL"},
    "lost of nobody": {"status": "LOST"},
    "rejected of UPS": {"status": 4, "carrier": "UPS"},
}
ALL = set(SENT)
GETS = {
    "critical updates": ALL - {"rejected of UPS"},
    "rejected updates": {"rejected of UPS"},
    "`LOST`, `LOST_IN_TRANSIT` and so on, and `DAMAGED`": {
        "lost of fedex",
        "damaged of DHL",
        "lost of nobody",
    },
    "critical updates of two carriers": {"delayed of FedEx"},
    "of one carrier, however it writes its name": {"delayed of FedEx", "lost of fedex"},
    "of all other carriers, `Unknown` included": {
        "lost of fedex",
        "damaged of DHL",
        "lost of nobody",
    },
}
POLICIES = {
    gets: json.loads(policy) for policy, gets in re.findall(r"(?m)^\| `(\{.+\})` \| (.+) \|$", PAGE)
}


@pytest.fixture(scope="module")
def got(pipeline: Pipeline) -> Iterator[dict[str, set[str]]]:
    """Send each of SENT; return which of them a queue got by each policy of the page."""
    queues = {gets: pipeline.subscribe(policy) for gets, policy in POLICIES.items()}
    shipments = {pipeline.shipment(): name for name in SENT}
    for shipment, name in shipments.items():
        pipeline.put({"shipmentId": shipment, **SENT[name]})
        pipeline.wait_for_alerts(shipment)
    yield {
        gets: {shipments[alert.attributes["shipmentId"]] for alert in queue.alerts()}
        for gets, queue in queues.items()
    }
    for queue in queues.values():
        queue.close()


@pytest.mark.parametrize("gets", GETS)
def test_a_filter_policy_of_the_page_gets_what_the_page_says(
    got: dict[str, set[str]], gets: str
) -> None:
    assert got[gets] == GETS[gets]


def test_each_filter_policy_of_the_page_is_tried() -> None:
    assert list(POLICIES) == list(GETS)


def test_an_alert_has_the_attributes_that_the_page_lists(pipeline: Pipeline) -> None:
    listed = set(re.findall(r"(?m)^\| `(\w+)` \|", PAGE.partition("## Choose")[0]))
    for status in ("LOST", 4):
        shipment = pipeline.shipment()
        pipeline.put({"shipmentId": shipment, "status": status})
        (alert,) = pipeline.wait_for_alerts(shipment)
        assert alert.attributes.keys() == listed
        assert alert.attributes["carrier"] == "Unknown"


@pytest.mark.parametrize("is_raw", [True, False])
def test_a_queue_s_message_has_what_the_page_says(pipeline: Pipeline, *, is_raw: bool) -> None:
    sqs, sns, topic = (
        pipeline.client("sqs"),
        pipeline.client("sns"),
        pipeline.stack["AlertTopicArn"],
    )
    shipment = pipeline.shipment()
    url, arn = open_queue(sqs, f"{shipment}-raw-{is_raw}", topic)
    subscription = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={
            "RawMessageDelivery": str(is_raw).lower(),
            "FilterPolicy": json.dumps({"shipmentId": [shipment]}),
        },
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    pipeline.put({"shipmentId": shipment, "status": "LOST", "carrier": "UPS"})

    def arrived() -> list[Fields]:
        answer = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        found: list[Fields] = answer.get("Messages", [])
        return found

    (message,) = pipeline.until(arrived)
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)
    text = "ALERT: Critical Shipment Status Detected\n"
    if is_raw:
        assert message["Body"].startswith(text)
        assert message["MessageAttributes"]["carrier"]["StringValue"] == "UPS"
        return
    notice = json.loads(message["Body"])
    (said,) = re.findall(r"JSON with (.+) and a signature", PAGE)
    assert set(re.findall(r"`(\w+)`", said)) <= notice.keys()
    assert notice["Message"].startswith(text)
    assert notice["MessageAttributes"]["carrier"]["Value"] == "UPS"


# ---- the stream

of_the_stream = pytest.mark.own_stack("reads a stream of few records, in one go")


def changed(record: Fields) -> set[str]:
    """Return the attributes that differ between a record's two images."""
    old, new = record["dynamodb"]["OldImage"], record["dynamodb"]["NewImage"]
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def names(records: list[Fields]) -> list[str]:
    return [record["eventName"] for record in records]


def put(pipeline: Pipeline, *details: Fields, outcome: str = "stored") -> str:
    """Put updates of a new shipment one after the other; return it once all are processed."""
    shipment = pipeline.shipment()
    for number, detail in enumerate(details, 1):
        pipeline.put({"shipmentId": shipment, "eventTime": "2026-11-22T06:00:00Z", **detail})
        pipeline.wait_for_log(shipment, number)
    assert pipeline.log(shipment)[-1]["outcome"] == outcome
    return shipment


@of_the_stream
def test_a_new_update_is_an_insert_with_its_row(pipeline: Pipeline) -> None:
    shipment = put(pipeline, {"status": "IN_TRANSIT"})
    (record,) = pipeline.records(shipment)
    image = {
        name: next(iter(typed.values())) for name, typed in record["dynamodb"]["NewImage"].items()
    }
    (row,) = pipeline.rows(shipment)
    assert (record["eventName"], {**image, "timestamp": int(image["timestamp"])}) == ("INSERT", row)


@of_the_stream
@pytest.mark.parametrize(
    ("detail", "mark"),
    [
        ({"status": "LOST"}, "alertedAt"),
        ({"status": "IN_TRANSIT", "blob": "x" * 420_000}, "rawEventKeptAt"),
    ],
    ids=["its alert", "its raw event"],
)
def test_a_mark_is_a_modify_of_the_mark_only(pipeline: Pipeline, detail: Fields, mark: str) -> None:
    shipment = put(pipeline, detail)
    inserted, marked = pipeline.records(shipment)
    assert (names([inserted, marked]), changed(marked)) == (["INSERT", "MODIFY"], {mark})
    assert pipeline.failed(shipment) or mark == "alertedAt"


@of_the_stream
def test_a_redelivery_is_not_in_the_stream(pipeline: Pipeline) -> None:
    detail = {"status": "LOST"}
    shipment = put(pipeline, detail, detail, outcome="duplicate")
    assert names(pipeline.records(shipment)) == ["INSERT", "MODIFY"]


@of_the_stream
def test_a_rejected_update_is_not_in_the_stream(pipeline: Pipeline) -> None:
    shipment = put(pipeline, {"status": 4}, outcome="rejected")
    assert pipeline.failed(shipment)
    assert pipeline.records(shipment) == []


@pytest.fixture
def shipments(pipeline: Pipeline, emulator: ministack.Emulator) -> Shipments:
    return Shipments(pipeline, emulator.environment)


@pytest.mark.own_stack("erases rows and restores a table")
def test_erase_removes_and_restore_inserts_what_is_missing_and_modifies_what_is_replaced(
    pipeline: Pipeline, client: Callable[[str], Any], shipments: Shipments, tmp_path: Path
) -> None:
    erased, replaced = (put(pipeline, {"status": "IN_TRANSIT"}) for _ in range(2))
    table = pipeline.stack["ShipmentLogsTableName"]
    dynamodb, copy = client("dynamodb"), f"{table}-consuming"
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=copy, UseLatestRestorableTime=True
    )
    assert shipments.run("erase", erased, "--yes").status == 0
    (row,) = pipeline.rows(replaced)
    dynamodb.update_item(
        TableName=table,
        Key={"shipmentId": {"S": replaced}, "timestamp": {"N": str(row["timestamp"])}},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": "DELIVERED"}},
    )
    done = shipments.run("restore", copy, "--replace", str(tmp_path / "replaced.jsonl"))
    dynamodb.delete_table(TableName=copy)
    assert done.status == 0, done.err
    assert names(pipeline.records(erased)) == ["INSERT", "REMOVE", "INSERT"]
    assert names(pipeline.records(replaced)) == ["INSERT", "MODIFY", "MODIFY"]
