"""What the checks work with: the deployed stack, what they find, and the commands that fix it."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from botocore.exceptions import ClientError

from shipments import handler
from shipments.errors import DENIED, code_of, explain, is_denied
from shipments.stack import Stack

Subject = TypeVar("Subject")
PROBLEM, WARNING, OK = "problem", "warning", "ok"
TEMPLATE = "templates/TapStack.yml"
# The template's parameters and their defaults.
PARAMETERS = {
    "EnvironmentSuffix": "dev",
    "EventBusName": "default",
    "LambdaRuntime": "python3.13",
    "TracingMode": "PassThrough",
    "AlertEmail": "test@test.com",
    "AlertMail": "each",
    "CriticalStatuses": "DELAYED,DELAY,LOST,LOSS,DAMAGED,DAMAGE,EXCEPTION",
    "ExpectUpdatesEveryHours": "0",
    "UnheardAlertsAlarmEnabled": "true",
    "RunbookUrl": "docs/runbook.md",
    "RowRetentionDays": "0",
    "ArchiveRetentionDays": "30",
    "LogRetentionDays": "30",
    "KmsKeyArn": "",
    "TableDeletionProtection": "true",
}
# What services answer about something that does not exist.
MISSING = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchEntity",
    "NotFound",
    "NotFoundException",
    "QueueDoesNotExist",
    "ResourceNotFound",
    "ResourceNotFoundException",
}
# What an endpoint answers that has no such operation.
UNSUPPORTED = {"InvalidAction", "NotImplemented", "UnknownOperationException"}


@dataclass(frozen=True)
class Finding:
    """What is wrong, the command that fixes it, and whether it is a problem or a warning."""

    what: str
    remedy: str
    severity: str = PROBLEM


class Deployed:
    """A deployed stack, of whichever template, and how its resources are asked for.

    template: the path of its template; handler: of the code in it; parameters: with the template's
    defaults, as older templates have fewer; function, table: the names of those it has.
    """

    template = TEMPLATE
    handler = handler.PATH
    defaults: Mapping[str, str] = PARAMETERS
    function: str
    table: str

    def __init__(self, stack: Stack, known_arn: str) -> None:
        """known_arn: of any resource in the stack's account and region."""
        self._known_arn = known_arn
        self.stack = stack
        self.parameters = {**self.defaults, **stack.parameters}
        self.environment = stack.suffix
        self.queue_arn = self.arn("sqs", f"shipment-failed-updates-{self.environment}")
        self.alert_topic = self.arn("sns", f"shipment-alerts-{self.environment}")
        self.alarm_topic = self.arn("sns", f"shipment-alarms-{self.environment}")

    @property
    def function_arn(self) -> str:
        """The function's ARN."""
        return self.arn("lambda", f"function:{self.function}")

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the stack's account and region."""
        _, partition, _, region, account, _ = self._known_arn.split(":", 5)
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"

    def get(self, service: str, operation: str, **arguments: Any) -> Any:
        """Return what a service answers; raise ClientError, also if it does not exist."""
        return getattr(self.stack.client(service), operation)(**arguments)

    def ask(self, service: str, operation: str, **arguments: Any) -> Any:
        """Return what a service answers, or None if what is asked for does not exist."""
        return ask(self.stack.client, service, operation, **arguments)

    def missing(self, what: str) -> Finding:
        """Return the finding that a resource of the stack does not exist."""
        return Finding(f"{what} does not exist, although it belongs to the stack", self.restore())

    def deploy(self, **options: Any) -> str:
        """Return the command that deploys the stack's template again."""
        return deploy(self.stack.name, self.template, **options)

    def restore(self) -> str:
        """Return the command that prepares to make the resources again as the template has them.

        docs/runbook.md, "Restore the resources", has the commands that follow.
        """
        return aws(
            "cloudformation create-change-set",
            "--use-previous-template",
            stack_name=self.stack.name,
            change_set_name="restore",
            deployment_mode="REVERT_DRIFT",
            capabilities="CAPABILITY_IAM",
            parameters=[
                f"ParameterKey={key},UsePreviousValue=true" for key in self.stack.parameters
            ],
        )


class Main(Deployed):
    """A stack of TapStack.yml."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack, stack["ShipmentUpdateRuleArn"])
        self.bus = stack["EventBusName"]
        self.rule_arn = stack["ShipmentUpdateRuleArn"]
        self.rule = self.rule_arn.rpartition("/")[2]
        self.function = stack["ShipmentProcessorFunctionName"]
        self.queue = stack["FailedUpdatesQueueUrl"]
        self.table = stack["ShipmentLogsTableName"]
        self.version = stack.outputs.get("Version", "")  # none before 1.0.0


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """One question, about a stack or a deployment to come.

    good: the answer if nothing is found, with {it} for the subject; look: yields what is found.
    """

    name: str
    good: str
    look: Callable[[Subject], Iterator[Finding]]

    def findings(self, subject: Subject) -> list[Finding]:
        """Return what is found; that it could not be checked is a finding, too."""
        try:
            return list(self.look(subject))
        except ClientError as error:
            return [not_checked(error)]


def not_checked(error: ClientError) -> Finding:
    """Return the finding that an answer is needed and refused; raise any other error again."""
    code, action = code_of(error), error.operation_name
    if is_denied(error):
        message = str(error.response["Error"].get("Message"))
        found = DENIED.search(message)
        return Finding(
            f"not checked: needs {found[1] if found else action}", explain(error), WARNING
        )
    if code in UNSUPPORTED:
        return Finding(
            f"not checked: needs {action}, which this endpoint does not have",
            "run it against an endpoint of AWS",
            WARNING,
        )
    if code in MISSING:  # the check of that resource says what to do
        message = error.response["Error"].get("Message") or code
        return Finding(f"not checked: {message}", "first fix what does not exist", WARNING)
    raise error


def ask(client: Callable[..., Any], service: str, operation: str, **arguments: Any) -> Any:
    """Return what a service answers, or None if what is asked for does not exist."""
    try:
        return getattr(client(service), operation)(**arguments)
    except ClientError as error:
        if code_of(error) in MISSING:
            return None
        raise


def aws(command: str, *flags: str, **options: Any) -> str:
    """Return a command of the AWS CLI; an option's value may be an object or a list of texts."""
    words = ["aws", *command.split(), *flags]
    for name, value in options.items():
        texts = value if isinstance(value, list) else [value]
        words.append(f"--{name.replace('_', '-')}")
        words += [json.dumps(text) if isinstance(text, dict) else str(text) for text in texts]
    return shlex.join(words)


def deploy(stack: str, template: str = TEMPLATE, **options: Any) -> str:
    """Return the command that deploys a template."""
    return aws(
        "cloudformation deploy",
        template_file=template,
        stack_name=stack,
        capabilities="CAPABILITY_IAM",
        **options,
    )
