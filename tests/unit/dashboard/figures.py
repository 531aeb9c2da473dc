"""Draws dashboards for tests, and says what is written where."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3

from scripts.drawing import FigureCanvasAgg, dashboard
from scripts.drawing.dashboard import Picture
from scripts.drawing.pen import SHARPNESS, WIDTH
from scripts.drawing.series import Span
from tests.unit.template import handler

Fields = dict[str, Any]
STATUSES = [*handler.invocation("ordinary").module.KNOWN_STATUSES, "OTHER"]
STACK, NAME = "logistics", "board"
END = datetime(2026, 11, 1, 6, 0, tzinfo=timezone.utc)
HOUR = Span(END - timedelta(hours=1), END)


@dataclass(frozen=True)
class Written:
    """A text in a picture, and the pixels it takes: left, bottom, right, top."""

    text: str
    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: "Written") -> bool:
        """Say whether two texts have a pixel in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def crosses(self, other: "Written") -> bool:
        """Say whether a text is neither in a box nor outside of it."""
        across = other.left <= self.left and self.right <= other.right
        inside = across and other.bottom <= self.bottom and self.top <= other.top
        return self.overlaps(other) and not inside


def _box(extent: Any) -> Written:
    return Written("", extent.x0, extent.y0, extent.x1, extent.y1)


def written(picture: Picture) -> list[Written]:
    """Return every text of a picture that is seen."""
    figure = picture.figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    found = []
    for text in figure.findobj(lambda artist: hasattr(artist, "get_text")):
        if text.get_visible() and text.get_text():
            box = text.get_window_extent(renderer)
            found.append(Written(text.get_text(), box.x0, box.y0, box.x1, box.y1))
    return found


def faults(picture: Picture) -> list[str]:
    """Return the texts that overlap, leave the picture or their frame, or are too small to read."""
    texts = written(picture)
    wide, high = picture.figure.canvas.get_width_height()
    assert wide == WIDTH * SHARPNESS
    found = [
        f"{text.text!r} leaves the picture"
        for text in texts
        if min(text.left, text.bottom) < 0 or text.right > wide or text.top > high
    ]
    for at, text in enumerate(texts):
        found += [f"{text.text!r} on {o.text!r}" for o in texts[:at] if text.overlaps(o)]
    boxes = [each.get_window_extent() for each in picture.figure.artists]
    for box in map(_box, boxes):
        found += [f"{text.text!r} crosses a frame" for text in texts if text.crosses(box)]
    least = 10 * 72 / 100  # of a type size: ten pixels of the picture as it is shown
    sizes = picture.figure.findobj(lambda artist: hasattr(artist, "get_fontsize"))
    found += [f"{each.get_text()!r} is small" for each in sizes if each.get_fontsize() < least]
    found += [f"{each.get_text()!r} may be read as a formula" for each in sizes if math(each)]
    return found


def math(text: Any) -> bool:
    """Say whether dollar signs in a text would make it a formula."""
    return "$" in text.get_text() and bool(text.get_parse_math())


Results = list[tuple[str, list[float]]]


class CloudWatch:
    """An account's CloudWatch that answers any query as a test says.

    answer: of a query of GetMetricData, its results as (label, values), evenly spread.
    """

    def __init__(self, client: Any, answer: Callable[[Fields], Results]) -> None:
        """Take the account's."""
        self._client, self._answer = client, answer

    def __getattr__(self, name: str) -> Any:
        """Return what the account's has."""
        return getattr(self._client, name)

    def get_paginator(self, operation: str) -> Any:
        """Return what pages an operation."""
        return self if operation == "get_metric_data" else self._client.get_paginator(operation)

    def paginate(self, **request: Any) -> list[Fields]:
        """Return the one page of GetMetricData."""
        start, end = request["StartTime"], request["EndTime"]
        results = []
        for query in request["MetricDataQueries"]:
            for label, values in self._answer(query):
                step = (end - start) / max(len(values), 1)
                moments = [start + step * at for at in range(len(values))]
                result = {"Id": query["Id"], "Label": label, "StatusCode": "Complete"}
                results.append({**result, "Timestamps": moments, "Values": values})
        return [{"MetricDataResults": results}]


def waves(query: Fields) -> Results:
    """Answer every query with some values: a search by every status."""
    if "MetricStat" in query:
        return [(query["Label"], [float(20 + at * len(query["Label"]) % 17) for at in range(12)])]
    return [(status, [float((at * len(status)) % 5) for at in range(12)]) for status in STATUSES]


def nothing(query: Fields) -> Results:
    """Answer every query with nothing."""
    return [(query["Label"], [])] if "MetricStat" in query else []


def draw(
    session: boto3.Session,
    body: Any,
    answer: Callable[[Fields], Results] = waves,
    span: Span = HOUR,
) -> Picture:
    """Draw a body, or one of these widgets, with data as a test says."""
    text = body if isinstance(body, str) else json.dumps({"widgets": body})
    session.client("cloudwatch").put_dashboard(DashboardName=NAME, DashboardBody=text)

    def make(service: str, **options: Any) -> Any:
        client = session.client(service, **options)
        return CloudWatch(client, answer) if service == "cloudwatch" else client

    return dashboard.picture(make, STACK, NAME, span)
