"""The metrics of a deployed stack as CloudWatch answers them, and updates to make some."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from scripts.drawing.body import Graph, parse
from tests.integration.pipeline import Pipeline

STORED, CRITICAL, REJECTED = {"status": "IN_TRANSIT"}, {"status": "LOST"}, {"status": 4}


# ---- what CloudWatch answers


def drawn(pipeline: Pipeline) -> dict[tuple[str, str], list[dict[str, str]]]:
    """Return the dimensions of each metric (namespace, name) that the deployed dashboard draws."""
    cloudwatch = pipeline.client("cloudwatch")
    answer = cloudwatch.get_dashboard(DashboardName=pipeline.stack["DashboardName"])
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    graphs = [each.content for each in parse(answer["DashboardBody"])]
    for line in (line for graph in graphs if isinstance(graph, Graph) for line in graph.lines):
        if line.metric is not None:
            name = line.metric.namespace, line.metric.name
            found.setdefault(name, []).append(dict(line.metric.dimensions))
    return found


def values(
    pipeline: Pipeline, namespace: str, name: str, statistic: str, by: Mapping[str, str]
) -> float:
    """Return a metric's statistic over everything there is, with exactly these dimensions."""
    now = datetime.now(timezone.utc)
    answer = pipeline.client("cloudwatch").get_metric_data(
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        MetricDataQueries=[
            {
                "Id": "asked",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": name,
                        "Dimensions": [{"Name": key, "Value": value} for key, value in by.items()],
                    },
                    "Period": 7 * 86_400,
                    "Stat": statistic,
                },
            }
        ],
    )
    (result,) = answer["MetricDataResults"]
    assert len(result["Values"]) <= 1, "the week has just begun"
    return float(sum(result["Values"]))


def dashboard(pipeline: Pipeline, namespace: str, name: str, statistic: str = "Sum") -> float:
    """Return a metric's statistic by the dimensions by which the dashboard draws it."""
    by = drawn(pipeline)[namespace, name][0]
    return values(pipeline, namespace, name, statistic, by)


def by_status(pipeline: Pipeline, status: str) -> float:
    by = {"Environment": pipeline.stack.outputs["ShipmentLogsTableName"].rpartition("logs-")[2]}
    name = "ShipmentUpdatesProcessed"
    return values(pipeline, "LogisticsProcessing", name, "Sum", {**by, "Status": status})


# ---- what is sent


def send(pipeline: Pipeline, detail: Mapping[str, Any], times: int = 1) -> str:
    """Put an update so many times, each after the other; return its shipment."""
    sent = {"shipmentId": pipeline.shipment(), **detail}
    sent |= {"updateId": sent["shipmentId"], "eventTime": time.time_ns() // 1_000_000}
    for number in range(1, times + 1):
        pipeline.put(sent)
        pipeline.wait_for_log(sent["shipmentId"], number)
    return str(sent["shipmentId"])
