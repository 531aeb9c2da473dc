"""Replays archived events to the stack's rule only, and counts the outcomes."""

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import ClientError

from shipments.errors import CommandError, code_of
from shipments.interrupt import Interrupt
from shipments.stack import Stack

ENDED = {"COMPLETED", "CANCELLED", "FAILED"}
POLL_SECONDS = 1.0
# The function is still at work when the replay has ended, and its log arrives later still: it
# has ended when it is silent for so long.
SILENCE_SECONDS = 5.0
LONGEST_SECONDS = 120.0
# What it may take an event to get into the archive (EventBridge's own recommendation).
ARCHIVED_AFTER = timedelta(minutes=10)


# Counting what was rejected must not take longer than it helps.
COUNT_SECONDS = 20.0


@dataclass
class Replayed:
    """A replay. state and why are EventBridge's; outcomes: its log lines by outcome.

    new: (shipment, update id) of what it stored; unseen: why it could not be watched.
    """

    name: str
    state: str = "STARTING"
    why: str = ""
    unseen: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    new: list[tuple[str, str]] = field(default_factory=list)


class Archive:
    """The archive of a stack, or another one of the same bus."""

    def __init__(self, stack: Stack, arn: str | None) -> None:
        """Find the archive; raise CommandError if there is none."""
        self._events = stack.client("events")
        self._logs = stack.client("logs")
        self._rule = stack["ShipmentUpdateRuleArn"]
        self._log_group = stack["ShipmentProcessorLogGroupName"]
        self._row_days = int(stack.parameters.get("RowRetentionDays", "0"))
        self.arn = arn or stack.outputs.get("ShipmentUpdateArchiveArn", "")
        if not self.arn:
            raise CommandError(
                f"stack {stack.name} has no archive: deploy it with ArchiveRetentionDays=30, "
                "for what comes from then on"
            )
        try:
            self._archive = self._events.describe_archive(ArchiveName=self.arn.rsplit("/", 1)[-1])
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise CommandError(
                f"--archive: there is no {self.arn}: pass the ARN of another"
            ) from None

    def check(self, start: datetime, end: datetime, *, expired: bool) -> None:
        """Raise CommandError if the archive has nothing of that time, or it would store anew."""
        now = datetime.now(timezone.utc)
        days = self._archive.get("RetentionDays", 0)
        if days and end < now - timedelta(days=days):
            raise CommandError(f"--to: the archive keeps {days} days: pass a later time")
        if self._row_days and start < now - timedelta(days=self._row_days) and not expired:
            raise CommandError(
                f"--from: rows are kept for {self._row_days} days; what has expired would be "
                "stored and alerted again: pass a later time, or --expired-too"
            )

    def rejected(self, start: datetime, end: datetime) -> int:
        """Count the updates that were rejected in a time, by the function's log.

        That is a lower bound: the log may be shorter than the archive, and counting stops after
        COUNT_SECONDS.
        """
        give_up = time.monotonic() + COUNT_SECONDS
        count = 0
        for line in self._lines('"rejected"', start, end):
            count += line.get("outcome") == "rejected" and "replay" not in line
            if time.monotonic() > give_up:
                break
        return count

    def start(self, start: datetime, end: datetime) -> Replayed:
        """Start a replay to the rule."""
        stamp = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}"
        replayed = Replayed(f"shipments-{stamp}-{secrets.token_hex(3)}")
        self._events.start_replay(
            ReplayName=replayed.name,
            Description="shipments replay",
            EventSourceArn=self.arn,
            EventStartTime=start,
            EventEndTime=end,
            Destination={"Arn": self._archive["EventSourceArn"], "FilterArns": [self._rule]},
        )
        return replayed

    def watch(
        self, replayed: Replayed, interrupt: Interrupt, progress: Callable[[datetime], None]
    ) -> None:
        """Follow a replay until it has ended and the function is silent, or to end is asked."""
        while True:
            answer = self._events.describe_replay(ReplayName=replayed.name)
            replayed.state = answer["State"]
            replayed.why = answer.get("StateReason", "")
            if "EventLastReplayedTime" in answer:
                progress(answer["EventLastReplayedTime"])
            if replayed.state in ENDED:
                break
            if interrupt.wait(POLL_SECONDS):
                return
        self._count(replayed, answer["ReplayStartTime"], interrupt)

    def _count(self, replayed: Replayed, started: datetime, interrupt: Interrupt) -> None:
        """Count the function's log lines that name the replay, until no more of them come."""
        silent = waited = 0.0
        while silent < SILENCE_SECONDS and waited < LONGEST_SECONDS:
            before = replayed.outcomes.total()
            self._read_log(replayed, started)
            silent = silent + POLL_SECONDS if replayed.outcomes.total() == before else 0.0
            waited += POLL_SECONDS
            if interrupt.wait(POLL_SECONDS):
                return

    def _read_log(self, replayed: Replayed, started: datetime) -> None:
        replayed.outcomes.clear()
        replayed.new.clear()
        for line in self._lines('"outcome"', started):
            if line.get("replay") != replayed.name:
                continue  # it came meanwhile, or by another replay
            replayed.outcomes[line["outcome"]] += 1
            if line["outcome"] == "stored":
                replayed.new.append((line["shipmentId"], line["updateId"]))

    def _lines(
        self, pattern: str, start: datetime, end: datetime | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the function's log lines of a time that match a pattern."""
        until = {"endTime": int(end.timestamp() * 1000)} if end else {}
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._log_group,
            startTime=int(start.timestamp() * 1000),
            filterPattern=pattern,
            **until,
        )
        for page in pages:
            yield from (_line(event["message"]) for event in page["events"])


def check_range(start: datetime, end: datetime) -> None:
    """Raise CommandError if a time range is empty or in the future."""
    if start >= end:
        raise CommandError(
            f"--from: {start:%Y-%m-%dT%H:%M:%SZ} is not before --to: pass an earlier time"
        )
    if end > datetime.now(timezone.utc):
        raise CommandError("--to: is in the future: pass now, or an earlier time")


def _line(message: str) -> dict[str, Any]:
    """Return the handler's log line, or nothing if it is another line."""
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    return line if isinstance(line, dict) and "_aws" in line else {}
