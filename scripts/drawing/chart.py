"""Draws a graph: series over time, thresholds, axes with units, and a legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes

from scripts.drawing import legend, plot, thresholds
from scripts.drawing.palette import EDGE, FAINT_INK, GRID, THRESHOLD, Style, style
from scripts.drawing.pen import SMALL, Box, Pen, shortened, width
from scripts.drawing.scales import Scale, number, scale, time_ticks
from scripts.drawing.series import Drawn
from scripts.drawing.thresholds import Placed
from scripts.drawing.widgets import Graph

LEAST_PLOT = 120
UNIT_ROW, TIME_ROW, GAP = 20, 24, 6
TICK_ROOM = 34  # from one value's tick to the next
MOST_WEIGHT = 3  # series that are drawn over the heaviest one
DASHES = (0, (4, 2))


@dataclass(frozen=True)
class Chart:
    """A graph with its data, ready to be drawn between two times (epoch seconds)."""

    graph: Graph
    drawn: Drawn
    start: float
    end: float

    def need(self, room: float) -> float:
        """Return the least height in which it can be drawn at a width.

        The legend may have to say every threshold.
        """
        texts = [f"{thresholds.text_of(each)}, beyond the axis" for each in self.graph.thresholds]
        return self._above + LEAST_PLOT + TIME_ROW + legend.height(self._entries(texts), room)

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw it into a box."""
        placed = Placed((), ())
        while True:  # a text for which there is no room in the plot takes room from the plot
            entries = self._entries(placed.left_over)
            area, scales = self._laid_out(box, legend.height(entries, box.width))
            found = thresholds.place(
                self.graph.thresholds, area, scales, self._points(area, scales)
            )
            if len(found.left_over) <= len(placed.left_over):
                break
            placed = found
        axes = self._axes(pen, area, scales)
        self._plot(axes, area.width)
        for each, text, place in found.inside:
            pen.write(place.x, place.y + 1, text, color=each.color or THRESHOLD, halo=True)
        for each in self.graph.thresholds:
            if scales[each.right].low <= each.value <= scales[each.right].high:
                axes[each.right].axhline(
                    each.value,
                    color=each.color or THRESHOLD,
                    linestyle=DASHES,
                    linewidth=0.9,
                    zorder=4,
                    clip_on=False,
                )
        self._write_values(pen, box, area, scales)
        self._write_times(pen, box, area)
        top = area.y + area.height + TIME_ROW
        legend.draw(pen, Box(box.x, top, box.width, box.y + box.height - top), entries)

    # ---- layout

    @property
    def _above(self) -> float:
        return UNIT_ROW if self.drawn.left or self.drawn.right else GAP

    def _laid_out(self, box: Box, below: float) -> tuple[Box, tuple[Scale, Scale]]:
        """Return the plot's area in a box, with a legend below it, and the scales of its sides."""
        high = max(box.height - self._above - TIME_ROW - below, TICK_ROOM)
        most = max(2, int(high // TICK_ROOM))
        left, right = self._scale(most, right=False), self._scale(most, right=True)
        before, after = (
            max((width(number(tick)) for tick in each.ticks), default=0) + GAP
            for each in (left, right)
        )
        area = Box(box.x + before, box.y + self._above, box.width - before - after, high)
        return area, (left, right)

    def _scale(self, most: int, *, right: bool) -> Scale:
        """Return the scale of a side, with room for its series and thresholds."""
        axis = self.graph.right if right else self.graph.left
        series = [each for each in self.drawn.series if each.right == right]
        lines = [each.value for each in self.graph.thresholds if each.right == right]
        if right and not lines and not any(each.points for each in series):
            return Scale(0, 1, ())
        values = [value for _, value in self._heights(right=right)]
        return scale(axis.minimum, axis.maximum, [*values, *lines], most)

    def _heights(self, *, right: bool) -> list[tuple[float, float]]:
        """Return the points that are drawn by a side; of stacked series, the tops of the bars."""
        series = [each for each in self.drawn.series if each.right == right]
        points = [
            (moment + each.period / 2, value) for each in series for moment, value in each.points
        ]
        if not self.graph.stacked:
            return points
        tops: dict[float, float] = {}
        for moment, value in points:
            tops[moment] = tops.get(moment, 0) + value
        return sorted(tops.items())

    def _points(self, area: Box, scales: Sequence[Scale]) -> list[tuple[float, float]]:
        """Return where in the picture the data are: their points, and some between them."""
        seen: list[tuple[float, float]] = []
        for series in self.drawn.series:
            if self.graph.stacked:
                continue
            points = self._in_picture(series.points, series.period, area, scales[series.right])
            seen += points
            for one, other in pairwise(points):
                seen += _between(one, other)
        for right in (False, True) if self.graph.stacked else ():
            seen += self._in_picture(self._heights(right=right), 0, area, scales[right])
        return seen

    def _in_picture(
        self, points: Sequence[tuple[float, float]], period: int, area: Box, of: Scale
    ) -> list[tuple[float, float]]:
        return [
            (
                area.x + area.width * (at + period / 2 - self.start) / (self.end - self.start),
                area.y + area.height * (1 - of.part(value)),
            )
            for at, value in points
        ]

    # ---- drawing

    def _axes(self, pen: Pen, area: Box, scales: tuple[Scale, Scale]) -> tuple[Axes, Axes]:
        """Return empty axes for both sides; the same twice if nothing is drawn by the right."""
        left = pen.axes(area)
        axes = (left, left.twinx() if scales[1].ticks else left)
        for each, of in zip(axes, scales, strict=True):
            if each is left and of is not scales[0]:
                continue
            each.set_xlim(self.start, self.end)
            each.set_ylim(of.low, of.high)
            each.set_xticks([])
            each.set_yticks([])
            each.patch.set_visible(False)
            for side, spine in each.spines.items():
                spine.set_visible(side == "bottom" and each is left)
                spine.set_color(EDGE)
        for tick in scales[0].ticks:
            left.axhline(tick, color=GRID, linewidth=0.5, zorder=0)
        return axes

    def _plot(self, axes: tuple[Axes, Axes], room: float) -> None:
        bottoms: dict[tuple[bool, float], float] = {}
        waiting = sum(bool(each.points) for each in self.drawn.series)
        for series, how in zip(self.drawn.series, self._styles, strict=True):
            waiting -= bool(series.points)
            if self.graph.stacked:
                plot.bars(axes[series.right], series, how, bottoms)
            else:
                scale = room / (self.end - self.start)
                plot.line(axes[series.right], series, how, scale, min(waiting / MOST_WEIGHT, 1))

    def _write_values(self, pen: Pen, box: Box, area: Box, scales: tuple[Scale, Scale]) -> None:
        """Write the values beside the plot, and the units over them."""
        left, right = scales
        for of, x, align in (
            (left, area.x - GAP, "right"),
            (right, area.x + area.width + GAP, "left"),
        ):
            for tick in of.ticks:
                y = area.y + area.height * (1 - of.part(tick)) - 0.62 * SMALL
                pen.write(x, y, number(tick), color=FAINT_INK, align=align)
        room = box.width / 2 - GAP
        for unit in shortened(self.drawn.left, room, 1):
            pen.write(box.x, box.y, unit, color=FAINT_INK)
        for unit in shortened(self.drawn.right, room, 1) if right.ticks else ():
            pen.write(box.x + box.width, box.y, unit, color=FAINT_INK, align="right")

    def _write_times(self, pen: Pen, box: Box, area: Box) -> None:
        """Write the times under the plot, as far apart as is needed to read them."""
        y = area.y + area.height + GAP + 2
        pen.write(box.x, y, "UTC", color=FAINT_INK)
        free = box.x + width("UTC") + GAP
        most = max(2, int(area.width // (width("00:00:00") + 3 * GAP)))
        for moment, text in time_ticks(self.start, self.end, most):
            x = area.x + area.width * (moment - self.start) / (self.end - self.start)
            half = width(text) / 2
            if x - half >= free and x + half <= box.x + box.width:
                pen.write(x, y, text, color=FAINT_INK, align="center")
                free = x + half + GAP

    # ---- legend

    @property
    def _styles(self) -> list[Style]:
        return [style(at, each.color) for at, each in enumerate(self.drawn.series)]

    def _entries(self, left_over: Sequence[str]) -> list[legend.Entry]:
        """Return the legend's entries: each series, and the thresholds that have no room."""
        entries = []
        for series, how in zip(self.drawn.series, self._styles, strict=True):
            side = " (right)" if series.right else ""
            state = f": {series.state}" if series.state else ""
            sign = legend.Sign.BAR if self.graph.stacked else legend.Sign.LINE
            sign = legend.Sign.NONE if state else sign
            entries.append(legend.Entry(f"{series.label}{side}{state}", how, sign))
        dashed = Style(THRESHOLD, DASHES, "", "")
        return entries + [legend.Entry(text, dashed, legend.Sign.LINE) for text in left_over]


def _between(one: tuple[float, float], other: tuple[float, float]) -> list[tuple[float, float]]:
    """Return some points on the way from one to the other."""
    steps = 8
    across, down = other[0] - one[0], other[1] - one[1]
    parts = (step / steps for step in range(1, steps))
    return [(one[0] + across * part, one[1] + down * part) for part in parts]
