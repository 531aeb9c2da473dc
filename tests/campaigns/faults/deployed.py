"""Runs cases on a deployed stack, many at once: Lambda and the redrive are the real ones."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from shipments.failed import FailedUpdate, Where
from tests.campaigns.faults import proxy
from tests.campaigns.faults.cases import Case, Fields, State
from tests.campaigns.faults.faults import KILLED, KILLED_AFTER
from tests.campaigns.faults.proxy import Proxy
from tests.campaigns.faults.redriving import Operator
from tests.campaigns.faults.run import ATTEMPTS
from tests.integration.pipeline import EMULATED, Pipeline, RaisedError

# A function that is ended while it waits is ended long before its client gives up waiting.
SHORT_SECONDS = 1
LONG_SECONDS = 30
# Each update on its way has a worker of its own in the emulator: more would wait for processors.
AT_ONCE = 4
TOGETHER = 12
PATIENCE_SECONDS = 120
TRIED_AGAIN = 2
SHIPMENT = re.compile(rb"it-[0-9a-f]{8}-\d{5}")


@dataclass
class Trial:
    """A case on its way: an update of it that is attempted once, and another, thrice."""

    case: Case
    once: Fields
    thrice: Fields
    raised: str = ""
    states: tuple[State, ...] = ()

    @property
    def is_as_expected(self) -> bool:
        """Whether what was seen is what the table says."""
        case = self.case
        expected = (case.once, case.thrice, case.repaired)
        return (self.raised, self.states) == (case.fault.raised, expected)

    @property
    def killed(self) -> bool:
        """Whether Lambda is to end the function."""
        return self.case.fault in {KILLED, KILLED_AFTER}


@contextmanager
def laboratory() -> Iterator["Laboratory"]:
    """Deploy a stack whose function's calls go through a proxy, for the length of a with block."""
    with proxy.standing() as between:
        settings = {"AWS_ENDPOINT_URL": between.endpoint, "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.05"}
        with ministack.running(settings) as emulator:
            between.join(emulator)
            yield Laboratory(emulator, between)


class Laboratory:
    """The stack, the proxy, and those who use them."""

    def __init__(self, emulator: ministack.Emulator, between: Proxy) -> None:
        self._client: Callable[[str], Any] = emulator.client
        parameters = {**ministack.PARAMETERS, "EnvironmentSuffix": "faults"}
        template = TEMPLATE.read_text("utf-8")
        self.stack = deployment.deploy(self._client, "faults", template, parameters)
        self.pipeline = Pipeline(self.stack, self._client, EMULATED)
        self.operator = Operator(emulator, self.stack)
        self._proxy = between
        self._broken: dict[str, Case] = {}
        self._met: Counter[str] = Counter()  # the broken calls of each shipment
        self._proxy.plan = self._plan

    def run(self, cases: Sequence[Case]) -> list[Trial]:
        """Run cases and return what was seen of them, in their order.

        A function that was ended before its call, because the machine is busy, is tried again.
        """
        trials = self._tried(cases)
        for _ in range(TRIED_AGAIN):
            early = [number for number, trial in enumerate(trials) if self._ended_early(trial)]
            for number, trial in zip(
                early, self._tried([trials[n].case for n in early]), strict=True
            ):
                trials[number] = trial
        return trials

    def _tried(self, cases: Sequence[Case]) -> list[Trial]:
        trials = [Trial(case, self._update(case), self._update(case)) for case in cases]
        for start in range(0, len(trials), TOGETHER):
            self._try(trials[start : start + TOGETHER])
        return trials

    def _ended_early(self, trial: Trial) -> bool:
        """Return whether an attempt that was to be ended at its call did not come so far."""
        met = [self._met[shipment(each)] for each in (trial.once, trial.thrice)]
        return trial.killed and not trial.is_as_expected and met != [1, ATTEMPTS]

    def _try(self, trials: list[Trial]) -> None:
        for killed, seconds in ((True, SHORT_SECONDS), (False, LONG_SECONDS)):
            self._end_after(seconds)
            self._attempt([trial for trial in trials if trial.killed is killed])
        for trial in trials:
            del self._broken[shipment(trial.once)], self._broken[shipment(trial.thrice)]
        self._repair(trials)

    def _attempt(self, trials: list[Trial]) -> None:
        if not trials:
            return
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._invoke, trials))
        failed = self._wait(trials)
        for trial in trials:
            once = self._state(trial.once, failed, pending=bool(trial.raised))
            trial.states = (once, self._state(trial.thrice, failed, pending=False))

    def _invoke(self, trial: Trial) -> None:
        """Have the function take both updates, one in vain, the other until Lambda gives up."""
        self.pipeline.invoke_later(trial.thrice)
        try:
            self.pipeline.invoke(trial.once)
        except RaisedError as error:
            trial.raised = "killed" if "timed out" in str(error) else self._error(trial.once)

    def _error(self, envelope: Fields) -> str:
        (line,) = self.pipeline.wait_for_log(shipment(envelope))
        return str(line["error"]).split()[-1]

    def _wait(self, trials: list[Trial]) -> list[FailedUpdate]:
        """Return what is on the queue once Lambda is done with all the updates."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            failed = self.operator.failed()
            given_up = {each.envelope_id for each in failed if each.where is Where.FUNCTION}
            going = [
                trial.case.name
                for trial in trials
                if trial.thrice["id"] not in given_up and not self._is_done(trial.thrice)
            ]
            if not going:
                return failed
            assert time.monotonic() < give_up, f"nothing became of {going}"

    def _is_done(self, envelope: Fields) -> bool:
        lines = self.pipeline.log(shipment(envelope))
        return any(line["outcome"] != "failed" for line in lines)

    def _repair(self, trials: list[Trial]) -> None:
        before = {each.envelope_id for each in self.operator.failed()}
        for trial in trials:
            if trial.thrice["id"] not in before:
                self.pipeline.invoke(trial.thrice)
        self.operator.redrive()
        failed = self.operator.failed()
        for trial in trials:
            trial.states += (self._state(trial.thrice, failed, pending=False),)

    def _state(self, envelope: Fields, failed: list[FailedUpdate], *, pending: bool) -> State:
        rows = self.pipeline.rows(shipment(envelope))
        row = "no row"
        if rows:
            row = "row, marked" if "alertedAt" in rows[0] else "row"
        copies = [each for each in failed if each.envelope_id == envelope["id"]]
        queue = f"queue ({len(copies)})" if len(copies) > 1 else "queue"
        places = {"table": rows, queue: copies, "Lambda": pending}
        alerts = len(self.pipeline.alerts(shipment(envelope)))
        assert len(rows) <= 1, f"{envelope} is {len(rows)} rows"
        return State(row, alerts, ", ".join(name for name in places if places[name]))

    def _update(self, case: Case) -> Fields:
        """Return the case's update as one of a shipment of its own, whose call is to break."""
        name = self.pipeline.shipment()
        self._broken[name] = case
        envelope = case.update.envelope
        return {**envelope, "id": name, "detail": {**envelope["detail"], "shipmentId": name}}

    def _plan(self, call: proxy.Call) -> proxy.Fault:
        found = SHIPMENT.search(call.body)
        case = self._broken.get(found[0].decode()) if found else None
        if found is None or case is None or case.call != call.operation or case.fault.wire is None:
            return proxy.through
        self._met[found[0].decode()] += 1
        return case.fault.wire

    def _end_after(self, seconds: int) -> None:
        self._client("lambda").update_function_configuration(
            FunctionName=self.stack["ShipmentProcessorFunctionName"], Timeout=seconds
        )


def shipment(envelope: Fields) -> str:
    """Return an envelope's shipment."""
    return str(envelope["detail"]["shipmentId"])
