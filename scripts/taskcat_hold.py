"""Has taskcat create the stacks of .taskcat.yml in one region, and delete them again.

Arguments: the project's folder and the region. It runs in taskcat's environment, started by `make
taskcat-aws` or by scripts/taskcat.py: prints one line of JSON when the stacks are created (test to
stack id), and deletes them at the next line or the end of its input.
"""

import json
import logging
import sys
import time
from typing import Any

# Our own environment does not have taskcat.
from taskcat.regions_to_partitions import REGIONS  # type: ignore[import-not-found]
from taskcat.testing import CFNTest  # type: ignore[import-not-found]

# AWS throttles whoever asks more often.
POLL_SECONDS = 1


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


def main(project: str, region: str) -> None:
    """Test the project in a region; exit 1 with the reason if that fails or deploys nothing."""
    if region not in REGIONS:
        sys.exit(f"      taskcat: REGION {region!r} is unknown; give one such as eu-west-1")
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # taskcat has more threads than its pool
    test = CFNTest.from_file(project_root=project)
    for each in test.config.config.tests.values():
        each.regions = [region]  # also where ~/.taskcat.yml lists others
    test.printer = Progress()
    test.dont_wait_for_delete = False
    with test as stacks:
        if not stacks:
            sys.exit("      taskcat: no stack was created: .taskcat.yml has no tests")
        launched = {stack.test_name: stack.id for stack in stacks if not stack.launch_exception}
        sys.stdout.write(json.dumps(launched) + "\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001 - taskcat and boto3 raise of many kinds: all are told
        sys.exit(f"      taskcat: {type(error).__name__}: {error}")
