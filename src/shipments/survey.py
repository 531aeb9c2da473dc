"""Looks at the queue before anything is redriven: what a plan would do to each update."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from shipments.failed import FailedUpdate, Where, read
from shipments.failed_queue import FailedQueue
from shipments.interrupt import Interrupt
from shipments.output import Output, number
from shipments.plan import NOT_SELECTED, Plan, Verdict

SHOWN = 20
SKIPS_SHOWN = 5


@dataclass
class Survey:
    """What there is, each update once. mails: at most how many mails the redrive causes.

    tasks: how many messages of the status stack are redriven, which are no updates; examples: the
    first of the selected updates; matched: ids of the details file that were found; broken: why an
    update with values from the details file is rejected, by its id there.
    """

    plan: Plan
    redrive: int = 0
    tasks: int = 0
    changed: int = 0
    mails: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[FailedUpdate, Verdict]] = field(default_factory=list)
    matched: set[str] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)

    def walk(
        self, queue: FailedQueue, interrupt: Interrupt, advance: Callable[[float], None]
    ) -> Iterator[tuple[FailedUpdate, Verdict]]:
        """Look at each message of the queue; yield the selected updates."""
        seen: set[tuple[str, bool]] = set()
        for message in queue.walk(interrupt):
            advance(1)
            update = read(message)
            line_id = self.plan.repairs.id_of(update, message.id)
            self.matched.add(line_id)
            # The whole copy of a stored update is not a copy of its failure.
            key = (update.key, update.where is Where.TOO_BIG)
            if key in seen:
                continue
            seen.add(key)
            verdict = self.plan.verdict(update, message.id)
            self._count(update.in_short(), verdict, line_id)
            if verdict.skip != NOT_SELECTED:
                yield update, verdict

    @property
    def selected(self) -> int:
        """How many messages are selected, those among them that are skipped all the same too."""
        return self.redrive + self.tasks + self.skipped.total() - self.skipped[NOT_SELECTED]

    def problems(self) -> list[str]:
        """Return what is wrong with the lines of the details file, in their order."""
        lines = self.plan.repairs.lines or {}
        found = dict.fromkeys(lines.keys() - self.matched, "is not on the queue")
        found |= self.broken
        by_number = sorted((lines[known].number, known) for known in found)
        return [f"line {line}: {known}: {found[known]}" for line, known in by_number]

    def show(self, output: Output) -> None:
        """Print the first of the selected updates, and what becomes of them."""
        if self.plan.repairs:
            rows = [
                [update.shipment or "-", text_of(verdict), changes_of(verdict)]
                for update, verdict in self.examples
            ]
            output.lines(("Shipment", "Verdict", "Changes"), rows, fold=True)
            return
        rows = [
            [update.shipment or "-", update.where.value, text_of(verdict)]
            for update, verdict in self.examples
        ]
        output.lines(("Shipment", "Where", "Verdict"), rows, fold=True)

    def _count(self, update: FailedUpdate, verdict: Verdict, line_id: str) -> None:
        self.failed += verdict.failed
        if verdict.failed and verdict.changes and line_id:
            self.broken[line_id] = verdict.skip
        if verdict.skip:
            self.skipped[verdict.skip] += 1
        elif verdict.does:
            self.tasks += 1
        else:
            self.redrive += 1
            self.changed += bool(verdict.changes)
            self.mails += verdict.mails
        if verdict.skip != NOT_SELECTED and len(self.examples) < SHOWN:
            self.examples.append((update, verdict))


def text_of(verdict: Verdict) -> str:
    """Return a verdict in words."""
    if verdict.skip:
        return f"skip: {verdict.skip}"
    return f"redrive: {verdict.does}" if verdict.does else "redrive"


def changes_of(verdict: Verdict) -> str:
    """Return an update's old and new values on one line."""
    changes = [f"{name}: {old or 'missing'} → {new}" for name, old, new in verdict.changes]
    return "; ".join(changes) or "-"


def listed(counts: Counter[str]) -> str:
    """Return counts with what is counted, the most frequent first."""
    found = [f"{count:,} {what}" for what, count in counts.most_common(SKIPS_SHOWN)]
    rest = counts.total() - sum(count for _, count in counts.most_common(SKIPS_SHOWN))
    return "; ".join([*found, *([f"{number(rest, 'other')}"] if rest else [])])
