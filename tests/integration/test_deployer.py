"""docs/policies/deployer.json: with it a stack can be deployed, updated and deleted, not with less.

The emulator's CloudFormation asks for its own actions only, not for those of its handlers. So the
calls that make, read, change and delete the template's resources are made here, by the same user.
"""

import json
import os
import subprocess
import sys
import time

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from scripts.embed import TEMPLATE
from scripts.emulator import ACCOUNT, PARAMETERS, REGION, Emulator
from scripts.policies import POLICIES
from shipments.check.permissions import NEEDS
from tests.integration.checking import Account, Session
from tests.integration.deployer_calls import CALLS, NOT_CHECKED, STACK_NAME, SUFFIX, TOPIC
from tests.integration.pipeline import Fields
from tests.rights import documented

pytestmark = pytest.mark.own_stack("makes users")

WORDS = {"REGION": REGION, "ACCOUNT": ACCOUNT, "SUFFIX": SUFFIX, "STACK": STACK_NAME}
REFUSED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
STACK_OPTION = ("--stack-name", STACK_NAME)
# Of a subscription only SNS knows the ARN.
OF_SUBSCRIPTION = {"SetSubscriptionAttributes", "GetSubscriptionAttributes", "Unsubscribe"}


@pytest.fixture(scope="module")
def policy() -> Fields:
    """Return the policy, with its words replaced as docs/permissions.md says."""
    text = (POLICIES / "deployer.json").read_text("utf-8")
    for word, value in WORDS.items():
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
    """Return a policy for any resource and without an action.

    Of most calls the emulator does not know the resource, and asks for all of them.
    """
    statements = [
        {**each, "Action": actions, "Resource": "*"}
        for each in policy["Statement"]
        if (actions := [action for action in each["Action"] if action != without])
    ]
    return {**policy, "Statement": statements}


def test_each_action_of_the_policy_lets_a_call_pass_that_is_refused_without_it(
    deployer: Deployer, policy: Fields
) -> None:
    for action, arguments in CALLS:
        deployer.grant(of_any_resource(policy, without=action))
        assert not deployer.may(action, arguments), f"{action} is not needed"
        deployer.grant(of_any_resource(policy))
        assert deployer.may(action, arguments), f"{action} is missing"
    granted = {action for each in policy["Statement"] for action in each["Action"]}
    assert granted - {action for action, _ in CALLS} == NOT_CHECKED


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
    parameters = [f"{name}={value}" for name, value in PARAMETERS.items()]
    deploy = ["deploy", "--template-file", str(TEMPLATE), "--capabilities", "CAPABILITY_IAM"]
    first = [*deploy, "--parameter-overrides", f"EnvironmentSuffix={SUFFIX}", *parameters]
    unprotected = [*deploy, "--parameter-overrides", "TableDeletionProtection=false"]
    for command in (first, [*unprotected, "--tags", "Owner=logistics"], ["delete-stack"]):
        time.sleep(1 - time.time() % 1)  # the CLI names a change set after the second
        ended = subprocess.run(
            [sys.executable, "-m", "awscli", "cloudformation", *command, *STACK_OPTION],
            env={**os.environ, **emulator.environment, **deployer.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
    emulator.client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def test_shipments_check_finds_that_the_policy_suffices_for_its_stack_and_for_no_other(
    emulator: Emulator, deployer: Deployer, policy: Fields, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**emulator.environment, **deployer.environment}.items():
        monkeypatch.setenv(name, value)
    account = Account(emulator.client, Session())
    needs = {"Effect": "Allow", "Action": sorted(documented("check --before")), "Resource": "*"}
    deployer.grant(policy, needs)

    def found(suffix: str) -> list[str]:
        named = ("--parameter", f"EnvironmentSuffix={suffix}", "--stack-name", f"stack-{suffix}")
        lines = account.found("--before", str(TEMPLATE), *named, check="permissions")
        return [line["found"] for line in lines]

    # The emulator's simulation leaves out the service that the role is passed to.
    (unknown,) = found(SUFFIX)
    assert "may not do iam:PassRole on" in unknown
    assert {each.rpartition("which ")[2] for each in found("other")} == {
        f"{kind} needs" for kind in NEEDS
    }
