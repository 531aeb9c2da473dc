"""The page's part about the companion."""

import textwrap
from collections.abc import Iterable

from tests.campaigns.faults.faults import DONE, DYNAMODB, SNS, SQS, UNDONE, Fault
from tests.campaigns.faults.status_cases import (
    AFTER,
    BEFORE,
    LOST,
    NOT_DONE,
    SORTS,
    TABLE,
    Line,
    State,
)

INTRODUCTION = """\
## The status stack

Its function keeps a status of each shipment and mails people in digests. Here each of its calls
fails while something happens to a shipment. Of the calls, `Query` reads the shipment's rows,
`UpdateItem` *status* writes its item, *unheard* notes what is to be mailed, *turn* and *end of
turn* see to it that one invocation mails at a time, and *mark* or *silence* notes what was mailed;
`Scan` *due* finds what is to be mailed and *silent* the shipments that are stuck, `BatchGetItem`
reads what is due, and `ListSubscriptionsByTopic` asks whether anybody gets it; `PutItem` notes a
rejected update, and `DeleteItem` removes that, or the item of a shipment without rows;
`SendMessage` keeps a shipment whose rows cannot be read.

An item is never wrong: it is right, or it is as before and the stream or the queue has what makes
it right. What is to be mailed is mailed at least once, and again only if

- the failure was between publication and mark, or
- a rejected update was noted and then mailed, while Lambda was not told that it was noted, and
  tries again.

{sum}

{sorts}
- **killed**: Lambda ends the function while it waits for the call, or it crashes there: before or
  after the service has done what was asked.
- **Once**: after one attempt. **Lasting**: the minute's rule and Lambda's next two attempts met the
  fault, too. Then Lambda gives up a request and puts it on the queue. It hands over a batch up to a
  hundred times more; where *its batch is given up*, that is on the queue, too. **Repaired**: the
  fault is gone, a row that could not be read was put right, the queue was redriven, and the stream
  and the rule ran again.
- Each of these says whether the shipment's item is right, old (as before, or none yet), or half
  (right, but the next shipment of the batch has an old one); how many mails were sent so far; and
  who has what is still to be done: the *stream*, which goes on with the first row that failed;
  *Lambda*, which tries again; the *queue*; or the item itself, which is *due* and so is mailed by
  the rule within minutes, or on the next day if it is about a shipment that is stuck. A run of the
  rule that Lambda ended three times is on the queue, too.

An answer that is lost counts twice, because the function's client asks once more by itself.

| What happens | Call, and how it fails | Once | Lasting | Repaired |
| --- | --- | --- | --- | --- |
"""


def sums() -> dict[str, int]:
    """Return what is to be nothing, and what is not, over all the cases."""
    every = [(each, case) for each in TABLE for case in each.cases()]
    repeats = [(case, each.states[-1].mails - case.story.mails) for each, case in every]
    return {
        "cases": len(every),
        "shipments whose status is wrong in the end": sum(
            each.states[-1].item not in {"right", "-"} for each, _ in every
        ),
        "mails lost": sum(count < 0 for _, count in repeats),
        "mails repeated otherwise": sum(
            count for case, count in repeats if count > 0 and not case.may_repeat
        ),
        "mails repeated for one of the two reasons": sum(
            count for case, count in repeats if count > 0 and case.may_repeat
        ),
    }


def render() -> str:
    """Return the part about the companion."""
    counted = [f"| {name} | {number} |" for name, number in sums().items()]
    sorts = [
        _listed(NOT_DONE, (*DYNAMODB, *SNS, *SQS, *UNDONE)),
        _listed(LOST, DONE),
    ]
    introduction = INTRODUCTION.format(
        sum="\n".join(["| over all the faults | |", "| --- | ---: |", *counted]),
        sorts="\n".join(sorts),
    )
    return introduction + "".join(map(_row, TABLE))


def _listed(sort: str, faults: Iterable[Fault]) -> str:
    titles = "; ".join(dict.fromkeys(fault.title for fault in faults))
    return textwrap.fill(f"- **{sort}**: {titles}.", 100, subsequent_indent="  ")


def _row(each: Line) -> str:
    stories = "; ".join(story.name for story in each.stories)
    by_sorts: dict[str, list[str]] = {}
    for call, sorts in each.broken.items():
        by_sorts.setdefault(_sorts(sorts), []).append(f"`{call.title}`")
    broken = "; ".join(f"{', '.join(calls)}: {sorts}" for sorts, calls in by_sorts.items())
    return f"| {' | '.join([stories, broken, *map(_cell, each.states)])} |\n"


def _sorts(sorts: tuple[str, ...]) -> str:
    if sorts == SORTS:
        return "any"
    return "killed" if sorts == (BEFORE, AFTER) else " or ".join(sorts)


def _cell(state: State) -> str:
    mails = "no mail" if not state.mails else f"{state.mails} mail"
    return f"{state.item}; {mails}{'s' if state.mails > 1 else ''}; {state.where}"
