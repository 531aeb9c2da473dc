"""Replays one schedule for real: a thread for each delivery, and moto's account.

Nothing of the exploration is used but the schedule: so it also tells whether the exploration is
right about the handler and the account.
"""

import io
import json
import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from types import ModuleType, SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto import mock_aws
from moto.core.models import botocore_stubber

from tests.campaigns.worlds.account import Account
from tests.campaigns.worlds.attempts import prepared, stopped
from tests.campaigns.worlds.world import ENDINGS, KILLED, REDRIVEN, Step, World
from tests.unit.handler import account as unit
from tests.unit.handler.gate import Killed
from tests.unit.handler.updates import TIME_MS

PATIENCE_SECONDS = 20


class Attempt(threading.Thread):
    """One attempt in a thread, which stops at each request until it is told how that ends."""

    def __init__(self, module: ModuleType, event: str) -> None:
        super().__init__(daemon=True)
        self._module, self._event = module, event
        self._endings: queue.Queue[str] = queue.Queue()
        self._stops: queue.Queue[bool] = queue.Queue()
        self.code = 0
        self.start()
        self.is_waiting = self._stops.get(timeout=PATIENCE_SECONDS)

    def run(self) -> None:
        """Run the handler to its end."""
        try:
            context = SimpleNamespace(aws_request_id="request")
            self.code = self._module.lambda_handler(json.loads(self._event), context)["statusCode"]
        except BaseException:  # noqa: BLE001 - killed or failed: Lambda tries again
            self.code = 0
        self._stops.put(item=False)

    def end_request(self, ending: str) -> None:
        """Let the request that it waits with end in a way, and wait until it stops again."""
        self._endings.put(ending)
        self.is_waiting = self._stops.get(timeout=PATIENCE_SECONDS)

    def send(self, event_name: str, request: AWSPreparedRequest) -> AWSResponse:
        """Stop at a request; then have moto answer it, or fail as it is told."""
        self._stops.put(item=True)
        ending = self._endings.get(timeout=PATIENCE_SECONDS)
        is_done, instead = ENDINGS[ending]
        response = botocore_stubber(event_name, request) if is_done else None
        if ending in KILLED:
            raise Killed
        return instead.respond(request) if instead else response


def _send(event_name: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    attempt = threading.current_thread()
    assert isinstance(attempt, Attempt)
    return attempt.send(event_name, request)


class Player:
    """Plays schedules, one after the other, in an account of moto's."""

    def __init__(self, aws: unit.Account) -> None:
        self._aws = aws

    def play(self, world: World, steps: Iterable[tuple[int, str]]) -> Account:
        """Play a schedule, steps as of a Step, and return the account at its end."""
        self._aws.delete_rows()
        self._aws.delete_messages()
        going: dict[int, Attempt] = {}
        for number, ending in steps:
            if ending == REDRIVEN:
                continue
            if number not in going or not going[number].is_waiting:
                going[number] = Attempt(self._aws.handler, world.deliveries[number].event)
            going[number].end_request(ending)
        for attempt in going.values():
            if attempt.is_waiting:  # the schedule ends before the attempt
                attempt.end_request("killed before")
        return self._account()

    def _account(self) -> Account:
        """Return what there is in the form of the account that is explored."""
        account = Account()
        for item in self._aws.dynamodb.scan(TableName=self._aws.table)["Items"]:
            place = item["shipmentId"]["S"], int(item["timestamp"]["N"])
            row = frozenset((name, json.dumps(value)) for name, value in item.items())
            account = account._replace(rows=account.rows | {(place, row)})
        alerts = [alert.attributes for alert in self._aws.alerts()]
        kept = self._aws.kept()
        return account._replace(
            published=tuple(sorted((each["alertType"], each["status"]) for each in alerts)),
            kept=tuple(sorted((each["reason"], each["envelope"]["id"]) for each in kept)),
        )


@contextmanager
def playing(source: str | None = None) -> Iterator[Player]:
    """Start the handler, or another source of it, in an account of moto's for a with block."""
    with mock_aws(), prepared(source) as session, stopped(TIME_MS):
        session.events.register("before-send", _send)
        with redirect_stdout(io.StringIO()):
            yield Player(unit.Account(unit.Gate()))


def script(world: World, steps: Iterable[Step]) -> str:
    """Return a program that replays a schedule and prints what there is at its end."""
    lines = [f"    {tuple(step)},  # {world.deliveries[step.delivery].name}" for step in steps]
    return "\n".join(
        [
            "from tests.campaigns.worlds.replay import playing",
            "from tests.campaigns.worlds.worlds import named",
            "",
            "STEPS = [",
            *lines,
            "]",
            "with playing() as player:",
            f"    account = player.play(named({world.name!r}), STEPS)",
            "print(*account.items(), account.published, account.kept, sep='\\n')",
        ]
    )
