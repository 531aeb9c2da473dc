"""When AWS gives up Python versions of Lambda (docs/aws.md has the source)."""

from datetime import date, timedelta
from typing import NamedTuple


class Life(NamedTuple):
    """The end of a runtime: deprecated, then no new functions, then no updates of functions."""

    deprecated: date
    no_creation: date
    no_update: date

    def __str__(self) -> str:
        """Return the dates in words."""
        return (
            f"deprecated on {self.deprecated}; AWS refuses new functions from {self.no_creation}, "
            f"updates from {self.no_update}"
        )


LIVES = {
    "python3.10": Life(date(2026, 10, 31), date(2027, 2, 1), date(2027, 3, 3)),
    "python3.11": Life(date(2027, 6, 30), date(2027, 7, 31), date(2027, 8, 31)),
    "python3.12": Life(date(2028, 10, 31), date(2028, 11, 30), date(2029, 1, 10)),
    "python3.13": Life(date(2029, 6, 30), date(2029, 7, 31), date(2029, 8, 31)),
    "python3.14": Life(date(2029, 6, 30), date(2029, 7, 31), date(2029, 8, 31)),
}
NOTICE = timedelta(days=180)


def newest() -> str:
    """Return the version that is supported longest."""
    return max(LIVES, key=lambda name: LIVES[name].deprecated)
