"""The handler with a claim, which is not adopted: docs/decisions.md says why.

Twins that are on their way at one instant alert twice. With the claim a row carries the id of the
request that made it, which Lambda's retries keep. Who finds a row of another request that is
younger than CLAIM_MS and has no mark yet leaves the alert to that one, or to its retry.

Only here does time matter, so these schedules have minutes: an attempt ends within its minute, a
retry comes one minute or two after the attempt before it, and the claim lasts for the minute.
"""

from collections.abc import Iterator

from tests.campaigns.worlds.attempts import Handler
from tests.campaigns.worlds.seeded import Variant
from tests.campaigns.worlds.world import Progress, Schedules, State, Step, World

IS_CLAIMED = '''\
def is_claimed(existing: Fields, log: Fields, now_ms: int) -> bool:
    """Return whether another invocation made the row just now, and may be about to alert."""
    made_by = existing.get("requestId", {}).get("S", log["requestId"])
    age_ms = now_ms - epoch_ms(existing["processedAt"]["S"]) if existing else 0
    return made_by != log["requestId"] and age_ms < CLAIM_MS


'''
STARTS = '    log: Fields = {"outcome": "failed", "ProcessingErrors": 1}\n'
CLAIM = Variant(
    "a claim by request id",
    (
        ("HOUR_MS = 3_600_000\n", "HOUR_MS = 3_600_000\nCLAIM_MS = 45_000\n"),
        (STARTS, STARTS + '    log["requestId"] = context.aws_request_id\n'),
        ("if finish(", "if not is_claimed(existing, log, now_ms) and finish("),
        ("item = row(update, now_ms)", 'item = row(update, now_ms, log["requestId"])'),
        (
            "def row(update: Update, now_ms: int)",
            "def row(update: Update, now_ms: int, maker: str)",
        ),
        (
            '        "processedAt": {"S": iso(now_ms)},\n',
            '        "processedAt": {"S": iso(now_ms)},\n        "requestId": {"S": maker},\n',
        ),
        ("def send_to_failed_updates(", IS_CLAIMED + "def send_to_failed_updates("),
    ),
)
STARTED, MINUTE = "started", "a minute passes"
NOBODY = -1  # the delivery of a step that is no delivery's


class Minutes(Schedules):
    """The steps of a world in which time counts.

    A redrive waits: the operator's command leaves a message alone for a minute.
    """

    def __init__(self, world: World, handler: Handler, *, redrive_waits: bool) -> None:
        super().__init__(world, handler)
        self._redrive_waits = redrive_waits

    def steps(self, state: State) -> Iterator[tuple[Step, State]]:
        """Yield each step that can follow, and the state after it."""
        yield from super().steps(state)
        for number, progress in enumerate(state.progress):
            if progress.attempts and progress.moment is None and progress.due <= state.minute:
                yield Step(number, STARTED), state.changed(number, self._begun(state, number))
        open_ones = [each for each in state.progress if not each.code]
        is_quiet = all(each.moment is None for each in open_ones)
        if is_quiet and any(state.minute <= each.due for each in open_ones):
            yield Step(NOBODY, MINUTE), state._replace(minute=state.minute + 1)

    def _begun(self, state: State, number: int) -> Progress:
        progress = state.progress[number]
        request_id = f"{number}-{progress.redrives}"  # the same for each attempt of Lambda's
        event = self.world.deliveries[number].event
        return progress._replace(moment=self._handler.first(event, request_id, state.minute))

    def _attempted(self, state: State, number: int, attempts: int) -> Progress:
        before = state.progress[number]
        waits = self.world.deliveries[number].attempts - attempts if attempts else 0
        if before.is_queued and self._redrive_waits and state.account.rows:
            waits = 1
        return Progress(None, attempts, before.redrives, due=state.minute + waits)
