"""Has taskcat create the stacks of .taskcat.yml, holds them until told, has it delete them.

It runs in taskcat's environment, started by scripts/taskcat.py: prints one line of JSON when the
stacks are created (test to stack id), and deletes them at the next line or the end of its input.
"""

import json
import logging
import sys
import time
from typing import Any

# The one import that our own environment does not have.
from taskcat.testing import CFNTest  # type: ignore[import-not-found]

POLL_SECONDS = 0.2


class Progress:
    """Follows the stacks; taskcat's own follower looks each ten seconds at what it last knew."""

    def report_test_progress(self, stacker: Any) -> None:
        """Return when no stack is in progress any more; tell each state, and why a stack failed."""
        told: dict[str, str] = {}
        while True:
            for stack in stacker.stacks:
                stack.refresh()
                if told.get(stack.id) != stack.status:
                    told[stack.id] = stack.status
                    tell(f"{stack.test_name}: {stack.status} {stack.status_reason or ''}".rstrip())
                    for event in stack.error_events(refresh=True):
                        tell(f"  {event.logical_id}: {event.status_reason}")
            if not any(state.endswith("IN_PROGRESS") for state in told.values()):
                return
            time.sleep(POLL_SECONDS)


def tell(line: str) -> None:
    """Print a line of progress; standard output is for the one line of JSON."""
    sys.stderr.write(f"      taskcat: {line}\n")


def main(project: str) -> None:
    """Test the project in a folder; exit 1 with taskcat's reason if it is not content."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # taskcat has more threads than its pool
    test = CFNTest.from_file(project_root=project)
    test.printer = Progress()
    test.dont_wait_for_delete = False
    with test as stacks:
        launched = {stack.test_name: stack.id for stack in stacks if not stack.launch_exception}
        sys.stdout.write(json.dumps(launched) + "\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Exception as error:  # noqa: BLE001 - taskcat and boto3 raise of many kinds: all are told
        sys.exit(f"      taskcat: {type(error).__name__}: {error}")
