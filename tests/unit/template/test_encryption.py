"""Whose key encrypts the data: the services', or the user's own, as DataKey.yml makes one."""

from pathlib import Path
from typing import Any

import pytest

from scripts.embed import DATA_KEY, STATUS_TEMPLATE, TEMPLATE, WEBHOOK_TEMPLATE
from shipments import __version__
from tests.unit.template import resolve
from tests.unit.template.resolve import ACCOUNT, Deployment
from tests.unit.template.test_resources import schema

# What holds data, and where its key is named; a table's has settings of its own.
ENCRYPTED = {
    TEMPLATE: {
        "ShipmentUpdateArchive": "KmsKeyIdentifier",
        "ShipmentProcessorFunction": "KmsKeyArn",
        "ShipmentProcessorLogGroup": "KmsKeyId",
        "FailedUpdatesQueue": "KmsMasterKeyId",
        "AlertTopic": "KmsMasterKeyId",
        "AlarmTopic": "KmsMasterKeyId",
    },
    STATUS_TEMPLATE: {
        "ShipmentStatusFunction": "KmsKeyArn",
        "ShipmentStatusLogGroup": "KmsKeyId",
        "DigestTopic": "KmsMasterKeyId",
    },
    WEBHOOK_TEMPLATE: {"WebhookFunction": "KmsKeyArn", "WebhookLogGroup": "KmsKeyId"},
}
# What the function's role may do with the key, and through which services.
USED = {
    **dict.fromkeys(
        (TEMPLATE, STATUS_TEMPLATE),
        (["kms:Decrypt", "kms:GenerateDataKey"], ["dynamodb.*", "lambda.*", "sns.*", "sqs.*"]),
    ),
    WEBHOOK_TEMPLATE: ("kms:Decrypt", ["lambda.*", "secretsmanager.*"]),
}
# What the key of a mapping would encrypt, its filter, is no data.
WITHOUT_DATA = {"ShipmentStatusMapping"}


@pytest.fixture
def without_key(any_stack: Deployment) -> Deployment:
    return any_stack.but(KmsKeyArn="")


@pytest.fixture
def with_key(any_stack: Deployment) -> Deployment:
    return any_stack.but(KmsKeyArn=any_stack.arn("kms", "key/mrk-0123abc"))


def test_without_a_key_no_resource_names_one(without_key: Deployment, path: Path) -> None:
    assert [name for name, where in ENCRYPTED[path].items() if where in without_key[name]] == []
    # Named, so that a stack that gives its key up again says so.
    for name in without_key.of("AWS::DynamoDB::Table"):
        assert without_key[name]["SSESpecification"] == {"SSEEnabled": False}


def test_a_key_encrypts_everything_that_holds_data(with_key: Deployment, path: Path) -> None:
    key, encrypted = with_key.parameters["KmsKeyArn"], ENCRYPTED[path]
    assert {name: with_key[name].get(where) for name, where in encrypted.items()} == dict.fromkeys(
        encrypted, key
    )
    for name in with_key.of("AWS::DynamoDB::Table"):
        assert with_key[name]["SSESpecification"] == {
            "SSEEnabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": key,
        }


def test_the_queue_is_encrypted_by_sqs_or_by_the_key(stack: Deployment) -> None:
    for key in ("", stack.arn("kms", "key/mrk-0123abc")):
        queue = stack.but(KmsKeyArn=key)["FailedUpdatesQueue"]
        assert queue["SqsManagedSseEnabled"] is (key == "")  # one excludes the other


def test_every_resource_that_can_take_a_key_has_one(
    any_template: dict[str, Any], path: Path
) -> None:
    def takes_a_key(kind: str) -> bool:
        return any("kms" in name.lower() for name in schema(kind).schema["properties"])

    resources = any_template["Resources"]
    able = {name for name, each in resources.items() if takes_a_key(each["Type"])}
    assert able - WITHOUT_DATA == ENCRYPTED[path].keys()


def conditional(stack: Deployment) -> list[dict[str, Any]]:
    """Return the statements of the role that have a condition."""
    (policy,) = stack.only("AWS::IAM::Role")["Policies"]
    return [each for each in policy["PolicyDocument"]["Statement"] if "Condition" in each]


def test_only_with_a_key_the_function_may_use_it_and_only_through_what_it_calls(
    with_key: Deployment, without_key: Deployment, path: Path
) -> None:
    actions, services = USED[path]
    assert conditional(without_key) == []
    assert conditional(with_key) == [
        {
            "Effect": "Allow",
            "Action": actions,
            "Resource": with_key.parameters["KmsKeyArn"],
            "Condition": {"StringLike": {"kms:ViaService": services}},
        }
    ]


# ---- templates/DataKey.yml


@pytest.fixture(params=["aws", "aws-cn"])
def data_key(request: pytest.FixtureRequest) -> Deployment:
    values = {"EnvironmentSuffix": "prod-7"}
    region = {"aws": "eu-west-1", "aws-cn": "cn-north-1"}[request.param]
    return Deployment(resolve.load(DATA_KEY), values, region, request.param)


def test_the_keys_template_says_what_it_is_and_needs_no_capability(data_key: Deployment) -> None:
    template = data_key.template
    assert template.keys() == {
        *("AWSTemplateFormatVersion", "Description", "Metadata"),
        *("Parameters", "Resources", "Outputs"),
    }
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"
    assert template["Metadata"] == {"Version": __version__}
    assert "KmsKeyArn" in template["Description"]


def test_the_key_outlives_its_stack_and_is_renewed(data_key: Deployment) -> None:
    resource = data_key.template["Resources"]["DataKey"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    key = data_key["DataKey"]
    assert (key["EnableKeyRotation"], key["PendingWindowInDays"]) == (True, 30)
    assert key["Tags"] == [
        {"Key": "Environment", "Value": "prod-7"},
        {"Key": "Application", "Value": "LogisticsProcessing"},
    ]
    assert key["Description"].endswith("prod-7")
    known = {"EnableKeyRotation", "PendingWindowInDays", "Tags", "Description", "KeyPolicy"}
    assert key.keys() == known


def test_the_key_is_found_by_its_alias_and_by_the_output(data_key: Deployment) -> None:
    alias = data_key.template["Resources"]["DataKeyAlias"]
    assert alias.keys() == {"Type", "Properties"}  # it goes with the stack: a new one needs it
    assert alias["Type"] == "AWS::KMS::Alias"
    assert data_key["DataKeyAlias"] == {
        "AliasName": "alias/shipments-prod-7",
        "TargetKeyId": data_key.resolve({"Ref": "DataKey"}),
    }
    assert data_key.outputs == {"KmsKeyArn": data_key.resolve({"Fn::GetAtt": ["DataKey", "Arn"]})}


def test_the_keys_suffix_is_one_that_a_stack_takes(
    data_key: Deployment, template: dict[str, Any]
) -> None:
    theirs = template["Parameters"]["EnvironmentSuffix"]
    ours = data_key.template["Parameters"]["EnvironmentSuffix"]
    assert {**ours, "Description": ""} == {**theirs, "Description": ""}
    assert "Fixed once deployed" in ours["Description"]


def test_exactly_who_needs_the_key_may_use_it(data_key: Deployment) -> None:
    policy = data_key["DataKey"]["KeyPolicy"]
    assert policy["Version"] == "2012-10-17"
    statements = {each["Sid"]: each for each in policy["Statement"]}
    denied = [sid for sid, each in statements.items() if each["Effect"] != "Allow"]
    assert denied == ["GrantsForServices"]
    # A policy's own key is the resource: nothing else can be meant.
    assert {each["Resource"] for each in statements.values()} == {"*"}
    root = f"arn:{data_key.partition}:iam::{ACCOUNT}:root"
    logs = f"logs.{data_key.region}.{data_key.domain}"
    log_groups = [
        data_key.arn("logs", f"log-group:/aws/lambda/shipment-{function}-prod-7")
        for function in ("processor", "status", "webhook-*")
    ]
    buses = data_key.arn("events", "event-bus/*")
    assert {
        sid: (each["Principal"], each["Action"], each.get("Condition"))
        for sid, each in statements.items()
    } == {
        "IamPolicies": ({"AWS": root}, "kms:*", None),
        # Without it an IAM policy could let anybody hand the key on, to another account, too.
        "GrantsForServices": (
            "*",
            "kms:CreateGrant",
            {
                "BoolIfExists": {
                    "kms:GrantIsForAWSResource": "false",
                    "aws:PrincipalIsAWSService": "false",
                }
            },
        ),
        "Alarms": (
            {"Service": "cloudwatch.amazonaws.com"},
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        ),
        # No condition: EventBridge sends no source with what it puts on a queue.
        "DeadLetters": (
            {"Service": "events.amazonaws.com"},
            ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            None,
        ),
        "Archive": (
            {"Service": "events.amazonaws.com"},
            "kms:ReEncrypt*",
            {"ArnLike": {"kms:EncryptionContext:aws:events:event-bus:arn": buses}},
        ),
        "Log": (
            {"Service": logs},
            [
                *("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*"),
                *("kms:GenerateDataKey*", "kms:Describe*"),
            ],
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        ),
    }
