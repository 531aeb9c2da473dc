"""The rules that a file is checked by are named, and compared with the deployed function's."""

import pytest

from shipments import __version__, handler
from tests.unit.shipments.cloud import Cloud, refusal

LINE = b'{"shipmentId": "S-1", "status": "LOST"}'
RULES = f"hecked by the rules of shipments {__version__}"


def message(cloud: Cloud) -> str:
    result = cloud.run("send", "-", stdin=LINE)
    assert result.exit_code == 0
    return str(result.stderr)


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_the_same_code_is_the_same_rules_however_it_ends(cloud: Cloud, end: bytes) -> None:
    cloud.code = handler.PATH.read_bytes().rstrip() + end
    assert message(cloud) == f"C{RULES}, which the deployed function has.\n"


def test_other_code_in_the_deployed_function_is_a_warning(cloud: Cloud) -> None:
    cloud.code = b"x = 1\n"
    text = message(cloud)
    assert text.startswith(f"Warning: c{RULES} (handler {handler.digest()}), but the deployed ")
    assert text.count("\n") == 1


def test_code_that_may_not_be_read_stops_nothing(cloud: Cloud) -> None:
    cloud.broken["GetFunction"] = lambda _: refusal("AccessDeniedException")
    text = message(cloud)
    assert text.startswith(f"C{RULES}; not compared with the deployed function: not allowed: ")
    assert text.count("\n") == 1


@pytest.mark.parametrize("location", ["http://127.0.0.1:9/", "data:,not a zip"])
def test_code_that_cannot_be_downloaded_stops_nothing(cloud: Cloud, location: str) -> None:
    cloud.broken["GetFunction"] = lambda _: {"Code": {"Location": location}}
    assert "not compared with the deployed function: " in message(cloud)
