"""Has taskcat create the stacks of .taskcat.yml in one region, and delete them again.

Arguments: the project's folder and the region. It runs in taskcat's environment, started by `make
taskcat-aws` or by scripts/taskcat.py: prints one line of JSON when the stacks are created (test to
stack id), and deletes them at the next line or the end of its input. It deletes by itself what
taskcat leaves: the key of templates/DataKey.yml, which outlives its stack, and its own bucket.
"""

import json
import logging
import sys
import time
from typing import Any

from botocore.exceptions import ClientError

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
        each.regions = [region]  # also where .taskcat.yml or ~/.taskcat.yml lists others
    test.printer = Progress()
    test.dont_wait_for_delete = False
    try:
        with test as stacks:
            print(json.dumps({stack.test_name: stack.id for stack in stacks}), flush=True)  # noqa: T201
            sys.stdin.readline()
    finally:
        delete_bucket(test.config)
    for stack in stacks:
        delete_keys(stack)


def delete_bucket(config: Any) -> None:
    """Delete our files, and the bucket they were in, which the account has one of in this region.

    A bucket with files of another project stays, because it is that one's, too.
    """
    folder = config.config.project.name
    bucket, *_ = (each for test in config.get_buckets().values() for each in test.values())
    name, s3 = bucket.name, bucket.s3_client
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=f"{folder}/"):
        keys = [{"Key": found["Key"]} for found in page.get("Contents", [])]
        if keys:  # at most a thousand, which is what a request may have
            s3.delete_objects(Bucket=name, Delete={"Objects": keys})
    try:
        s3.delete_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketNotEmpty":
            raise
        show(f"{name} is kept, because it has files that are not of {folder}")


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
