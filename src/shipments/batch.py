"""Makes a batch call to DynamoDB until all of it is done."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from shipments.errors import CommandError

# DynamoDB returns what it did not do if the table is throttled; tried for about a minute.
ATTEMPTS = 10
FIRST_PAUSE_SECONDS = 0.1


def answers(call: Callable[..., dict[str, Any]], left: str, requests: Any) -> Iterator[Any]:
    """Make a batch call, and again for what it left; yield its answers.

    left: the part of an answer that has what was not done. Raises CommandError if some of it is
    never done.
    """
    for attempt in range(ATTEMPTS):
        answer = call(RequestItems=requests)
        yield answer
        requests = answer[left]
        if not requests:
            return
        time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
    raise CommandError("the table is throttled, and rows are left: wait and run it again")
