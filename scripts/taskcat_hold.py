"""Has taskcat create the stacks of .taskcat.yml in one region, and delete them again.

Arguments: the project's folder and the region. It runs in taskcat's environment, started by `make
taskcat-aws` or by scripts/taskcat.py: prints one line of JSON when the stacks are created (test to
stack id), and deletes them at the next line or the end of its input. It
deletes the key of templates/DataKey.yml by itself, because that outlives its stack.
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
    """Follows the stacks, of which taskcat's own printer asks only once a minute."""

    def report_test_progress(self, stacker: Any) -> None:
        """Print each state, and why a stack failed; return when none is in progress any more."""
        shown: dict[str, str] = {}
        while True:
            for stack in stacker.stacks:
                stack.refresh()
                if shown.get(stack.id) != stack.status:
                    shown[stack.id] = stack.status
                    show(f"{stack.test_name}: {stack.status} {stack.status_reason or ''}".rstrip())
                    for event in stack.error_events(refresh=True):
                        show(f"  {event.logical_id}: {event.status_reason}")
            if not any(state.endswith("IN_PROGRESS") for state in shown.values()):
                return
            time.sleep(POLL_SECONDS)


def show(line: str) -> None:
    """Print a line of progress; standard output is for the one line of JSON."""
    sys.stderr.write(f"      taskcat: {line}\n")


def main(project: str, region: str) -> None:
    """Create the stacks, wait for a line, and delete them; raise if one failed."""
    if region not in REGIONS:
        sys.exit(f"      taskcat: REGION {region!r} is unknown; pass one such as eu-west-1")
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # taskcat has more threads than its pool
    test = CFNTest.from_file(project_root=project)
    for each in test.config.config.tests.values():
        each.regions = [region]  # also where ~/.taskcat.yml lists others
    test.printer = Progress()
    test.dont_wait_for_delete = False
    with test as stacks:
        print(json.dumps({stack.test_name: stack.id for stack in stacks}), flush=True)  # noqa: T201
        sys.stdin.readline()
    for stack in stacks:
        delete_keys(stack)


def delete_keys(stack: Any) -> None:
    """Have the keys in a stack's outputs deleted as soon as KMS can, which is in seven days."""
    for output in stack.outputs:
        if output.key == "KmsKeyArn":
            kms = stack.region.client("kms")
            kms.schedule_key_deletion(KeyId=output.value, PendingWindowInDays=7)
            show(f"{stack.test_name}: {output.value} is deleted in 7 days")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001 - taskcat and boto3 raise many kinds
        sys.exit(f"      taskcat: {type(error).__name__}: {error}")
