"""What the command redrive prints of what it did."""

from collections import Counter
from pathlib import Path

from shipments.errors import one_line
from shipments.output import Output, number
from shipments.redrive import Tally
from shipments.status_redrive import StatusTally
from shipments.survey import listed


def report(output: Output, tally: Tally, status: StatusTally, saved: Path | None) -> None:
    """Print what was done."""
    failed = [{**each.update.fields, "why": each.failed_again} for each in tally.failed_again]
    output.record(
        {
            "redriven": len(tally.redriven),
            "stored": tally.stored,
            "failedAgain": len(tally.failed_again),
            "unknown": tally.unknown,
            "notAccepted": len(tally.not_accepted),
            "skipped": dict(tally.skipped),
            "copiesDeleted": tally.copies,
            "statusStack": {
                "done": status.done,
                "shipmentsRefreshed": status.refreshed,
                "failed": dict(status.failed),
            },
            "stopped": tally.stopped,
            "saved": str(saved) if saved else None,
            "failedAgainUpdates": failed,
        }
    )
    counts = {
        "stored": tally.stored,
        "failed again": len(tally.failed_again),
        "not known yet": tally.unknown,
    }
    parts = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    done = f"Redriven {len(tally.redriven):,}{f': {parts}' if parts else ''}."
    show_counts(output, done, tally.skipped)
    if tally.failed_again:
        why = Counter(one_line(each.failed_again) for each in tally.failed_again)
        output.show(f"Failed again: {listed(why)}")
    if tally.not_accepted:
        why = Counter(one_line(why) for _, why in tally.not_accepted)
        output.show(f"Still on the queue: {listed(why)}")
    if tally.copies:
        output.show(f"Deleted {number(tally.copies, 'more message')} of stored updates.")
    if status.done:
        refreshed, done = number(status.refreshed, "shipment"), number(status.done, "message")
        output.show(f"Status stack: {refreshed} refreshed, {done} deleted.")
    if status.failed:
        output.show(f"Status stack, still on the queue: {listed(status.failed)}")
    if saved:
        output.show(f"The originals are in {saved}.")
    if tally.failed:
        output.say("Use --fix or --details for what would be rejected, or --as-is.")
    if tally.stopped:
        output.say(f"Ended early: {tally.stopped}")
    if tally.unknown:
        output.say(
            "Not known yet: the function still works on it, or tries again for three minutes. "
            "Then see: shipments failed"
        )


def show_counts(output: Output, done: str, skipped: Counter[str]) -> None:
    """Print what was done, what was skipped, and the rules that skipped updates break."""
    skips: Counter[str] = Counter()
    rules_broken: Counter[str] = Counter()
    for why, count in skipped.items():
        skip, _, rule = why.partition(": ")
        skips[skip] += count
        if rule:
            rules_broken[rule] += count
    output.show(f"{done} Skipped {skips.total():,}: {listed(skips)}." if skips else done)
    if rules_broken:
        output.show(f"Would be rejected: {listed(rules_broken)}")
