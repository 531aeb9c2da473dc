"""Has the status function compute shipments anew from their rows in the log."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shipments import stack
from shipments.errors import explain
from shipments.interrupt import Interrupt
from shipments.sending import is_local
from shipments.stack import Stack

# The function takes 100. With fewer a request takes a second or two, so that an interrupt ends the
# command soon.
IDS_PER_REQUEST = 25
# The function may run for a minute. A client that gives up before asks again, for the same.
CALLS = stack.CALLS.merge(Config(read_timeout=70))
# Requests at once: a few, because the stream's batches need the function, too.
AT_ONCE = 4
# A function that fails so often as a whole fails for a reason that concerns every shipment.
MOST_FAILURES = 5
# No row was stored since then: whoever is refreshed since then is mailed about nothing.
NOTHING_NEW = "9999-12-31T23:59:59.999Z"


@dataclass
class Refreshed:
    """What became of the shipments that were asked for.

    failed: why, by shipment; stopped: why it ended early, for a reason that concerns every
    shipment; left: those that are neither refreshed nor failed then, or after an interrupt.
    """

    asked: int
    refreshed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    left: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether each shipment is refreshed."""
        return self.refreshed == self.asked


def refresh(
    companion: Stack,
    ids: Iterable[str],
    since: str | None = None,
    interrupt: Interrupt | None = None,
    advance: Callable[[float], None] = lambda _: None,
) -> Refreshed:
    """Refresh the status of shipments, each once, and return what became of them.

    companion: the status stack. since: ISO 8601; what was stored since then is mailed if it is
    critical and nobody was mailed; without it only the current status is. Ends early, after what
    is under way, once an interrupt is asked for. Raises nothing of AWS: see Refreshed.stopped.
    """
    wanted = list(dict.fromkeys(ids))
    run = _Run(companion, since, interrupt or Interrupt(), Refreshed(len(wanted)))
    at_once = 1 if is_local(run.client.meta.endpoint_url) else AT_ONCE
    with ThreadPoolExecutor(at_once) as pool:
        for done in pool.map(run.ask, _parts(wanted)):
            advance(done)
    return run.result


class _Run:
    """One run over shipments, in several threads."""

    def __init__(
        self, companion: Stack, since: str | None, interrupt: Interrupt, result: Refreshed
    ) -> None:
        self.client = companion.client("lambda", config=CALLS)
        self.result = result
        self._function = companion["ShipmentStatusFunctionName"]
        self._since = {} if since is None else {"since": since}
        self._interrupt = interrupt
        self._adding = threading.Lock()
        self._failures = 0

    def ask(self, ids: Sequence[str]) -> int:
        """Refresh some shipments, unless it has to end; return how many were asked for."""
        answer = None
        try:
            if not (self._interrupt.asked or self.result.stopped):
                answer = self._invoke(ids)
        except (BotoCoreError, ClientError) as error:
            self.result.stopped = explain(error)
        if answer is None:
            self.result.left += ids
            return 0
        with self._adding:
            failed = answer.get("failed")
            if failed is None:
                why = str(answer.get("errorMessage") or "the function gave no answer")
                failed = dict.fromkeys(ids, why)
                self._failures += 1
                if self._failures == MOST_FAILURES:
                    self.result.stopped = f"the status function fails: {why}"
            self.result.failed.update(failed)
            self.result.refreshed += len(ids) - len(failed)
        return len(ids)

    def _invoke(self, ids: Sequence[str]) -> dict[str, Any]:
        """Return the function's answer, or what Lambda says of its failure."""
        request = {"do": "refresh", "shipments": ids, **self._since}
        answer = self.client.invoke(FunctionName=self._function, Payload=json.dumps(request))
        parsed = json.loads(answer["Payload"].read() or "null")
        return parsed if isinstance(parsed, dict) else {}


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), IDS_PER_REQUEST):
        yield ids[start : start + IDS_PER_REQUEST]
