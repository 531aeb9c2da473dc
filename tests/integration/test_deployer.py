"""docs/policies/deployer*.json: with one a stack can be deployed, updated, deleted, not with less.

The emulator's CloudFormation asks for its own actions only, not for those of its handlers. So the
calls that make, read, change and delete the template's resources are made here, by the same user.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from scripts.embed import STATUS_TEMPLATE, TEMPLATE, WEBHOOK_TEMPLATE
from scripts.emulator import ACCOUNT, PARAMETERS, REGION, Emulator
from scripts.policies import POLICIES
from shipments.check.permissions import NEEDS, STATUS_NEEDS
from tests.integration.checking import Account, Session
from tests.integration.deployer_calls import (
    CALLS,
    MAPPING_CALL,
    MAPPING_NOT_CHECKED,
    NOT_CHECKED,
    STACK_NAME,
    SUFFIX,
    TOPIC,
)
from tests.integration.pipeline import Fields, Pipeline
from tests.rights import documented

pytestmark = pytest.mark.own_stack("makes users")

WORDS = {"REGION": REGION, "ACCOUNT": ACCOUNT, "SUFFIX": SUFFIX, "STACK": STACK_NAME}
REFUSED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
STATUS_NAME, WEBHOOK_NAME = "status-deployer", "webhook-deployer"
TO_CHECK = {"Effect": "Allow", "Action": sorted(documented("check --before")), "Resource": "*"}
# Of a subscription only SNS knows the ARN.
OF_SUBSCRIPTION = {"SetSubscriptionAttributes", "GetSubscriptionAttributes", "Unsubscribe"}


@pytest.fixture(scope="module")
def policy() -> Fields:
    """Return the policy, with its words replaced as docs/permissions.md says."""
    return filled("deployer")


@pytest.fixture(scope="module")
def status_policy() -> Fields:
    """Return the policy of who deploys the status stack."""
    return filled("deployer-status", STACK=STATUS_NAME)


def filled(name: str, **words: str) -> Fields:
    text = (POLICIES / f"{name}.json").read_text("utf-8")
    for word, value in {**WORDS, **words}.items():
        text = text.replace(word, value)
    found: Fields = json.loads(text)
    return found


class Deployer:
    """A user of the emulator's account, who may do what was last granted."""

    def __init__(self, emulator: Emulator) -> None:
        self._iam = emulator.client("iam")
        self._iam.create_user(UserName="deployer")
        key = self._iam.create_access_key(UserName="deployer")["AccessKey"]
        pair = key["AccessKeyId"], key["SecretAccessKey"]
        names = "aws_access_key_id", "aws_secret_access_key"
        self.environment = dict(zip(map(str.upper, names), pair, strict=True))
        self._root = emulator.client
        self._client = emulator.clients(**dict(zip(names, pair, strict=True)))

    def grant(self, policy: Fields, *added: Fields) -> None:
        """Grant a policy with more statements, in place of what was granted."""
        document = json.dumps({**policy, "Statement": [*policy["Statement"], *added]})
        self._iam.put_user_policy(UserName="deployer", PolicyName="p", PolicyDocument=document)

    def may(self, action: str, arguments: Fields) -> bool:
        """Make a call; return whether it was allowed, even if the emulator does not have it."""
        service, name = action.split(":")
        if name in OF_SUBSCRIPTION:
            (found,) = self._root("sns").list_subscriptions_by_topic(**TOPIC)["Subscriptions"]
            arguments = {**arguments, "SubscriptionArn": found["SubscriptionArn"]}
        try:
            getattr(self._client(service), xform_name(name))(**arguments)
        except ClientError as error:
            return error.response["Error"]["Code"] not in REFUSED
        return True


@pytest.fixture(scope="module")
def deployer(emulator: Emulator) -> Deployer:
    return Deployer(emulator)


def of_any_resource(policy: Fields, without: str = "") -> Fields:
    """Return a policy for any resource, without conditions and without an action.

    Of most calls the emulator does not know the resource, and asks for all of them.
    """
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": "*"}
        for each in policy["Statement"]
        if (actions := [action for action in each["Action"] if action != without])
    ]
    return {**policy, "Statement": statements}


def test_each_action_of_the_policy_lets_a_call_pass_that_is_refused_without_it(
    deployer: Deployer, policy: Fields
) -> None:
    for action, arguments in CALLS:
        assert_needed(deployer, policy, action, arguments)
    assert actions(policy) - {action for action, _ in CALLS} == NOT_CHECKED


def assert_needed(deployer: Deployer, policy: Fields, action: str, arguments: Fields) -> None:
    deployer.grant(of_any_resource(policy, without=action))
    assert not deployer.may(action, arguments), f"{action} is not needed"
    deployer.grant(of_any_resource(policy))
    assert deployer.may(action, arguments), f"{action} is missing"


def actions(policy: Fields) -> set[str]:
    return {action for each in policy["Statement"] for action in each["Action"]}


def test_the_policy_for_the_status_stack_has_what_a_mapping_needs_and_no_queue_and_no_archive(
    deployer: Deployer, policy: Fields, status_policy: Fields
) -> None:
    assert_needed(deployer, status_policy, *MAPPING_CALL)
    more, less = actions(status_policy) - actions(policy), actions(policy) - actions(status_policy)
    assert more == {MAPPING_CALL[0], *MAPPING_NOT_CHECKED}
    assert {each for each in less if not each.startswith("sqs:")} == {
        f"events:{name}Archive" for name in ("Create", "Delete", "Describe", "Update")
    }


@pytest.mark.parametrize(
    "read",
    [
        "cloudformation:DescribeStacks",
        "dynamodb:DescribeTable",
        "events:DescribeRule",
        "iam:GetRole",
        "lambda:GetFunction",
        "sns:GetTopicAttributes",
        "sqs:GetQueueUrl",
    ],
)
def test_a_resource_of_another_stack_is_refused(
    read: str, deployer: Deployer, policy: Fields
) -> None:
    deployer.grant(policy)
    arguments = dict(CALLS)[read]
    other = json.loads(json.dumps(arguments).replace(SUFFIX, "other"))
    assert (deployer.may(read, arguments), deployer.may(read, other)) == (True, False)


def test_with_the_policy_the_aws_cli_deploys_updates_and_deletes_a_stack(
    emulator: Emulator, deployer: Deployer, policy: Fields
) -> None:
    deployer.grant(policy)
    run = life_of(emulator, deployer, TEMPLATE, STACK_NAME)
    run(f"EnvironmentSuffix={SUFFIX}", *(f"{name}={value}" for name, value in PARAMETERS.items()))
    run("TableDeletionProtection=false")
    run()


def life_of(
    emulator: Emulator, deployer: Deployer, template: Path, name: str
) -> Callable[..., None]:
    """Return a function that deploys a stack with parameters, or deletes it without, by the CLI."""
    options = ["--capabilities", "CAPABILITY_IAM", "--tags", "Owner=logistics"]
    deploy = ["deploy", "--template-file", str(template), *options, "--parameter-overrides"]

    def run(*parameters: str) -> None:
        time.sleep(1 - time.time() % 1)  # the CLI names a change set after the second
        command = ["cloudformation", *([*deploy, *parameters] if parameters else ["delete-stack"])]
        ended = subprocess.run(
            [sys.executable, "-m", "awscli", *command, "--stack-name", name],
            env={**os.environ, **emulator.environment, **deployer.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        if not parameters:
            emulator.client("cloudformation").get_waiter("stack_delete_complete").wait(
                StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )

    return run


def test_with_its_policy_the_aws_cli_deploys_updates_and_deletes_a_status_stack(
    emulator: Emulator,
    deployer: Deployer,
    status_policy: Fields,
    deploy: Callable[..., Pipeline],
) -> None:
    stream = deploy(SUFFIX).stack["ShipmentLogsTableStreamArn"]
    deployer.grant(status_policy)
    run = life_of(emulator, deployer, STATUS_TEMPLATE, STATUS_NAME)
    run(f"EnvironmentSuffix={SUFFIX}", f"StreamArn={stream}")
    run("StuckAfterDays=0")
    run()


def test_with_its_policy_the_aws_cli_deploys_updates_and_deletes_a_webhook(
    emulator: Emulator, deployer: Deployer
) -> None:
    deployer.grant(filled("deployer-webhook", STACK=WEBHOOK_NAME))
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:easypost-a1B2c3"
    run = life_of(emulator, deployer, WEBHOOK_TEMPLATE, WEBHOOK_NAME)
    topic = f"AlarmTopicArn=arn:aws:sns:{REGION}:{ACCOUNT}:shipment-alarms-{SUFFIX}"
    run(f"EnvironmentSuffix={SUFFIX}", "Carrier=easypost", f"SecretArn={secret}", topic)
    run("ReservedConcurrency=0")
    run()


def test_shipments_check_finds_that_the_policy_suffices_for_its_stack_and_for_no_other(
    emulator: Emulator, deployer: Deployer, policy: Fields, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer.grant(policy, TO_CHECK)
    found = simulated(emulator, deployer, TEMPLATE, monkeypatch)
    # The emulator's simulation leaves out the service that the role is passed to.
    (unknown,) = found(SUFFIX, STACK_NAME)
    assert "may not do iam:PassRole on" in unknown
    assert {each.rpartition("which ")[2] for each in found("other", "stack-other")} == {
        f"{kind} needs" for kind in NEEDS
    }


def test_shipments_check_finds_that_the_policy_for_a_status_stack_suffices_for_its_own_only(
    emulator: Emulator, deployer: Deployer, status_policy: Fields, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer.grant(status_policy, TO_CHECK)
    found = simulated(emulator, deployer, STATUS_TEMPLATE, monkeypatch)
    # It also leaves out the function that a mapping invokes.
    role, mapping = found(SUFFIX, STATUS_NAME)
    assert "may not do iam:PassRole on" in role
    assert "may not do lambda:CreateEventSourceMapping on" in mapping
    assert {each.rpartition("which ")[2] for each in found("other", "stack-other")} == {
        f"{kind} needs" for kind in STATUS_NEEDS
    }


def simulated(
    emulator: Emulator, deployer: Deployer, template: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], list[str]]:
    """Return a function that returns what the simulation finds for a suffix and a stack's name."""
    for name, value in {**emulator.environment, **deployer.environment}.items():
        monkeypatch.setenv(name, value)
    account = Account(emulator.client, Session())

    def found(suffix: str, stack: str) -> list[str]:
        named = ("--parameter", f"EnvironmentSuffix={suffix}", "--stack-name", stack)
        lines = account.found("--before", str(template), *named, check="permissions")
        return [line["found"] for line in lines]

    return found
