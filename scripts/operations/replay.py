"""Replays what the archive keeps to the rule alone, and counts what came of it."""

import json
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import ClientError

from scripts.operations.deployed import Deployed
from scripts.operations.errors import WrongUse, code_of
from scripts.operations.interrupt import Interrupt

ENDED = {"COMPLETED", "CANCELLED", "FAILED"}
POLL_SECONDS = 1.0
# The function is still at work when the replay has ended, and its log arrives later still: it
# has ended when it is silent for so long.
SILENCE_SECONDS = 5.0
LONGEST_SECONDS = 120.0
# What it may take an event to get into the archive (EventBridge's own recommendation).
ARCHIVED_AFTER = timedelta(minutes=10)


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

    def __init__(self, deployed: Deployed, arn: str | None) -> None:
        """Find the archive; raise WrongUse if there is none."""
        self._events = deployed.client("events")
        self._logs = deployed.client("logs")
        self._rule = deployed["ShipmentUpdateRuleArn"]
        self._log_group = deployed["ShipmentProcessorLogGroupName"]
        self._row_days = int(deployed.parameters.get("RowRetentionDays", "0"))
        self.arn = arn or deployed.outputs.get("ShipmentUpdateArchiveArn", "")
        if not self.arn:
            raise WrongUse(
                f"stack {deployed.name} has no archive: deploy it with ArchiveRetentionDays=30, "
                "for what comes from then on"
            )
        try:
            self._archive = self._events.describe_archive(ArchiveName=self.arn.rsplit("/", 1)[-1])
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise WrongUse(f"--archive: there is no {self.arn}: say the ARN of another") from None

    def check(self, start: datetime, end: datetime, *, expired: bool) -> None:
        """Raise WrongUse if there is nothing to replay, or history would be stored anew."""
        now = datetime.now(timezone.utc)
        if start >= end:
            raise WrongUse(f"--from: {start:%Y-%m-%dT%H:%M:%SZ} is not before --to: say an earlier")
        if end > now:
            raise WrongUse("--to: lies in the future: say now, or an earlier time")
        days = self._archive.get("RetentionDays", 0)
        if days and end < now - timedelta(days=days):
            raise WrongUse(f"--to: the archive keeps {days} days: say a time of these")
        if self._row_days and start < now - timedelta(days=self._row_days) and not expired:
            raise WrongUse(
                f"--from: rows are kept for {self._row_days} days; what has expired would be "
                "stored and alerted of again: say a later time, or --expired-too if that is meant"
            )

    def start(self, start: datetime, end: datetime) -> Replayed:
        """Start a replay to the rule."""
        stamp = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}"
        replayed = Replayed(f"shipments-{stamp}-{secrets.token_hex(3)}")
        self._events.start_replay(
            ReplayName=replayed.name,
            Description="scripts/shipments replay",
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
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._log_group,
            startTime=int(started.timestamp() * 1000),
            filterPattern='"outcome"',
        )
        for page in pages:
            for event in page["events"]:
                line = _line(event["message"])
                if line.get("replay") != replayed.name:
                    continue  # it came meanwhile, or by another replay
                replayed.outcomes[line["outcome"]] += 1
                if line["outcome"] == "stored":
                    replayed.new.append((line["shipmentId"], line["updateId"]))


def _line(message: str) -> dict[str, Any]:
    """Return the handler's log line, or nothing of what is none."""
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    return line if isinstance(line, dict) and "_aws" in line else {}
