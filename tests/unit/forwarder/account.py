"""An account in memory with what the stack has, and clients of it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

import boto3
from moto import mock_aws

from scripts.stack import Stack

REGION = "us-east-1"
FUNCTION, TABLE, BUS, RULE = "processor", "rows", "carriers", "updates"
GROUP = f"/aws/lambda/{FUNCTION}"
PATTERN = {"source": ["logistics.shipments"]}
# Names that are longer than a queue's or a rule's may be.
STACK_NAME = "tapstack-" + "x" * 100

Fields = dict[str, Any]
Client = Callable[[str], Any]


@cache
def _session() -> boto3.Session:
    """Return one session for all tests, as each reads botocore's models anew."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.Session(region_name=REGION, **keys)


@contextmanager
def opened() -> Iterator[tuple[Client, Stack]]:
    """Open an account for the length of a with block: a function that returns clients; a stack."""
    with mock_aws():
        client = cache(_session().client)
        client("logs").create_log_group(logGroupName=GROUP)
        client("events").create_event_bus(Name=BUS)
        rule = client("events").put_rule(
            Name=RULE, EventBusName=BUS, EventPattern=json.dumps(PATTERN), State="ENABLED"
        )
        table = client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        yield (
            client,
            Stack(
                STACK_NAME,
                {
                    "ShipmentProcessorFunctionName": FUNCTION,
                    "ShipmentProcessorLogGroupName": GROUP,
                    "ShipmentLogsTableStreamArn": table["TableDescription"]["LatestStreamArn"],
                    "FailedUpdatesQueueUrl": client("sqs").create_queue(QueueName="failed")[
                        "QueueUrl"
                    ],
                    "ShipmentUpdateRuleArn": rule["RuleArn"],
                    "EventBusName": BUS,
                    "AlertTopicArn": client("sns").create_topic(Name="alerts")["TopicArn"],
                },
            ),
        )


def write(client: Client, stream: str, *lines: tuple[int, str]) -> None:
    """Write lines (epoch ms, text) to a log stream, which is made if it is new."""
    logs = client("logs")
    known = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    if stream not in {each["logStreamName"] for each in known}:
        logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    events = [{"timestamp": moment, "message": text} for moment, text in lines]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def recorded(client: Client, namespace: str, metric: str, statistic: str, **by: str) -> float:
    """Return a metric's statistic of all that was put with exactly such dimensions."""
    now = datetime.now(timezone.utc)
    answer = client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in by.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=86_400 * 7,
        Statistics=[statistic],
    )
    return float(sum(point[statistic] for point in answer["Datapoints"]))


def invoke(client: Client, name: str, milliseconds: int = 10, *lines: str) -> None:
    """Log an invocation as MiniStack does: in a stream of its own, all lines at one time."""
    moment = time.time_ns() // 1_000_000
    report = (
        f"REPORT RequestId: {name}\tDuration: {milliseconds} ms\t"
        f"Billed Duration: {milliseconds} ms\tMemory Size: 256 MB\tMax Memory Used: 83 MB"
    )
    texts = [f"START RequestId: {name} Version: $LATEST", *lines, f"END RequestId: {name}", report]
    write(client, name, *((moment, text) for text in texts))


def record(client: Client, **values: float) -> None:
    """Put what MiniStack records of an invocation that the Invoke API asked for."""
    client("cloudwatch").put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": "FunctionName", "Value": FUNCTION}],
                "Timestamp": datetime.now(timezone.utc),
                "Value": value,
            }
            for name, value in values.items()
        ],
    )


def found(client: Client, metric: str, statistic: str = "SampleCount") -> float:
    """Return a statistic of one of Lambda's metrics of the function."""
    return recorded(client, "AWS/Lambda", metric, statistic, FunctionName=FUNCTION)
