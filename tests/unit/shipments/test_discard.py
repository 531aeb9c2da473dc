"""One message is taken off the queue, after it is saved, and nothing else is."""

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from tests.unit.shipments.cloud import Cloud, envelope, once, refusal

BROKEN = "9" * 5_000


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "discarded.jsonl"


@pytest.fixture
def message_id(cloud: Cloud) -> str:
    """Put a message that cannot be read on the queue, and others; return its id."""
    cloud.put_on_queue(BROKEN, {"ERROR_CODE": "X"})
    for number in range(12):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}, id=f"e-{number}"))
    found = map(json.loads, cloud.run("failed", "--json").stdout.splitlines())
    return next(str(each["messageId"]) for each in found if each["where"] == "unreadable")


def test_the_message_is_off_the_queue_and_whole_in_a_private_file(
    cloud: Cloud, message_id: str, saved: Path
) -> None:
    result = cloud.run("discard", "--message", message_id, "--save", str(saved))
    assert (result.exit_code, message_id in result.stdout) == (0, True)
    bodies = cloud.bodies()
    assert (len(bodies), BROKEN in bodies) == (12, False)
    assert json.loads(saved.read_text()) == {"body": BROKEN, "attributes": {"ERROR_CODE": "X"}}
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_an_event_s_id_names_its_message_too(cloud: Cloud, message_id: str, saved: Path) -> None:
    assert message_id
    assert cloud.run("discard", "--message", "e-3", "--save", str(saved)).exit_code == 0
    assert sorted(
        json.loads(body).get("id") for body in cloud.bodies() if body != BROKEN
    ) == sorted(f"e-{number}" for number in range(12) if number != 3)


def test_an_event_of_several_messages_is_refused_with_their_ids(cloud: Cloud, saved: Path) -> None:
    event = envelope({"shipmentId": "S-1"}, id="e-1")
    cloud.fail(event)
    cloud.fail(event)
    result = cloud.run("discard", "--message", "e-1", "--save", str(saved))
    assert (result.exit_code, len(cloud.bodies()), saved.exists()) == (2, 2, False)
    assert "this is an event of 2 messages, pass the id of one: " in result.stderr


def test_an_id_that_is_not_there_takes_nothing_off(
    cloud: Cloud, message_id: str, saved: Path
) -> None:
    assert message_id
    result = cloud.run("discard", "--message", "no-such", "--save", str(saved))
    assert (result.exit_code, len(cloud.bodies()), saved.exists()) == (1, 13, False)
    assert result.stderr == "No message has the id no-such; 13 others.\n"


def test_a_message_that_cannot_be_saved_stays(cloud: Cloud, message_id: str, saved: Path) -> None:
    nowhere = saved / "x" / "y"
    result = cloud.run("discard", "--message", message_id, "--save", str(nowhere))
    assert (result.exit_code, len(cloud.bodies())) == (2, 13)
    assert str(nowhere) in result.stderr


def test_a_message_is_saved_before_it_is_deleted(
    cloud: Cloud, message_id: str, saved: Path
) -> None:
    cloud.broken["DeleteMessage"] = lambda _: refusal("AccessDenied")
    result = cloud.run("discard", "--message", message_id, "--save", str(saved))
    assert (result.exit_code, len(cloud.bodies())) == (2, 13)
    assert json.loads(saved.read_text())["body"] == BROKEN


def test_nothing_is_discarded_after_ctrl_c(cloud: Cloud, message_id: str, saved: Path) -> None:
    cloud.broken["ReceiveMessage"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = cloud.run("discard", "--message", message_id, "--save", str(saved))
    assert (result.exit_code, len(cloud.bodies())) == (130, 13)
