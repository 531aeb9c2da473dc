"""Has the status stack do again what it could not do, and then deletes the messages of it."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from botocore.exceptions import BotoCoreError, ClientError

from shipments.errors import explain
from shipments.failed import Message, error_of
from shipments.interrupt import Interrupt
from shipments.output import Output
from shipments.refreshing import CALLS, refresh
from shipments.scan import Scan
from shipments.stack import Stack
from shipments.status_stack import companion
from shipments.status_tasks import Batch, Refresh, Request, Task

INTERRUPTED = "interrupted"
GONE = "without a status stack (deploy it again, or discard the message)"


class Companion:
    """The status stack of a stack, which is looked for once, when it is needed first."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    @property
    def is_gone(self) -> bool:
        """Whether it is known that there is none."""
        return self.found is None

    @cached_property
    def found(self) -> Stack | str | None:
        """The stack, why it is not known, or None if there is none."""
        try:
            return companion(self._stack)
        except (ClientError, BotoCoreError) as error:
            return explain(error)


@dataclass
class StatusTally:
    """What became of the messages of the status stack.

    done: messages whose task is done, and so deleted; refreshed: shipments; failed: why messages
    stay on the queue, and how many.
    """

    done: int = 0
    refreshed: int = 0
    failed: Counter[str] = field(default_factory=Counter)


class StatusRedrive:
    """The tasks of one redrive: noted while it walks the queue, done together after that.

    companion: the status stack; delete: deletes a message from the queue, once it is saved.
    """

    def __init__(
        self, stack: Stack, companion: Companion, delete: Callable[[Message], None]
    ) -> None:
        self._stack = stack
        self._companion = companion
        self._delete = delete
        self._tasks: list[tuple[Task, Message]] = []
        self._stored: dict[str, str] = {}  # a shipment's earliest row in the batches' times
        self._failed: dict[str, str] = {}  # why, by shipment
        self._stopped = ""  # why nothing more can be done
        self.tally = StatusTally()

    def note(self, task: Task, message: Message) -> None:
        """Take note of what to do, and of the message to delete after it."""
        self._tasks.append((task, message))

    def run(self, output: Output, interrupt: Interrupt) -> None:
        """Do what was noted; delete the message of each task once all of it is done.

        Raises ClientError, BotoCoreError, OSError if a message cannot be saved or deleted.
        """
        if not self._tasks or interrupt.asked:
            return
        status = self._companion.found
        if not isinstance(status, Stack):
            self.tally.failed[status or GONE] = len(self._tasks)
            return
        batches = [task for task, _ in self._tasks if isinstance(task, Batch)]
        unread = self._read(batches, output, interrupt) if batches else ""
        self._refresh(status, _merged(batches), output, interrupt)
        for task, message in self._tasks:
            if isinstance(task, Request):
                why = self._invoke(status, task, interrupt)
            elif isinstance(task, Batch):
                why = unread or self._failed_in(task)
            else:
                why = self._failed.get(task.shipment, "")
            if why:
                self.tally.failed[why] += 1
                continue
            self._delete(message)
            self.tally.done += 1

    def _read(self, batches: Sequence[Batch], output: Output, interrupt: Interrupt) -> str:
        """Note which shipments have rows in the batches' times; return why not all, or nothing.

        The table is read once, however many batches there are.
        """
        spans = _merged(batches)
        times = spans[0].since, spans[-1].until
        scan = Scan(self._stack, ("shipmentId", "processedAt"), stored=times)
        try:
            for rows in scan.pages(output, interrupt):
                for row in rows:
                    shipment, stored = row["shipmentId"], row["processedAt"]
                    if any(each.since <= stored <= each.until for each in spans):
                        self._stored[shipment] = min(stored, self._stored.get(shipment, stored))
        except (ClientError, BotoCoreError) as error:
            return explain(error)
        return INTERRUPTED if interrupt.asked else ""

    def _refresh(
        self, status: Stack, spans: Sequence[Batch], output: Output, interrupt: Interrupt
    ) -> None:
        """Refresh the shipments of all tasks, and note those that failed."""
        wanted: dict[str | None, set[str]] = {}
        for task, _ in self._tasks:
            if isinstance(task, Refresh):
                wanted.setdefault(task.since, set()).add(task.shipment)
        for shipment, stored in self._stored.items():
            first = next(each.since for each in spans if stored <= each.until)
            wanted.setdefault(first, set()).add(shipment)
        with output.progress("Refreshing", sum(map(len, wanted.values()))) as advance:
            for since, shipments in wanted.items():
                left: Iterable[str] = shipments
                if not self._stopped:
                    result = refresh(status, sorted(shipments), since, interrupt, advance)
                    self.tally.refreshed += result.refreshed
                    self._failed |= {each: f"{each}: {why}" for each, why in result.failed.items()}
                    self._stopped, left = result.stopped, result.left
                self._failed |= dict.fromkeys(left, self._stopped or INTERRUPTED)

    def _failed_in(self, batch: Batch) -> str:
        """Return why a shipment failed whose earliest row is in a batch's times, or nothing.

        Its later rows need no message of theirs: who refreshes it since then sees them, too.
        """
        return next(
            (
                why
                for shipment, why in self._failed.items()
                if batch.since <= self._stored.get(shipment, "") <= batch.until
            ),
            "",
        )

    def _invoke(self, status: Stack, task: Request, interrupt: Interrupt) -> str:
        """Ask the status function once more; return why it did not do it, or nothing."""
        if self._stopped or interrupt.asked:
            return self._stopped or INTERRUPTED
        try:
            answer = status.client("lambda", config=CALLS).invoke(
                FunctionName=status["ShipmentStatusFunctionName"], Payload=json.dumps(task.payload)
            )
            text = answer["Payload"].read()
        except (ClientError, BotoCoreError) as error:
            self._stopped = explain(error)
            return self._stopped
        return error_of(json.loads(text)) if "FunctionError" in answer else ""


def _merged(batches: Iterable[Batch]) -> list[Batch]:
    """Return batches in their order, those whose times overlap as one."""
    merged: list[Batch] = []
    for each in sorted(batches):
        if merged and each.since <= merged[-1].until:
            merged[-1] = Batch(merged[-1].since, max(merged[-1].until, each.until))
        else:
            merged.append(each)
    return merged
