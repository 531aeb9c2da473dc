"""Reads a template as CloudFormation does: what each value becomes in a given deployment.

``Deployment(load())["ShipmentLogsTable"]`` is that resource's properties as its service would
get them: names, ARNs and URLs in the form that AWS gives them, in an account that is nobody's.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cfn_flip

from scripts.embed import TEMPLATE

ACCOUNT = "123456789012"
STACK_NAME = "logistics"


def _arn(service: str, resource: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}"


# What Ref and Fn::GetAtt return of each type (CloudFormation's reference of the type).
# {Name} stands for a property of the resource.
RETURNS = {
    "AWS::CloudWatch::Alarm": {
        "Ref": "{stack}-{id}",
        "Arn": _arn("cloudwatch", "alarm:{stack}-{id}"),
    },
    "AWS::CloudWatch::Dashboard": {"Ref": "{DashboardName}"},
    "AWS::DynamoDB::Table": {
        "Ref": "{TableName}",
        "Arn": _arn("dynamodb", "table/{TableName}"),
        "StreamArn": _arn("dynamodb", "table/{TableName}/stream/when"),
    },
    "AWS::Events::Archive": {
        "Ref": "{ArchiveName}",
        "Arn": _arn("events", "archive/{ArchiveName}"),
    },
    "AWS::Events::Rule": {
        "Ref": "{bus_and_bar}{Name}",
        "Arn": _arn("events", "rule/{bus_and_slash}{Name}"),
    },
    "AWS::IAM::Role": {
        "Ref": "{stack}-{id}-suffix",
        "Arn": "arn:{partition}:iam::{account}:role/{stack}-{id}-suffix",
    },
    "AWS::KMS::Key": {"Ref": "{id}-id", "Arn": _arn("kms", "key/{id}-id")},
    "AWS::Lambda::EventSourceMapping": {"Ref": "{id}-uuid"},
    "AWS::Lambda::Function": {
        "Ref": "{FunctionName}",
        "Arn": _arn("lambda", "function:{FunctionName}"),
    },
    "AWS::Lambda::Url": {
        "Ref": _arn("lambda", "function:{stack}-{id}"),
        "FunctionUrl": "https://{id}.lambda-url.{region}.on.aws/",
    },
    "AWS::Logs::LogGroup": {
        "Ref": "{LogGroupName}",
        "Arn": _arn("logs", "log-group:{LogGroupName}:*"),
    },
    "AWS::SNS::Subscription": {"Ref": "{TopicArn}:id"},
    "AWS::SNS::Topic": {"Ref": _arn("sns", "{TopicName}"), "TopicName": "{TopicName}"},
    "AWS::SQS::Queue": {
        "Ref": "https://sqs.{region}.{domain}/{account}/{QueueName}",
        "Arn": _arn("sqs", "{QueueName}"),
        "QueueName": "{QueueName}",
    },
}

_NO_VALUE = object()
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")


@cache
def load(path: Path = TEMPLATE) -> dict[str, Any]:
    """Return a template as ``parse`` does, always the same object."""
    return parse(path.read_text("utf-8"))


def parse(text: str) -> dict[str, Any]:
    """Return a template, its short tags (``!Ref``) in their long form (``{"Ref": ...}``)."""
    template, _ = cfn_flip.load(text)
    plain: dict[str, Any] = json.loads(json.dumps(template))
    return plain


def targets(value: Any) -> Iterator[tuple[str, str]]:
    """Yield what a value refers to: a parameter's or resource's name, and ``Ref`` or an attribute.

    Looks into every branch of every ``Fn::If``, whichever a deployment takes.
    """
    match value:
        case {"Ref": str(name), **rest} if not rest:
            yield name, "Ref"
        case {"Fn::GetAtt": [str(name), str(attribute)], **rest} if not rest:
            yield name, attribute
        case {"Fn::Sub": str(text), **rest} if not rest:
            yield from _targets_of_text(text)
        case {"Fn::Sub": [str(text), dict(names)], **rest} if not rest:
            yield from (each for each in _targets_of_text(text) if each[0] not in names)
            yield from targets(names)
        case dict():
            for member in value.values():
                yield from targets(member)
        case list():
            for member in value:
                yield from targets(member)


def _targets_of_text(text: str) -> Iterator[tuple[str, str]]:
    for literal, name in _PLACEHOLDER.findall(text):
        if not literal:
            resource, _, attribute = name.partition(".")
            yield resource, attribute or "Ref"


class Deployment:
    """A template with parameters (the others at their defaults) in a region of a partition."""

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, str] | None = None,
        region: str = "us-east-1",
        partition: str = "aws",
    ) -> None:
        self.template = template
        defaults = {name: each.get("Default") for name, each in template["Parameters"].items()}
        # CloudFormation hands every parameter on as text, whatever its type.
        self.parameters = {
            key: str(value) for key, value in {**defaults, **(parameters or {})}.items()
        }
        self.partition = partition
        self.domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        self._pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": _NO_VALUE,
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::StackName": STACK_NAME,
            "AWS::URLSuffix": self.domain,
        }
        self._properties: dict[str, Any] = {}

    def __getitem__(self, logical_id: str) -> dict[str, Any]:
        """Return a resource's properties, resolved; raise LookupError if it is not deployed."""
        if logical_id not in self._properties:
            self._properties[logical_id] = self.resolve(self._resource(logical_id)["Properties"])
        properties: dict[str, Any] = self._properties[logical_id]
        return properties

    def but(self, **parameters: str) -> "Deployment":
        """Return the same deployment with other values of some parameters."""
        changed = {**self.parameters, **parameters}
        return Deployment(self.template, changed, self.region, self.partition)

    @property
    def suffix(self) -> str:
        """The environment's suffix, with which every physical name ends."""
        return self.parameters["EnvironmentSuffix"]

    @property
    def region(self) -> str:
        """The region deployed to."""
        return str(self._pseudo["AWS::Region"])

    @property
    def resources(self) -> list[str]:
        """The logical ids of what is deployed: those whose condition holds."""
        return [name for name, each in self.template["Resources"].items() if self._exists(each)]

    @property
    def is_status(self) -> bool:
        """Whether this is the status stack, beside the one that stores updates."""
        return "StreamArn" in self.parameters

    @property
    def is_webhook(self) -> bool:
        """Whether this is a carrier's webhook, in front of the bus."""
        return "Carrier" in self.parameters

    def of(self, kind: str) -> list[str]:
        """Return the logical ids of what is deployed of a type."""
        return [name for name in self.resources if self._resource(name)["Type"] == kind]

    def only(self, kind: str) -> dict[str, Any]:
        """Return the properties of the one resource of a type."""
        (name,) = self.of(kind)
        return self[name]

    @property
    def alarms(self) -> dict[str, str]:
        """The deployed alarms' ARNs, by logical id."""
        alarms = self.of("AWS::CloudWatch::Alarm")
        return {name: self.resolve({"Fn::GetAtt": [name, "Arn"]}) for name in alarms}

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs by name, of those whose condition holds."""
        outputs = self.template["Outputs"].items()
        return {name: self.resolve(each["Value"]) for name, each in outputs if self._exists(each)}

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{ACCOUNT}:{resource}"

    def needs(self, logical_id: str) -> set[str]:
        """Return the resources that this one depends on, directly or not: those made before it."""
        found: set[str] = set()
        waiting = [logical_id]
        while waiting:
            resource = self._resource(waiting.pop())
            named = resource.get("DependsOn", [])
            referred = {name for name, _ in targets(self._taken(resource["Properties"]))}
            direct = referred | ({named} if isinstance(named, str) else set(named))
            new = direct & set(self.resources) - found
            found |= new
            waiting += new
        return found

    def _taken(self, value: Any) -> Any:
        """Return a value with each Fn::If replaced by the branch that this deployment takes."""
        match value:
            case {"Fn::If": [str(condition), yes, no]}:
                return self._taken(yes if self._holds({"Condition": condition}) else no)
            case dict():
                return {key: self._taken(member) for key, member in value.items()}
            case list():
                return [self._taken(member) for member in value]
        return value

    def resolve(self, value: Any) -> Any:
        """Return a value without intrinsic functions; raise LookupError for what does not exist."""
        if isinstance(value, list):
            members = [self.resolve(member) for member in value]
            return [member for member in members if member is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        name, argument = next(iter(value.items()), ("", None))
        if len(value) == 1 and (name == "Ref" or name.startswith("Fn::")):
            return self._call(name, argument)
        resolved = {key: self.resolve(member) for key, member in value.items()}
        return {key: member for key, member in resolved.items() if member is not _NO_VALUE}

    def _call(self, function: str, argument: Any) -> Any:
        match function, argument:
            case "Ref", str(name):
                return self._returned(name, "Ref")
            case "Fn::GetAtt", [str(name), str(attribute)]:
                return self._returned(name, attribute)
            case "Fn::Sub", str(text):
                return self._substituted(text, {})
            case "Fn::Sub", [str(text), dict(names)]:
                return self._substituted(text, self.resolve(names))
            case "Fn::If", [str(condition), yes, no]:
                return self.resolve(yes if self._holds({"Condition": condition}) else no)
        raise LookupError(f"{function} {argument!r}: not understood")

    def _substituted(self, text: str, names: Mapping[str, Any]) -> str:
        def value(placeholder: re.Match[str]) -> str:
            literal, name = placeholder.groups()
            if literal:
                return f"${{{name}}}"
            if name in names:
                return str(names[name])
            resource, _, attribute = name.partition(".")
            return str(self._returned(resource, attribute or "Ref"))

        return _PLACEHOLDER.sub(value, text)

    def _returned(self, name: str, attribute: str) -> Any:
        if attribute == "Ref" and name in self.parameters:
            return self.parameters[name]
        if attribute == "Ref" and name in self._pseudo:
            return self._pseudo[name]
        form = RETURNS.get(self._resource(name)["Type"], {}).get(attribute)
        if form is None:
            raise LookupError(f"{name}: CloudFormation returns no {attribute} of it")
        properties = self._resource(name)["Properties"]
        named = {key: self.resolve(properties[key]) for key in properties if f"{{{key}}}" in form}
        bus = self.resolve(properties.get("EventBusName", "default"))
        return form.format(
            **named,
            id=name,
            account=ACCOUNT,
            stack=STACK_NAME,
            domain=self.domain,
            region=self.region,
            partition=self.partition,
            bus_and_bar="" if bus == "default" else f"{bus}|",
            bus_and_slash="" if bus == "default" else f"{bus}/",
        )

    def _resource(self, logical_id: str) -> dict[str, Any]:
        resource: dict[str, Any] = self.template["Resources"].get(logical_id)
        if resource is None or not self._exists(resource):
            raise LookupError(f"{logical_id}: no such parameter or resource")
        return resource

    def _exists(self, section: Mapping[str, Any]) -> bool:
        return "Condition" not in section or self._holds({"Condition": section["Condition"]})

    def _holds(self, condition: Any) -> bool:
        match condition:
            case {"Condition": str(name)}:
                return self._holds(self.template["Conditions"][name])
            case {"Fn::Not": [operand]}:
                return not self._holds(operand)
            case {"Fn::And": operands}:
                return all(map(self._holds, operands))
            case {"Fn::Equals": [left, right]}:
                return str(self.resolve(left)) == str(self.resolve(right))
        raise LookupError(f"condition {condition!r}: not understood")
