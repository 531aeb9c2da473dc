"""Checks a file of updates and sends it; what is not sent is in a file, whatever happens."""

import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from shipments import lines, rules
from shipments.broken import BrokenFile, BrokenLines
from shipments.deployed import rules_line
from shipments.errors import CommandError, one_line
from shipments.interrupt import Interrupt
from shipments.lines import Broken, Line, LineError, Place
from shipments.mapping import mapped
from shipments.output import Output, number
from shipments.sending import Sender
from shipments.stack import Stack
from shipments.unsent import Source, Unsent, free_path

INTERRUPTED = 130


@dataclass(frozen=True)
class Job:
    """A file to send, and how: its name (- is standard input) and the command's options.

    source: whose payloads it has, if not details.
    """

    file: str
    form: str | None
    source: str | None
    as_is: bool
    skip_broken: bool
    unsent: Path | None
    rate: float

    @property
    def name(self) -> str:
        """The file's name for messages."""
        name = "standard input" if self.file == "-" else self.file
        return f"{name}, mapped from {self.source}" if self.source else name

    @property
    def csv(self) -> bool:
        """Whether the file is CSV."""
        form = "jsonl" if self.source else self.form or Path(self.file).suffix.lower().lstrip(".")
        return form == "csv"

    @property
    def base(self) -> Path:
        """What the files that are made are named after."""
        return Path("stdin.jsonl" if self.file == "-" else self.file)

    def records(self, stream: BinaryIO) -> Iterator[Line | Broken]:
        """Yield the file's lines, checked."""
        read = lines.FORMATS["csv" if self.csv else "jsonl"]
        return lines.checked(read(stream), as_is=self.as_is)


def send_file(stack: Stack, output: Output, job: Job) -> int:
    """Check a file and send it; return the exit status."""
    output.say(rules_line(stack))
    try:
        with _opened(job) as stream:
            total, broken, copy = _check(job, stream, output)
            if not total and not broken.total:
                raise CommandError(f"{job.name}: has no update in it")
            if broken.total:
                _report_broken(job, stream, broken, total, output)
            source = Source(stream, lambda file: _good(job, file))
            unsent = _unsent(job)
            with Interrupt() as interrupt:
                sender = Sender(stack.client("events"), stack["EventBusName"], interrupt, job.rate)
                sent = _send(job, sender, source, total, unsent, output)
    except LineError as error:
        raise CommandError(f"{job.name}: {error}: correct the file") from None
    _report(output, job, sent, unsent, broken.total, copy)
    return INTERRUPTED if interrupt.asked else min(1, unsent.reasons.total() + broken.total)


def _check(job: Job, stream: BinaryIO, output: Output) -> tuple[int, BrokenLines, Path | None]:
    """Return how many updates can be sent, the lines that cannot, and the file that has them.

    Raises LineError.
    """
    total, broken = 0, BrokenLines()
    first: Place | None = None
    copy: BrokenFile | None = None
    try:
        with output.progress("Checking", None) as advance:
            for line in job.records(stream):
                first = first or line.place
                advance(1)
                if isinstance(line, Line):
                    total += 1
                    continue
                broken.add(line)
                if job.skip_broken:
                    copy = copy or _broken_file(job, stream, first)
                    copy.add(line.place)
        useless = not total
    except BaseException:
        useless = True
        raise
    finally:
        if copy:
            copy.close()
            if useless:
                copy.path.unlink()
    return total, broken, copy.path if copy else None


def _report_broken(
    job: Job, stream: BinaryIO, broken: BrokenLines, total: int, output: Output
) -> None:
    """Say what is wrong with which lines; raise CommandError unless they are to be skipped."""
    if total and job.skip_broken:
        broken.report(stream, output)
        return
    single = broken.total == 1
    ways = ["correct the line" if single else "correct them"]
    if total:
        ways.append("pass --skip-broken to send the others")
    if broken.all_break_rules:
        ways.append(f"pass --as-is to have {'it' if single else 'them'} rejected and kept")
    found = f"{broken.total:,} of {number(total + broken.total, 'line')} cannot be sent"
    if single:
        (group,) = broken.groups()
        found = f"line {group.first.number}: {group.reason}"
    else:
        broken.report(stream, output)
    raise CommandError(f"{job.name}: {found}; nothing is sent: {', or '.join(ways)}")


def _good(job: Job, stream: BinaryIO) -> Iterator[Line]:
    """Yield the lines that can be sent; raise LineError if another one has become broken."""
    for line in job.records(stream):
        if isinstance(line, Line):
            yield line
        elif not job.skip_broken:
            raise LineError(f"line {line.place.number}: {line.reason}, and was not before")


def _send(  # noqa: PLR0913, PLR0917 - what sends, what is sent, and where the rest goes
    job: Job, sender: Sender, source: Source, total: int, unsent: Unsent, output: Output
) -> int:
    """Send updates, write the others to the file of the unsent; return how many were sent."""
    sent = 0
    try:
        with output.progress("Sending", total) as advance:
            for outcome in sender.send(source.texts()):
                for text, why in outcome.unsent:
                    unsent.add(text, why)
                sent += len(outcome.events)
                count = len(outcome.events) + len(outcome.unsent)
                source.settle(count)
                advance(count)
    except BaseException as error:
        sender.stopped = sender.stopped or "interrupted"
        _keep(source, unsent, type(error).__name__)
        output.say(f"Sent {number(sent, 'update')}. {_again(job, unsent)}")
        if missing := total - sent - unsent.reasons.total():
            lost = f"{number(missing, 'update')} could not be kept there"
            output.say(f"{lost}: {job.name} has changed, or the disk is full.")
        raise
    unsent.close()
    return sent


def _keep(source: Source, unsent: Unsent, why: str) -> None:
    """Write all that is not known to be sent to the file of the unsent."""
    try:
        with suppress(LineError, OSError):  # who asks how many are missing sees that
            for text in source.left():
                unsent.add(text, why)
    finally:
        unsent.close()


def _report(  # noqa: PLR0913, PLR0917 - what there is to report
    output: Output, job: Job, sent: int, unsent: Unsent, broken: int, copy: Path | None
) -> None:
    """Print the counts, and what to do with what was not sent."""
    left = unsent.reasons.total()
    path = str(unsent.path) if left else None
    output.record(
        {
            "sent": sent,
            "notSent": left,
            "unsentFile": path,
            "reasons": dict(unsent.reasons),
            "broken": broken,
            "brokenFile": str(copy) if copy else None,
        }
    )
    output.show(f"Sent {number(sent, 'update')}, {left:,} not sent.")
    for why, count in unsent.reasons.most_common():
        output.say(f"{number(count, 'update')} not sent: {one_line(why)}")
    if left:
        output.say(_again(job, unsent))
    if copy:
        output.say(f"Skipped {number(broken, 'broken line')}: correct and send {copy}")


def _again(job: Job, unsent: Unsent) -> str:
    path = shlex.quote(str(unsent.path))
    return f"Send the others again: shipments send {'--as-is ' * job.as_is}{path}"


def _unsent(job: Job) -> Unsent:
    try:
        return Unsent(job.unsent or free_path(job.base, "unsent", ".jsonl"))
    except FileExistsError:
        raise CommandError(f"--unsent: {job.unsent} exists: pass another") from None
    except OSError as error:
        raise CommandError(f"--unsent: pass where to write what is not sent: {error}") from None


def _broken_file(job: Job, stream: BinaryIO, first: Place) -> BrokenFile:
    """Make the file of the broken lines; what is before the first record is the header."""
    path = free_path(job.base, "broken", ".csv" if job.csv else ".jsonl")
    header = Place(1, 0, first.start) if job.csv else None
    try:
        return BrokenFile(path, stream, header)
    except OSError as error:
        raise CommandError(f"--skip-broken: cannot write the broken lines: {error}") from None


@contextmanager
def _opened(job: Job) -> Iterator[BinaryIO]:
    """Open a file that is read twice; what can be read only once, or is mapped, is on the disk.

    Raises LineError if payloads cannot be mapped.
    """
    with ExitStack() as after:
        if job.file == "-":
            source = sys.stdin.buffer
        else:
            source = after.enter_context(Path(job.file).open("rb"))
            if not job.source and Path(job.file).is_file():
                yield source
                return
        spool = after.enter_context(tempfile.TemporaryFile())
        if job.source:
            for _, detail in mapped(source, job.source):
                spool.write(rules.to_json(detail).encode() + b"\n")
        else:
            shutil.copyfileobj(source, spool)
        spool.seek(0)
        yield cast("BinaryIO", spool)
