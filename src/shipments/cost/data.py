"""The data that costs are computed from: prices and quotas of AWS, and what was measured of us."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent


class Price(NamedTuple):
    """The price of a unit: dollars from a quantity on, and the quantity that costs nothing."""

    tiers: tuple[tuple[float, float], ...]
    free: float

    def dollars(self, number: float) -> float:
        """Return what so many units cost a month; each tier has its own price."""
        ends = [start for start, _ in self.tiers[1:]] + [float("inf")]
        return sum(
            max(0.0, min(number, end) - start) * each
            for (start, each), end in zip(self.tiers, ends, strict=True)
        )


class Quota(NamedTuple):
    """A limit a second, or at once, and whether AWS raises it on request."""

    limit: float
    is_adjustable: bool


@cache
def loaded(name: str = "prices") -> dict[str, Any]:
    """Return a data file: ``prices``, with prices, quotas and their sources, or ``measured``."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


@cache
def prices() -> dict[str, Price]:
    """Return the prices by the name of the unit."""
    found = {}
    for name, entry in loaded()["prices"].items():
        tiers = entry.get("tiers", [[0, entry.get("dollars")]])
        each = tuple((start, dollars / entry["per"]) for start, dollars in tiers)
        found[name] = Price(each, entry["free"])
    return found


@cache
def quotas() -> dict[str, Quota]:
    """Return the quotas by their name."""
    return {
        name: Quota(entry["limit"], entry["adjustable"])
        for name, entry in loaded()["quotas"].items()
    }
