"""Series can be told apart, also by people who do not see all colours."""

from itertools import combinations

import numpy as np
import pytest

from scripts.drawing import palette

# Machado, Oliveira and Fernandes (2009): what is seen of linear RGB, at full severity.
SEEN = {
    "all colours": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
) / np.array([[0.95047], [1.0], [1.08883]])
# Differences in CIELAB: 2 are just seen side by side, 10 at a glance.
AT_A_GLANCE = 15


def lab(color: str, seen: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> "np.ndarray":
    """Return a colour in CIELAB, as it is seen."""
    channels = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(seen @ linear, 0, 1)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen", SEEN)
def test_colours_can_be_told_apart(seen: str) -> None:
    found = [lab(color, SEEN[seen]) for color in (*palette.COLORS, palette.PAPER)]
    nearest = min(float(np.linalg.norm(one - other)) for one, other in combinations(found, 2))
    assert nearest >= AT_A_GLANCE


def test_no_two_of_many_series_look_the_same() -> None:
    styles = [palette.style(number) for number in range(28)]
    assert len({(each.color, each.hatch) for each in styles}) == 28
    assert len({(each.color, each.line) for each in styles}) == 28
    assert len({(each.color, each.marker) for each in styles}) == 28


def test_the_state_of_an_alarm_is_not_told_by_colour_alone() -> None:
    assert len({sign for _, sign, _ in palette.STATES.values()}) == len(palette.STATES)


def test_a_series_may_have_a_colour_of_its_own() -> None:
    assert palette.style(3, "#123456").color == "#123456"
