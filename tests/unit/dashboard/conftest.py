"""An account of its own for each test, and a way to draw a body with data as a test says."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

import boto3
import pytest
from matplotlib.dates import date2num
from matplotlib.text import Text
from moto import mock_aws

from scripts.drawing import dashboard
from scripts.drawing.dashboard import Missing
from scripts.drawing.metrics import Span
from scripts.drawing.picture import png

Fields = dict[str, Any]
# What CloudWatch answers to a query: its results as (label, values), or its problem.
Answer = Callable[[Fields], "list[tuple[str, list[float]]] | str"]
STACK, NAME = "logistics", "board"
END = datetime(2026, 11, 1, 6, 0, tzinfo=timezone.utc)
HOUR = Span(END - timedelta(hours=1), END)
LOW = 50  # dpi


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        yield _session()


@cache
def _session() -> boto3.Session:
    """Return one session for all tests, because each reads botocore's models again."""
    return boto3.Session(region_name="us-east-1")


class CloudWatch:
    """CloudWatch, but for GetMetricData: moto has no percentiles and no SEARCH.

    asked: the requests; the values of an answer are spread evenly over the time of its request.
    """

    def __init__(self, client: Any, answer: Answer) -> None:
        self._client, self._answer = client, answer
        self.asked: list[Fields] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_paginator(self, operation: str) -> Any:
        return self if operation == "get_metric_data" else self._client.get_paginator(operation)

    def paginate(self, **request: Any) -> list[Fields]:
        self.asked.append(request)
        results = []
        for query in request["MetricDataQueries"]:
            answer = self._answer(query)
            if isinstance(answer, str):
                problem = {"StatusCode": "InternalError", "Messages": [{"Value": answer}]}
                results.append({"Id": query["Id"], **problem, "Timestamps": [], "Values": []})
                continue
            for label, values in answer if query["ReturnData"] else ():
                step = (request["EndTime"] - request["StartTime"]) / max(len(values), 1)
                moments = [request["StartTime"] + step * at for at in range(len(values))]
                result = {"Id": query["Id"], "Label": label, "StatusCode": "Complete"}
                results.append({**result, "Timestamps": moments, "Values": values})
        return [{"MetricDataResults": results}]


@dataclass
class Drawn:
    """A picture of low resolution: its axes and texts, what is missing in it, what was asked."""

    axes: list[Any]
    texts: list[Text]
    missing: list[str]
    reasons: list[Missing]
    asked: list[Fields]
    figure: Any

    @property
    def words(self) -> set[str]:
        return {text.get_text() for text in self.texts}


Draw = Callable[..., Drawn]


def constant(*values: float) -> Answer:
    """Return an answer with these values to each query."""
    return lambda query: [(query.get("Label", ""), list(values))]


SOME = constant(3, 1, 2)


@pytest.fixture
def draw(session: boto3.Session) -> Draw:
    """Return a function that draws a body, or one of these widgets."""

    def run(body: Any, answer: Answer = SOME, span: Span = HOUR) -> Drawn:
        text = body if isinstance(body, str) else json.dumps({"widgets": body})
        session.client("cloudwatch").put_dashboard(DashboardName=NAME, DashboardBody=text)
        cloudwatch = CloudWatch(session.client("cloudwatch"), answer)

        def client(service: str, region_name: str | None = None) -> Any:
            made = session.client(service, region_name=region_name)
            return cloudwatch if service == "cloudwatch" else made

        picture = dashboard.picture(client, STACK, NAME, span)
        png(picture.figure, LOW)
        figure = picture.figure
        axes = [each for part in figure.subfigs for each in part.axes]
        missing = list(map(str, picture.missing))
        return Drawn(axes, texts(figure), missing, picture.missing, cloudwatch.asked, figure)

    return run


def texts(figure: Any) -> list[Text]:
    """Return every text that is seen in a picture."""
    outside = set()
    for axes in figure.findobj(lambda artist: hasattr(artist, "get_xticklabels")):
        low, high = axes.get_xlim()
        labels = zip(axes.get_xticks(), axes.get_xticklabels(), strict=False)
        outside |= {label for at, label in labels if not low <= date2num(at) <= high}
        if not axes.axison:
            outside |= {*axes.get_xticklabels(), *axes.get_yticklabels()}
    found = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_text())
    return [text for text in found if text.get_visible() and text not in outside]


def metric(*rows: Any, **properties: Any) -> Fields:
    """Return a graph of these rows."""
    whole = {"title": "Lost?", "metrics": rows or [["N", "Lost"]], **properties}
    return {"type": "metric", "width": 12, "properties": whole}
