"""Writes docs/policies/: what deploying the templates needs to be allowed, from their resources.

The schema of a resource's type, as cfn-lint ships it, names the permissions of the handlers that
create, read, update and delete the resource; CloudFormation runs them as whoever deploys.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cfn_flip
import click
from cfnlint.data import AdditionalSpecs
from cfnlint.helpers import load_resource
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from scripts.embed import DATA_KEY, ROOT, STATUS_TEMPLATE, TEMPLATE, WEBHOOK_TEMPLATE
from shipments.check.permissions import (
    MAPPED_TO,
    MAPPING,
    NEEDS,
    PASSED_TO,
    STACK,
    STATUS_NEEDS,
    Need,
    arn,
)
from shipments.oneline import OneLine

POLICIES = ROOT / "docs" / "policies"
Fields = dict[str, Any]

KEY_NEEDS = {
    STACK: NEEDS[STACK],
    "AWS::KMS::Key": Need("kms", ("key/*",), ""),  # AWS chooses its id
    "AWS::KMS::Alias": Need("kms", ("alias/shipments-{s}", "key/*"), ""),
}
WEBHOOK = "shipment-webhook-*-{s}"  # whatever the carrier
WEBHOOK_FUNCTION = f"function:{WEBHOOK}", f"function:{WEBHOOK}:*"
WEBHOOK_GROUP = f"log-group:/aws/lambda/{WEBHOOK}"
WEBHOOK_NEEDS = {
    STACK: NEEDS[STACK],
    "AWS::CloudWatch::Alarm": NEEDS["AWS::CloudWatch::Alarm"],
    "AWS::IAM::Role": Need("iam", ("role/{stack}-WebhookRole-*",), ""),
    "AWS::Lambda::Function": Need("lambda", WEBHOOK_FUNCTION, ""),
    "AWS::Lambda::Permission": Need("lambda", WEBHOOK_FUNCTION, ""),
    "AWS::Lambda::Url": Need("lambda", WEBHOOK_FUNCTION, ""),
    "AWS::Logs::LogGroup": Need("logs", (WEBHOOK_GROUP, f"{WEBHOOK_GROUP}:*"), ""),
}
# Of the stack itself: aws cloudformation deploy with --tags; to see why it failed; to delete.
STACK_ACTIONS = [
    f"cloudformation:{name}"
    for name in (
        *("CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DescribeStacks"),
        *("GetTemplateSummary", "TagResource", "UntagResource", "DescribeStackEvents"),
        *("DeleteStack", "UpdateTerminationProtection"),
    )
]
# Reads that are not narrowed: one works for all alarms, whichever of them the handler asks for;
# the other asks for a mapping that is gone, of which IAM then knows no function.
UNSCOPED = {"cloudwatch:DescribeAlarms", "lambda:GetEventSourceMapping"}
# Permissions that a handler needs for a property only: left out unless a template sets it. Those of
# other services, such as ec2 and s3 for a function, are all left out, but for PassRole.
FOR_PROPERTIES: dict[str, dict[str, str]] = {
    "AWS::DynamoDB::Table": {
        "ContributorInsightsSpecification": "UpdateContributorInsights",
        "ImportSourceSpecification": "DescribeImport ImportTable",
        "KinesisStreamSpecification": "EnableKinesisStreamingDestination "
        "DisableKinesisStreamingDestination UpdateKinesisStreamingDestination",
        # AWS::DynamoDB::GlobalTable has it, whose permissions the schema mixes in.
        "Replicas": "CreateTableReplica AssociateTableReplica Scan Query GetItem "
        "PutItem UpdateItem DeleteItem BatchWriteItem",
        "ResourcePolicy": "PutResourcePolicy DeleteResourcePolicy",
    },
    "AWS::IAM::Role": {
        "Description": "UpdateRoleDescription",
        "ManagedPolicyArns": "AttachRolePolicy DetachRolePolicy",
        "MaxSessionDuration": "UpdateRole",
        "PermissionsBoundary": "PutRolePermissionsBoundary DeleteRolePermissionsBoundary",
    },
    "AWS::KMS::Key": {"Enabled": "EnableKey DisableKey"},
    "AWS::Lambda::Function": {
        "CapacityProviderConfig": "PassCapacityProvider",
        "CodeSigningConfigArn": "GetCodeSigningConfig PutFunctionCodeSigningConfig "
        "DeleteFunctionCodeSigningConfig",
        "FunctionScalingConfig": "PutFunctionScalingConfig",
        "Layers": "GetLayerVersion",
        "PublishToLatestPublished": "PublishVersion",
        "RecursiveLoop": "PutFunctionRecursionConfig",
        "ReservedConcurrentExecutions": "PutFunctionConcurrency DeleteFunctionConcurrency",
        "RuntimeManagementConfig": "PutRuntimeManagementConfig AssociateRuntimeAlias",
    },
    "AWS::Logs::LogGroup": {
        "BearerTokenAuthenticationEnabled": "PutBearerTokenAuthentication",
        "DataProtectionPolicy": "PutDataProtectionPolicy DeleteDataProtectionPolicy "
        "CreateLogDelivery",
        "DeletionProtectionEnabled": "PutLogGroupDeletionProtection",
        "FieldIndexPolicies": "PutIndexPolicy DeleteIndexPolicy",
        "KmsKeyId": "AssociateKmsKey DisassociateKmsKey",
        "ResourcePolicyDocument": "PutResourcePolicy DeleteResourcePolicy",
    },
    "AWS::SNS::Topic": {
        "DataProtectionPolicy": "PutDataProtectionPolicy",
        "Subscription": "Subscribe Unsubscribe",
    },
}


def policies() -> dict[str, Fields]:
    """Return each policy by the name of its file."""
    found = {
        "deployer": _statements(TEMPLATE, NEEDS),
        "deployer-status": _statements(STATUS_TEMPLATE, STATUS_NEEDS),
        "deployer-webhook": _statements(WEBHOOK_TEMPLATE, WEBHOOK_NEEDS),
        "deployer-with-key": _with_key(),
        "key-deployer": _statements(DATA_KEY, KEY_NEEDS),
    }
    return {
        name: {"Version": "2012-10-17", "Statement": list(statements)}
        for name, statements in found.items()
    }


def handlers(template: Path, kind: str) -> dict[str, set[str]]:
    """Return the actions of its own service that a type needs in a template, by the handler."""
    ours = [each for each in _resources(template) if each["Type"] == kind]
    optional = FOR_PROPERTIES.get(kind, {})
    unset = optional.keys() - {name for each in ours for name in each["Properties"]}
    service = {**NEEDS, **KEY_NEEDS, **STATUS_NEEDS, **WEBHOOK_NEEDS}[kind].service
    left_out = {f"{service}:{action}" for name in unset for action in optional[name].split()}
    found = {
        handler: {each for each in actions if each.startswith(f"{service}:")} - left_out
        for handler, actions in _schema(kind).items()
    }
    if all(each.get("DeletionPolicy") == "Retain" for each in ours):
        del found["delete"]
    return found


def _schema(kind: str) -> dict[str, list[str]]:
    """Return the permissions that a type's schema has, by the handler, and those for tags."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    used = schema["handlers"].keys() - {"list"}  # list is for Cloud Control
    actions = {handler: schema["handlers"][handler]["permissions"] for handler in used}
    return {**actions, "tags": schema["tagging"].get("permissions", [])}


def _statements(template: Path, needs: dict[str, Need]) -> Iterator[Fields]:
    """Yield a statement for each resource that a template makes, and one for reads of all."""
    by_arns: dict[tuple[str, ...], tuple[str, set[str]]] = {}
    wide = set()
    for kind, need in needs.items():
        actions = set(STACK_ACTIONS)
        if kind != STACK:
            actions = set().union(*handlers(template, kind).values())
        if kind == MAPPING:
            # AWS chooses its id, and to make one names none: it is narrowed by its function.
            of_mappings = {
                each for each in actions - UNSCOPED if each.endswith("EventSourceMapping")
            }
            function = {MAPPED_TO[0]: _arn("lambda", MAPPED_TO[1].format(s="SUFFIX"))}
            yield _allow("Mapping", of_mappings, "*", ArnEquals=function)
            actions -= of_mappings
        wide |= {each for each in actions if each in UNSCOPED or not _takes_resource(each)}
        arns = tuple(
            _arn(need.service, name) for pattern in need.resources for name in _names(pattern)
        )
        by_arns.setdefault(arns, (kind.rpartition("::")[2], set()))[1].update(actions - wide)
    for arns, (sid, actions) in by_arns.items():
        yield _allow(sid, actions, *arns)
        if sid == "Role":
            to = {PASSED_TO[0]: [PASSED_TO[1]]}
            yield _allow("PassRole", {"iam:PassRole"}, *arns, StringEquals=to)
    yield _allow("Any", wide, "*")


def _with_key() -> Iterator[Fields]:
    """Yield what the services do with a key on behalf of who deploys, and what is read of it."""
    users: dict[str, set[str]] = {}
    for kind in NEEDS.keys() - {STACK}:
        actions = {each for actions in _schema(kind).values() for each in actions}
        if used := {each for each in actions if each.startswith("kms:")}:
            users.setdefault(NEEDS[kind].service, set()).update(used)
    key = _arn("kms", "key/KEY")
    via = {"kms:ViaService": [f"{service}.REGION.amazonaws.com" for service in sorted(users)]}
    grants, reads = {"kms:CreateGrant", "kms:RevokeGrant"}, {"kms:DescribeKey"}
    aliases = {"kms:ListAliases"}
    use = set().union(*users.values()) - grants - reads - aliases
    yield _allow("UseKey", use, key, StringEquals=via)
    is_for_aws = {"kms:GrantIsForAWSResource": "true"}
    yield _allow("Grants", grants, key, StringEquals=via, Bool=is_for_aws)
    yield _allow("Key", reads, key)
    yield _allow("Any", aliases, "*")


def _arn(service: str, resource: str) -> str:
    """Return the ARN of a resource, with the words that a user replaces."""
    return arn("arn:aws:iam::ACCOUNT:", "REGION", service, resource)


def _allow(sid: str, actions: set[str], *resources: str, **conditions: Fields) -> Fields:
    """Return a statement."""
    what = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return {**what, "Condition": conditions} if conditions else what


def _takes_resource(action: str) -> bool:
    """Return whether IAM narrows an action to resources, by AWS's service authorization data."""
    service, _, name = action.partition(":")
    return bool(_authorization()[service]["Actions"].get(name.lower(), {}).get("Resources"))


@cache
def _authorization() -> Fields:
    found: Fields = load_resource(AdditionalSpecs, "Policies.json")
    return found


@cache
def _resources(template: Path) -> list[Fields]:
    return list(json.loads(cfn_flip.to_json(template.read_text("utf-8")))["Resources"].values())


def _names(pattern: str) -> list[str]:
    """Return a resource's name with the words that a user replaces, on both kinds of bus."""
    names = [pattern.format(s="SUFFIX", stack="STACK", bus=bus) for bus in ("", "*/")]
    return names if "{bus}" in pattern else names[:1]


@click.command(cls=OneLine, epilog="Example: scripts/policies")
def main() -> int:
    """Write the policies of who deploys, after a change of a template or of cfn-lint."""
    for name, policy in policies().items():
        path = POLICIES / f"{name}.json"
        path.write_text(json.dumps(policy, indent=2) + "\n", "utf-8")
        click.echo(f"Wrote {path.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    main(prog_name="scripts/policies")
