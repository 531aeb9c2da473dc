"""The picture can be read: no text on another, none cut, and series that can be told apart."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.dates import date2num
from PIL import Image

from scripts.drawing import palette
from scripts.drawing.alarms import Alarm
from scripts.drawing.body import Place
from scripts.drawing.log import Table
from scripts.drawing.panels import Panel, alarm_list, log_table, message
from scripts.drawing.picture import Tile, png
from scripts.drawing.picture import draw as draw_tiles
from scripts.drawing.scales import readable_unit
from scripts.embed import ROOT
from tests import hostile
from tests.unit.dashboard.conftest import HOUR, Answer, Draw, Drawn, Fields, constant, metric, texts
from tests.unit.template import handler
from tests.unit.template.resolve import Deployment, load

STATUSES = [*handler.invocation("ordinary").module.KNOWN_STATUSES, "OTHER"]
DAY_MS = 86_400_000


def waves(query: Fields) -> Any:
    """Answer a query with some values: a search with every status, a duration in days."""
    if "Expression" in query:
        return [(status, [float(at * len(status) % 5) for at in range(12)]) for status in STATUSES]
    days = query["MetricStat"]["Metric"]["MetricName"] == "Duration"
    values = [20 + at * len(query["Label"]) % 17 for at in range(12)]
    return [(query["Label"], [value * (DAY_MS if days else 1.0) for value in values])]


def nothing(query: Fields) -> Any:
    return [] if "Expression" in query else [(query["Label"], [])]


def overlaps(one: Any, other: Any) -> bool:
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


def faults(figure: Any) -> list[str]:
    """Return the texts that overlap, leave their widget, or are too small to read."""
    found = []
    for part in figure.subfigs:
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts(part)]
        frame = part.bbox
        found += [
            f"{text!r} leaves its widget"
            for text, box in boxes
            if box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
        ]
        pairs = combinations(boxes, 2)
        found += [f"{one!r} on {other!r}" for (one, a), (other, b) in pairs if overlaps(a, b)]
    sizes = {text.get_fontsize() for text in texts(figure)}
    return found + [f"a size of {size} points" for size in sizes if size < 7]


@pytest.fixture
def template_body(session: boto3.Session) -> str:
    """Return the template's own body; its log group exists."""
    session.client("logs").create_log_group(logGroupName="/aws/lambda/shipment-processor-dev")
    body: str = Deployment(load())["LogisticsDashboard"]["DashboardBody"]
    return body


@pytest.mark.parametrize("answer", [waves, nothing])
def test_every_widget_of_the_template_is_drawn_and_can_be_read(
    draw: Draw, template_body: str, answer: Answer
) -> None:
    found = draw(template_body, answer)
    titles = re.findall(r'"title": "([^"]+)"', template_body)
    assert len(titles) == 9
    assert set(titles) <= {words.replace("\n", " ") for words in found.words}
    assert not any("Not drawn" in words for words in found.words)
    assert faults(found.figure) == []
    empty = {each.widget for each in found.reasons if each.why == "no data"}
    assert empty == (set() if answer is waves else {*titles} - {titles[2], titles[4]})


LONG = "AMetricWhoseNameIsFarLongerThanAnyLegendOfANarrowWidgetHasRoomFor"
STRANGE = "$x^2$ 東京 \x1b[31m_{i} \\frac{a}{b} $"


def test_whatever_a_name_is_it_can_be_read(draw: Draw) -> None:
    rows = [["N", STRANGE], ["N", LONG], ["N", "M", {"label": STRANGE * 9}]]
    limits = {"horizontal": [{"value": 7, "label": LONG}]}
    narrow = {**metric(*rows, title=f"{STRANGE} {LONG}", annotations=limits), "width": 6}
    found = draw([narrow, narrow])
    assert faults(found.figure) == []
    assert not any(text.get_parse_math() for text in found.texts)


@pytest.mark.parametrize("width", [6, 24])
def test_a_table_of_long_texts_can_be_read(width: int) -> None:
    rows = (("06:00:01", LONG * 5, "", "short"), ("06:00:02", STRANGE, LONG, " word" * 60))
    table = Table(("@timestamp", "reason", LONG, "x"), rows)
    shown = " ".join(drawn_texts(width, "Rejected?", lambda inner: log_table(table, inner)))
    assert "06:00" in shown
    assert "…" in shown


@settings(max_examples=5)
@given(values=st.lists(hostile.texts, min_size=2, max_size=3))
@example(values=hostile.TEXTS)
def test_hostile_text_is_drawn_as_text(values: list[str]) -> None:
    table = Table(("shipmentId", "reason"), tuple((value, value) for value in values))
    alarms = [Alarm(value, "ALARM") for value in values]
    for panel in (
        partial(log_table, table),
        partial(alarm_list, alarms),
        partial(message, " ".join(values)),
    ):
        assert hostile.hidden("".join(drawn_texts(24, values[0], panel))) == set()


def drawn_texts(width: int, title: str, panel: Callable[[float], Panel]) -> list[str]:
    """Return the texts of a picture with one widget, which can be read and are no formulas."""
    figure = draw_tiles("board", [], [Tile(title, Place(0, 0, width, 6), panel)])
    png(figure, 50)
    assert faults(figure) == []
    found = texts(figure)
    assert not any(text.get_parse_math() for text in found)
    return [text.get_text() for text in found]


# ---- graphs


def ticks(found: Drawn) -> list[str]:
    return [label.get_text() for label in found.axes[0].get_yticklabels()]


def test_a_threshold_is_drawn_and_named_with_its_value(draw: Draw) -> None:
    limits = [{"value": 24000, "label": "alarm: p99"}, {"value": 5, "label": "over 5"}]
    found = draw([metric(annotations={"horizontal": limits})])
    assert {"alarm: p99 (24k)", "over 5"} <= found.words
    dashed = [line.get_ydata()[0] for line in found.axes[0].lines if line.is_dashed()]
    assert {24000, 5} <= set(dashed)
    assert found.axes[0].get_ylim()[1] >= 24000


UNITS = [
    (0, "ms"), (1999, "ms"), (2000, "s"), (24_000, "s"), (120_000, "min"), (3 * 3_600_000, "h"),
    (60e9, "days"),
]  # fmt: skip


@pytest.mark.parametrize(("most", "unit"), UNITS)
def test_milliseconds_are_shown_in_a_unit_that_can_be_read(most: float, unit: str) -> None:
    assert readable_unit("ms", [1, most])[0] == unit
    assert readable_unit("updates", [most]) == ("updates", 1)


def test_an_axis_of_late_updates_is_in_days_with_its_threshold(draw: Draw) -> None:
    limits = {"horizontal": [{"value": DAY_MS, "label": "late"}]}
    axis = {"left": {"min": 0, "label": "ms"}}
    found = draw([metric(yAxis=axis, annotations=limits)], constant(DAY_MS, 8 * DAY_MS))
    assert {"days", "late (1 days)"} <= found.words
    assert ticks(found) == ["0", "2", "4", "6", "8"]


AXES = [
    ((3, 1, 2), {}, ["0", "1", "2", "3"]),
    ((0, 0), {}, ["0", "1"]),
    ((-3, 1), {}, ["-3", "-2", "-1", "0", "1"]),
    ((0.25, 0.5), {}, ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
    ((4e9, 1e3), {}, ["0", "1G", "2G", "3G", "4G"]),
    ((3, 90), {"min": 0, "max": 40}, ["0", "10", "20", "30", "40"]),
]


@pytest.mark.parametrize(("values", "ends", "expected"), AXES)
def test_an_axis_has_a_few_round_values_from_zero_or_as_the_body_says(
    draw: Draw, values: tuple[float, ...], ends: Fields, expected: list[str]
) -> None:
    assert ticks(draw([metric(yAxis={"left": ends})], constant(*values))) == expected


@pytest.mark.parametrize(("label", "size"), [("updates", 1), ("ms", DAY_MS)])
def test_bars_are_stacked(draw: Draw, label: str, size: int) -> None:
    body = metric(["N", "A"], ["N", "B"], stacked=True, yAxis={"left": {"label": label}})
    found = draw([body], constant(3 * size, size))
    bars = [(bar.get_y(), bar.get_height()) for bar in found.axes[0].patches]
    assert bars == [(0, 3), (0, 1), (3, 3), (1, 1)]
    assert found.axes[0].patches[0].get_x() == date2num(HOUR.start)
    assert ticks(found)[-1] == "6"


def test_a_graph_without_metrics_says_so(draw: Draw) -> None:
    assert draw([metric() | {"properties": {"title": "Lost?"}}]).missing == [
        "Lost? nothing to draw"
    ]


def test_where_nothing_was_measured_no_line_is_drawn(draw: Draw) -> None:
    found = draw([metric(period=60)], constant(*range(5)))
    dotted, solid, dots = found.axes[0].lines
    assert dotted.get_linestyle() == ":"
    assert np.isnan(solid.get_ydata()).sum() == 4
    assert list(dots.get_ydata()) == [0, 1, 2, 3, 4]


# ---- colours

# Machado, Oliveira and Fernandes (2009): what is seen of linear RGB, at full severity.
SEEN = {
    "all colours": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}  # fmt: skip
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
) / np.array([[0.95047], [1.0], [1.08883]])


def lab(color: str, seen: Any) -> Any:
    """Return a colour in CIELAB, as it is seen."""
    channels = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(seen) @ linear, 0, 1)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen", SEEN.values(), ids=SEEN)
def test_colours_can_be_told_apart(seen: Any) -> None:
    found = [lab(color, seen) for color in (*palette.COLORS, palette.PAPER)]
    nearest = min(float(np.linalg.norm(one - other)) for one, other in combinations(found, 2))
    assert nearest >= 15  # of CIELAB: 2 are just seen side by side, 10 at a glance


def test_series_and_states_are_told_apart_by_more_than_colour() -> None:
    styles = [palette.style(number) for number in range(28)]
    assert len({(color, hatch) for color, _, hatch in styles}) == 28
    assert len({(color, marker) for color, marker, _ in styles}) == 28
    assert len({sign for _, sign, _ in palette.STATES.values()}) == len(palette.STATES)


def test_a_series_of_one_point_has_its_own_colour_in_the_file(draw: Draw) -> None:
    rows = [["N", f"M{number}"] for number in range(len(palette.COLORS))]
    found = draw([metric(*rows), *[metric()] * 5], constant(1))
    with Image.open(io.BytesIO(png(found.figure, 100))) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
    for color in palette.COLORS:
        wanted = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
        assert np.abs(pixels - wanted).max(axis=1).min() <= 10


# ---- the file


def test_a_body_of_very_many_widgets_is_drawn() -> None:
    figure = draw_tiles("board", [], [])
    figure.set_figheight(400)
    with Image.open(io.BytesIO(png(figure))) as image:
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
        env={**environment, "PYTHONPATH": f"{ROOT}:{ROOT}/src", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == png(draw_tiles("board", ["facts"], []))
    assert [*home.iterdir(), *temporary.iterdir()] == []
