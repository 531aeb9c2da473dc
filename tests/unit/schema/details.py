"""Updates at and just over the limits of the rules, as strategies and as lists."""

import re
from typing import Any

from hypothesis import strategies as st

from tests.unit.handler.test_properties import texts, values
from tests.unit.schema.differences import HANDLER, LAST_MS, some

# What patterns get wrong first: blanks, separators, controls, capitals, and 😀 of two code units.
CHARACTERS = st.sampled_from(
    "aA1_-. \t\n\x00\x1c\x7f\x85\xa0\u180e\u200b\u2028\u3000\ufeff\xe9\xdf\U0001f600"
) | st.characters(exclude_categories=["Cs"])


def near(limit: int) -> "st.SearchStrategy[str]":
    """Return texts of about as many characters as a field may have, with more around them."""
    sizes = st.sampled_from([1, 2, limit - 1, limit, limit + 1, limit + 2])
    around = st.text(CHARACTERS, max_size=3)

    def build(chunk: str, size: int, before: str, after: str) -> str:
        return before + (chunk * size)[:size] + after

    return st.builds(build, st.text(CHARACTERS, min_size=1, max_size=4), sizes, around, around)


# A time, in parts to change one of.
PARTS = re.findall(r"\d+|\D", "2028-02-29T08:07:06.5+05:30")
DIGITS = [f"{number:02}" for number in range(100)]
MARKS = ["", *"-:., TtZz_+\u2212", "  ", "Zz"]
ZONES = ["+00", "-08", "+0530", "+5", "+05:", "+05:3", "-00:00", "UTC"]
ENDS = ["Z", "z", "", " Z", "Z ", "z\n", *ZONES]
FRACTIONS = [":59.", ":59,1", ":59.123456789", "59.1", ".5", ":59.\u0661"]
SECONDS = ["", ":59", ":60", "59", ":5", ":", *FRACTIONS]


def time(place: int, value: str) -> str:
    """Return a time with one of its parts replaced."""
    return "".join((*PARTS[:place], value, *PARTS[place + 1 :]))


TIMES = st.builds(
    time,
    st.integers(0, len(PARTS) - 1),
    st.sampled_from([*DIGITS, *MARKS]) | st.integers(1990, 9999).map(str) | texts,
)
AT_LIMITS = [946_684_799_999, 946_684_800_000, 1_768_478_283, -1, 0, LAST_MS, LAST_MS + 1]
NUMBERS = [*AT_LIMITS, *map(float, AT_LIMITS), 1.7e12, 1.7e12 + 0.5, 1e300, float("inf"), True]
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "shipmentId": near(128) | values,
    "status": near(64) | st.sampled_from(["in_transit", "L-O.S_T", " - ", "_"]) | values,
    "location": texts | values,
    "carrier": texts | values,
    "eventTime": TIMES
    | st.integers(946_684_799_000, LAST_MS)
    | st.from_regex(HANDLER.ISO_8601, fullmatch=True)
    | values,
    "updateId": near(256) | values,
    "extra": values,
}


# An update with one field of any kind, one with several, and what may be no object at all.
details = (
    st.one_of(
        *(
            st.builds(lambda name, value: some({name: value}), st.just(name), each)
            for name, each in FIELDS.items()
        )
    )
    | st.fixed_dictionaries({}, optional=FIELDS)
    | values
)
