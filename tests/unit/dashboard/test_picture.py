"""The picture can be read: no text on another, none cut, nothing that looks like what it is not."""

import io
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from PIL import Image

from scripts.drawing import plot
from scripts.drawing.dashboard import Picture
from scripts.drawing.grid import Place
from scripts.drawing.insights import Table
from scripts.drawing.palette import COLORS, style
from scripts.drawing.panels import TablePanel
from scripts.drawing.pen import Box, Pen
from scripts.drawing.picture import Tile, png
from scripts.drawing.picture import draw as draw_tiles
from scripts.drawing.series import Series, Span
from scripts.embed import ROOT
from tests.unit.dashboard.account import put_alarm
from tests.unit.dashboard.figures import (
    END,
    STATUSES,
    Fields,
    Results,
    draw,
    faults,
    nothing,
    waves,
    written,
)
from tests.unit.template.resolve import Deployment, load

LONG = "AMetricWhoseNameIsFarLongerThanAnyLegendOfANarrowWidgetHasRoomFor"
STRANGE = "$x^2$ 東京 \x1b[31m_{i} \\frac{a}{b} $"


def texts(picture: Picture) -> list[str]:
    return [each.text for each in written(picture)]


def metric(*rows: Any, width: int = 8, **properties: Any) -> Fields:
    whole = {"metrics": rows or [["N", "M"]], "region": "us-east-1", **properties}
    return {"type": "metric", "width": width, "height": 6, "properties": whole}


def note(width: int = 12, **properties: Any) -> Fields:
    return {"type": "text", "width": width, "height": 3, "properties": properties}


@pytest.fixture
def template_body(session: boto3.Session) -> str:
    """Return the template's own body; its log group and alarms are there."""
    stack = Deployment(load())
    session.client("logs").create_log_group(logGroupName="/aws/lambda/shipment-processor-dev")
    body: str = stack["LogisticsDashboard"]["DashboardBody"]
    for arn in re.findall(r'"(arn:[^"]*:alarm:[^"]*)"', body):
        put_alarm(session.client("cloudwatch"), arn.rpartition(":alarm:")[2])
    return body


def huge(query: Fields) -> Results:
    return [(label, [value * 1e9 for value in values]) for label, values in waves(query)]


def tiny(query: Fields) -> Results:
    return [(label, [value * 1e-7 for value in values]) for label, values in waves(query)]


def below_zero(query: Fields) -> Results:
    return [(label, [30 - 3 * value for value in values]) for label, values in waves(query)]


def one_point(query: Fields) -> Results:
    return [(label, values[:1]) for label, values in waves(query)]


DATA = [waves, nothing, huge, tiny, below_zero, one_point]


@pytest.mark.parametrize("answer", DATA)
def test_every_text_of_the_template_s_dashboard_can_be_read(
    session: boto3.Session, template_body: str, answer: Any
) -> None:
    assert faults(draw(session, template_body, answer)) == []


def test_every_widget_of_the_template_s_dashboard_is_drawn(
    session: boto3.Session, template_body: str
) -> None:
    found = draw(session, template_body)
    assert "Is any alarm firing?" in texts(found)
    assert set(STATUSES) <= set(texts(found))
    assert [text for text in texts(found) if "Not drawn" in text] == []
    assert list(map(str, found.missing)) == [
        "Which updates were rejected or failed last? nothing was found"
    ]


SPANS = [(1, 1), (10, 1), (180, None), (24 * 60, 300), (3 * 24 * 60, 3600), (60 * 24 * 60, 86400)]


@pytest.mark.parametrize(("minutes", "period"), SPANS)
def test_the_times_of_any_span_can_be_read(
    session: boto3.Session, minutes: int, period: int | None
) -> None:
    span = Span(END - timedelta(minutes=minutes, seconds=7), END, period)
    found = draw(session, [metric(width=width) for width in (4, 8, 12, 24)], span=span)
    assert faults(found) == []
    assert len([text for text in texts(found) if text[2:3] in {":", "-"}]) >= 4


def thresholds(*values: float) -> Fields:
    lines = [{"label": f"alarm {LONG[:20]}", "value": value} for value in values]
    return {"horizontal": [*lines, {"value": values[0], "yAxis": "right", "label": "right"}]}


HARD: list[Fields] = [
    metric(title="Does " * 40, width=6),
    metric(title=LONG * 3, width=6),
    metric(["N", LONG * 2], ["N", LONG], title=STRANGE, width=6),
    metric(*[["N", f"{LONG}{number}"] for number in range(30)], width=6),
    metric(*[["N", f"M{number}"] for number in range(40)], stacked=True, width=24),
    metric(annotations=thresholds(20, 20, 20, 20, 21, 20.5), width=6),
    metric(annotations=thresholds(0, 0, 10_000), width=12),
    metric(annotations=thresholds(5), yAxis={"left": {"min": 10, "max": 20, "label": LONG}}),
    metric(["N", "A", {"yAxis": "right"}], ["N", "B"], yAxis={"right": {"label": "ms"}}),
    metric(["N", "A", {"yAxis": "right"}], stacked=True, width=4),
    metric([{"expression": "m1 / m2 * PERIOD(m1)"}], width=4),
    metric(view="singleValue", width=5),
    metric(["."]),
    {"type": "explorer", "width": 3, "properties": {"title": "x"}},
    {"type": "alarm", "width": 5, "properties": {"alarms": [LONG, "arn:aws:x", STRANGE]}},
    note(markdown=f"# A heading\n\n**bold** and `code`, [a link](https://example.com)\n* {LONG}"),
    note(width=2, markdown=f"{STRANGE} " * 9),
]  # fmt: skip


@pytest.mark.parametrize("answer", DATA)
def test_whatever_a_body_holds_can_be_read(session: boto3.Session, answer: Any) -> None:
    assert faults(draw(session, HARD, answer)) == []


@pytest.mark.parametrize("width", [5, 12, 24])
def test_a_table_of_long_texts_can_be_read(width: int) -> None:
    rows = (("06:00:01", LONG * 5, "", "a short one"), ("06:00:02", STRANGE, LONG, " word" * 60))
    table = Table(("@timestamp", "reason", LONG, "x"), rows)
    tile = Tile("Which were rejected?", Place(0, 0, width, 6), TablePanel(table))
    found = Picture(draw_tiles("board", [], [tile]), ())
    assert faults(found) == []
    assert "06:00:01" in texts(found) or width < 12
    assert any(text.endswith("…") for text in texts(found))


def test_a_series_without_data_is_named_so(session: boto3.Session) -> None:
    found = draw(session, [metric(["N", "Sent"], ["N", "Lost"], title="Lost?")], nothing)
    assert {"Sent: no data", "Lost: no data"} <= set(texts(found))
    assert list(map(str, found.missing)) == ["Lost? Sent: no data", "Lost? Lost: no data"]


def test_a_series_of_zeros_is_not_called_empty(session: boto3.Session) -> None:
    found = draw(session, [metric(["N", "Lost"])], lambda query: [(query["Label"], [0.0, 0.0])])
    assert "Lost" in texts(found)
    assert found.missing == ()


@pytest.mark.parametrize("stacked", [False, True])
def test_a_single_point_is_seen(session: boto3.Session, *, stacked: bool) -> None:
    body = [metric(["N", "Lost"], stacked=stacked)]
    assert colored(draw(session, body, one_point)) > 50
    assert colored(draw(session, body, nothing)) == 0


def test_a_point_without_neighbours_has_its_marker_among_very_many() -> None:
    minutes = [*range(11), 30, *range(50, 60)]
    series = Series("x", tuple((60.0 * minute, 1.0) for minute in minutes), 60)
    axes = Pen(100).axes(Box(0, 0, 100, 100), ylim=(0, 2))
    plot.line(axes, series, style(0), 100 / 3600)
    (markers,) = (each for each in axes.lines if each.get_marker() == style(0).marker)
    assert 30.5 * 60 in list(markers.get_xdata())
    assert len(markers.get_xdata()) < len(minutes) / 2


def colored(picture: Picture) -> int:
    """Return how many pixels of the one graph are neither grey nor nearly so."""
    with Image.open(io.BytesIO(picture.png())) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    (axes,) = picture.figure.axes
    area = axes.get_window_extent().padded(10)  # a point may stand on the edge
    high = len(pixels)
    inside = pixels[high - int(area.y1) : high - int(area.y0), int(area.x0) : int(area.x1)]
    return int(np.sum(inside.max(axis=2) - inside.min(axis=2) > 60))


def test_a_series_of_one_point_has_its_own_colour_in_the_file(session: boto3.Session) -> None:
    rows = [["N", f"M{number}"] for number in range(len(COLORS))]
    others = [metric(["N", "A"], width=12) for _ in range(11)]
    found = draw(session, [metric(*rows, width=12), *others], one_point)
    with Image.open(io.BytesIO(found.png())) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
    for color in COLORS:
        wanted = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
        assert np.abs(pixels - wanted).max(axis=1).min() <= 8


def test_an_axis_begins_and_ends_where_the_body_says(session: boto3.Session) -> None:
    axis = {"left": {"min": 0, "max": 40}, "right": {"min": 0}}
    rows = (["N", "A"], ["N", "B", {"yAxis": "right"}])
    left, right = draw(session, [metric(*rows, yAxis=axis)]).figure.axes
    assert left.get_ylim() == (0, 40)
    assert right.get_ylim()[0] == 0


def test_a_threshold_is_in_the_picture_with_its_label(session: boto3.Session) -> None:
    annotations = {"horizontal": [{"label": "alarm: p99", "value": 24000}]}
    found = draw(session, [metric(annotations=annotations)])
    assert "alarm: p99 (24k)" in texts(found)
    (axes,) = found.figure.axes
    assert axes.get_ylim()[1] >= 24000
    dashed = [line for line in axes.lines if list(line.get_ydata()) == [24000, 24000]]
    assert [line.is_dashed() for line in dashed] == [True]


def test_thresholds_for_which_there_is_no_room_are_in_the_legend(session: boto3.Session) -> None:
    labels = [f"limit {number}" for number in range(9)]
    lines = [{"label": label, "value": 36} for label in labels]
    found = draw(session, [metric(width=6, annotations={"horizontal": lines})])
    assert {f"{label} (36)" for label in labels} <= set(texts(found))
    (axes,) = found.figure.axes
    assert sum(list(line.get_ydata()) == [36, 36] for line in axes.lines) == len(labels)


def test_the_header_says_what_is_drawn(session: boto3.Session) -> None:
    span = Span(END - timedelta(seconds=12), END, 1)
    assert texts(draw(session, [], span=span)) == [
        "board",
        "Stack logistics in us-east-1, on AWS.",
        "2026-11-01 05:59:48 to 06:00:00 UTC, in periods of 1 s.",
    ]


def test_the_same_data_make_the_same_picture(session: boto3.Session, template_body: str) -> None:
    first, second = (draw(session, template_body).png() for _ in range(2))
    assert first == second
    assert len(first) < 250_000
    with Image.open(io.BytesIO(first)) as image:
        assert (image.format, image.width) == ("PNG", 1800)


def test_a_body_of_very_many_widgets_is_drawn(session: boto3.Session) -> None:
    widgets = [note(width=24, markdown="word\n" * 40) for _ in range(60)]
    with Image.open(io.BytesIO(draw(session, widgets).png())) as image:
        assert image.height < 2**16


DRAW = """
import sys
from scripts.drawing.picture import draw, png
sys.stdout.buffer.write(png(draw("board", ["facts"], [])))
"""


def test_the_picture_is_the_same_in_a_home_of_another_style(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir(mode=0o500)
    temporary.mkdir()
    (tmp_path / "matplotlibrc").write_text("text.hinting: none\nbackend: tkagg\n")
    environment = {"HOME": str(home), "TMPDIR": str(temporary), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DRAW],
        env={**environment, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == png(draw_tiles("board", ["facts"], []))
    assert [*home.iterdir(), *temporary.iterdir()] == []
