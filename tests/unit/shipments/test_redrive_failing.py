"""Nothing is lost or doubled by a redrive, whatever fails or dies in it."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)

from shipments import failed_queue, redrive, stack
from shipments.interrupt import Interrupt
from shipments.plan import Plan
from shipments.selection import Selection
from shipments.stack import CALLS_AT_ONCE, find
from tests.unit.shipments.cloud import Cloud, Fields, envelope, refusal
from tests.unit.shipments.redriving import REDRIVE, SOME, depth, kept, redriven

LOST = [
    ReadTimeoutError(endpoint_url="https://lambda"),
    ConnectTimeoutError(endpoint_url="https://lambda"),
    ConnectionClosedError(endpoint_url="https://lambda"),
    EndpointConnectionError(endpoint_url="https://lambda"),
    HTTPClientError(error="reset"),
]


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_an_update_whose_answer_is_lost_stays_on_the_queue(
    cloud: Cloud, waiting: list[Fields], settled: Callable[[], None], error: Exception
) -> None:
    def lose(request: Fields) -> None:
        if request["detail"]["shipmentId"] == "S-03":
            cloud.invoke(request)  # Lambda has it all the same
            raise error

    cloud.broken["Invoke"] = lose
    result = cloud.run(*REDRIVE)
    cloud.broken.clear()
    if result.stdout:  # others were accepted before
        assert json.loads(result.stdout)["notAccepted"] == 1
    assert result.exit_code in {1, 2}
    assert result.stderr.count("\n") == 1
    assert waiting[3]["id"] in kept(cloud)
    redriven(cloud)
    settled()


def test_a_server_that_accepts_and_closes_is_one_line(
    cloud: Cloud, waiting: list[Fields], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "CALLS", Config(retries={"total_max_attempts": 1}))
    monkeypatch.setattr(Cloud, "_Invoke", lambda *_: None)
    with closing_server() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
        result = cloud.run(*REDRIVE)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "check the network, --region and AWS_ENDPOINT_URL. All updates are" in result.stderr
    assert kept(cloud) == sorted(event["id"] for event in waiting)


@contextmanager
def closing_server() -> Iterator[str]:
    """Serve what accepts each connection and closes it; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    server.accept()[0].close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_nothing_leaves_the_queue_that_lambda_does_not_take(
    cloud: Cloud, waiting: list[Fields]
) -> None:
    denied = "User: arn:x is not authorized to perform: lambda:InvokeFunction on resource: arn:f"
    cloud.broken["Invoke"] = lambda _: refusal("AccessDeniedException", denied)
    result = cloud.run(*REDRIVE)
    cloud.broken.clear()
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: not allowed: have lambda:InvokeFunction on arn:f granted to the identity in use. "
        "All updates are still on the queue\n"
    )
    assert kept(cloud) == sorted(event["id"] for event in waiting)


def test_what_fails_for_one_is_not_tried_with_all(cloud: Cloud) -> None:
    for number in range(40):
        cloud.fail(envelope({"shipmentId": f"S-{number}", "status": "LOST"}))
    cloud.broken["Invoke"] = lambda _: refusal("AccessDeniedException")
    cloud.run(*REDRIVE)
    assert cloud.calls.count("Invoke") <= 2 * CALLS_AT_ONCE


def test_an_answer_that_is_no_acceptance_takes_nothing_off(
    cloud: Cloud, waiting: list[Fields]
) -> None:
    cloud.broken["Invoke"] = lambda _: {"StatusCode": 200}
    assert cloud.run(*REDRIVE).exit_code == 2
    cloud.broken.clear()
    assert kept(cloud) == sorted(event["id"] for event in waiting)


def test_an_update_that_lambda_finds_too_large_stops_no_other(
    cloud: Cloud, waiting: list[Fields]
) -> None:
    def refuse(request: Any) -> Any:
        large = request["detail"]["shipmentId"] == "S-03"
        return refusal("RequestTooLargeException", "over 1 MB") if large else None

    cloud.broken["Invoke"] = refuse
    result = cloud.run(*REDRIVE)
    counts = json.loads(result.stdout)
    assert (result.exit_code, counts["stored"], counts["notAccepted"]) == (1, SOME - 1, 1)
    cloud.broken.clear()
    assert kept(cloud) == [waiting[3]["id"]]


def test_what_was_done_is_reported_when_the_rest_fails(cloud: Cloud, waiting: list[Fields]) -> None:
    cloud.broken["Query"] = lambda _: refusal("AccessDeniedException", "no")
    result = cloud.run(*REDRIVE)
    counts = json.loads(result.stdout)
    assert (result.exit_code, counts["redriven"], counts["unknown"]) == (1, SOME, SOME)
    assert "not allowed: have Query granted" in counts["stopped"]
    assert len(cloud.rows()) == len(waiting)


def test_an_interrupted_redrive_loses_nothing_and_doubles_nothing(
    cloud: Cloud, waiting: list[Fields], settled: Callable[[], None]
) -> None:
    cloud.broken["Invoke"] = lambda _: os.kill(os.getpid(), signal.SIGINT)
    result = cloud.run(*REDRIVE, "--rate", "1000")
    cloud.broken.clear()
    done = json.loads(result.stdout)["redriven"]
    assert result.exit_code == 130
    assert 0 < done < SOME
    assert len(cloud.bodies()) == len(waiting) - done
    assert redriven(cloud)["redriven"] == SOME - done
    settled()


class Died(BaseException):
    """The process ends here, and nothing of it runs any more."""


@pytest.mark.parametrize("call", ["ReceiveMessage", "Invoke", "DeleteMessage", "Query"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_redrive_that_dies_at_any_call_loses_nothing_and_doubles_nothing(
    cloud: Cloud,
    settled: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    *,
    before: bool,
) -> None:
    number, at = 0, 7 if call == "ReceiveMessage" else 4

    def die(*_: Any, **__: Any) -> None:
        nonlocal number
        number += 1
        if number == at:
            raise Died

    event = f"{'before' if before else 'after'}-call.*.{call}"
    monkeypatch.setattr(cloud.session, "keeps", False)
    cloud.session.events.register_first(event, die)
    with monkeypatch.context() as patch:
        # What died hides what it had for so long; nobody gives it back.
        patch.setattr(failed_queue, "HIDDEN_SECONDS", 1)
        give_back = failed_queue.FailedQueue.give_back
        patch.setattr(
            failed_queue.FailedQueue,
            "give_back",
            lambda queue: None if number >= at else give_back(queue),
        )
        with pytest.raises(Died):
            cloud.run(*REDRIVE)
    cloud.session.events.unregister(event, die)
    give_up = time.monotonic() + 30
    while depth(cloud) and time.monotonic() < give_up:
        redriven(cloud)
    settled()


def test_two_redrives_at_once_lose_nothing_and_double_nothing(
    cloud: Cloud, waiting: list[Fields], settled: Callable[[], None]
) -> None:
    other: list[Fields] = []

    def another(_: Any) -> None:
        if not other:  # a second one begins while the first is at its first update
            other.append({})
            with ThreadPoolExecutor(1) as pool:
                other[0] = pool.submit(_redrive_directly, cloud).result()

    cloud.broken["Invoke"] = another
    first = redriven(cloud)
    assert first["redriven"] + other[0]["redriven"] == len(waiting)
    settled()


def _redrive_directly(cloud: Cloud) -> Fields:
    """Redrive without a command line, which only the main thread may have."""
    deployed = find(cloud.session, None, None)
    with failed_queue.FailedQueue(cloud.sqs, cloud.queue) as queue:
        other = redrive.Redrive(deployed, queue, Plan(Selection()))
        other.run(Interrupt(), lambda _: None)
        return {"redriven": len(other.tally.redriven)}
