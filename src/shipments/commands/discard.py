"""The command discard."""

from collections.abc import Callable
from pathlib import Path

import click

from shipments.errors import CommandError, one_line
from shipments.failed import Message, read
from shipments.failed_queue import FailedQueue
from shipments.files import add_line, private
from shipments.interrupt import Interrupt
from shipments.listing import tell_of_hidden
from shipments.oneline import INTERRUPTED
from shipments.options import Target, examples, for_stack
from shipments.output import Output, number


@click.command(
    short_help="Take one message off the failed-updates queue.",
    epilog=examples(
        "shipments discard --message 5fea7756-0ea4-451a-a703-a558b933e274 --save discarded.jsonl",
    ),
)
@click.option(
    "--message",
    "wanted",
    required=True,
    metavar="ID",
    help="The message's id, as failed --json shows it; or the event's, if one message has it.",
)
@click.option(
    "--save",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to add the message before it is deleted.",
)
@for_stack
def discard(*, target: Target, output: Output, wanted: str, save: Path) -> int:
    """Take one message off the failed-updates queue, after it is saved.

    It is for what cannot be redriven: a message that is unreadable, an update that nobody needs,
    or a message of a status stack that is gone. FILE gets one line of JSON, in the form of redrive
    --save, and is made with access for its owner only.

    Exit status: 1 if the message is not on the queue.
    """
    stack = target.find()
    with (
        Interrupt() as interrupt,
        FailedQueue(stack.client("sqs"), stack["FailedUpdatesQueueUrl"]) as queue,
    ):
        visible, hidden = queue.depth()
        with output.progress("Reading", visible) as advance:
            found, others = _find(queue, wanted.strip(), interrupt, advance)
        if found and not interrupt.asked:
            with private(save, "a") as file:
                add_line(file, found.saved)
            queue.delete(found)
    if interrupt.asked:
        output.say("Interrupted: nothing was discarded.")
        return INTERRUPTED
    if not found:
        output.say(f"No message has the id {one_line(wanted)}; {number(others, 'other')}.")
        tell_of_hidden(output, queue, hidden)
        return 1
    update = read(found)
    output.record({**update.fields, "savedTo": str(save)})
    what = f"of shipment {one_line(update.shipment)}" if update.shipment else "without a shipment"
    output.show(f"Discarded message {found.id} {what}; it is kept in {save}.")
    return 0


def _find(
    queue: FailedQueue, wanted: str, interrupt: Interrupt, advance: Callable[[float], None]
) -> tuple[Message | None, int]:
    """Return the message with an id, or the one whose event has it, and how many others there are.

    Raises CommandError if an event has several.
    """
    of_event: list[Message] = []
    others = 0
    for message in queue.walk(interrupt):
        advance(1)
        if message.id == wanted:
            return message, others
        if read(message).envelope_id == wanted:
            of_event.append(message)
        else:
            others += 1
    if len(of_event) > 1:
        ids = ", ".join(sorted(message.id for message in of_event))
        raise CommandError(
            f"--message: this is an event of {len(of_event)} messages, pass the id of one: {ids}"
        )
    return (of_event[0] if of_event else None), others
