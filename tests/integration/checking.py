"""A stack to break and to check: shipments check in this process, and the commands it prints."""

import io
import json
import shlex
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from awscli.clidriver import create_clidriver
from click.testing import CliRunner, Result

from scripts.embed import HANDLER
from shipments import check as checks
from shipments.check import before, before_status, status
from shipments.check.model import PROBLEM
from shipments.cli import main
from shipments.stack import Stack
from tests.integration import permissions
from tests.integration.pipeline import Fields


@cache
def _aws() -> Any:
    """Return the AWS CLI, which takes long to load."""
    return create_clidriver()


class Account:
    """The emulator's account: its clients, and commands that are run in it.

    client: returns the boto3 client of a service; session: what the commands get.
    """

    def __init__(self, client: Callable[[str], Any], session: "Session") -> None:
        self.client = client
        self.session = session

    def run(self, *arguments: str) -> Result:
        """Run shipments check with arguments."""
        return CliRunner().invoke(main, ["check", *arguments], obj=self.session)

    def found(self, *arguments: str, check: str = "") -> list[Fields]:
        """Return what shipments check finds, without the lines that say ok.

        check: the only one to make, because all of them are two dozen calls.
        """
        with pytest.MonkeyPatch.context() as patch:
            for module in (checks, status, before, before_status):
                name = "CHECKS" if hasattr(module, "CHECKS") else "QUESTIONS"
                chosen = [each for each in getattr(module, name) if check in {"", each.name}]
                patch.setattr(module, name, chosen)
            result = self.run("--json", *arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert lines, result.output
        return [line for line in lines if not line["ok"]]

    def paste(self, command: str) -> None:
        """Run a command of the AWS CLI as it is printed."""
        program, *arguments = shlex.split(command)
        assert program == "aws", command
        with redirect_stdout(io.StringIO()) as out:
            assert _aws().main(arguments) == 0, out.getvalue()

    @contextmanager
    def answers(self, operation: str, answer: Fields | Callable[[Any], Fields]) -> Iterator[None]:
        """Let AWS answer what the emulator cannot, for the length of a with block."""
        self.session.answers[operation] = answer
        try:
            yield
        finally:
            del self.session.answers[operation]


class Session(boto3.Session):
    """A session that keeps its clients, as each run makes its own otherwise.

    answers: what AWS answers in place of the emulator, by the operation; a function of the
    request's body, where it depends on it. The emulator answers where it is None. Status: the HTTP
    status, if it is another one than 400 for an error.
    """

    def __init__(self, *credentials: str) -> None:
        super().__init__(*credentials)
        self.answers: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}
        self.events.register("before-call", self._answer)

    def client(self, service: str, **options: Any) -> Any:  # type: ignore[override]
        """Return the client of a service, the same one each time."""
        if service not in self._clients:
            self._clients[service] = super().client(service, **options)
        return self._clients[service]

    def _answer(self, event_name: str, params: Fields, **_: Any) -> tuple[Any, Fields] | None:
        answer = self.answers.get(event_name.rpartition(".")[2])
        answer = answer(params["body"]) if callable(answer) else answer
        if answer is None:
            return None
        code = answer.get("Status", 400 if "Error" in answer else 200)
        metadata = {"HTTPStatusCode": code, "HTTPHeaders": {}}
        return SimpleNamespace(status_code=code), {**answer, "ResponseMetadata": metadata}


@dataclass(frozen=True)
class Defect:
    """One thing that is broken: how, where it is found and with which words.

    seed, repair: take what can be broken; no repair if the command that is printed is one.
    """

    check: str
    words: str
    seed: Callable[[Any], Any]
    repair: Callable[[Any], Any] | None = None
    severity: str = PROBLEM


@contextmanager
def user(account: Account, *actions: str) -> Iterator[Account]:
    """Yield the account as a user sees it who may do a few actions."""
    granted = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    with permissions.user(account.client, "checker", granted) as keys:
        yield Account(account.client, Session(*keys.values()))


class Breakable:
    """What can be broken in a stack, and repaired."""

    def __init__(self, stack: Stack, client: Callable[[str], Any]) -> None:
        self.stack = stack
        self.client = client
        self.bus = stack["EventBusName"]
        self.rule = stack["ShipmentUpdateRuleArn"].rpartition("/")[2]
        self.function = stack["ShipmentProcessorFunctionName"]
        self.queue = stack["FailedUpdatesQueueUrl"]
        self.table = stack["ShipmentLogsTableName"]
        self.alerts, self.alarms = stack["AlertTopicArn"], stack["AlarmTopicArn"]

    def put_rule(self, name: str = "", **fields: Any) -> None:
        """Put a rule, the stack's own one unless another is named."""
        pattern = {"source": ["logistics.shipments"], "detail-type": ["Shipment Update"]}
        fields = {"EventPattern": json.dumps(pattern), **fields}
        self.client("events").put_rule(Name=name or self.rule, EventBusName=self.bus, **fields)

    def targets(self) -> list[Fields]:
        """Return the rule's targets."""
        answer = self.client("events").list_targets_by_rule(Rule=self.rule, EventBusName=self.bus)
        return list(answer["Targets"])

    def remove_targets(self) -> None:
        """Leave the rule without targets."""
        names = [each["Id"] for each in self.targets()]
        self.client("events").remove_targets(Rule=self.rule, EventBusName=self.bus, Ids=names)

    def change_target(self, **fields: Any) -> None:
        """Change the rule's target; a field that is None is left out."""
        (target,) = self.targets()
        changed = {key: value for key, value in {**target, **fields}.items() if value is not None}
        self.client("events").put_targets(Rule=self.rule, EventBusName=self.bus, Targets=[changed])

    def put_permission(self, **fields: Any) -> None:
        """Let the rule invoke the function, but for some fields; None leaves one out."""
        usual = {
            "FunctionName": self.function,
            "StatementId": "test",
            "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
            "SourceArn": self.stack["ShipmentUpdateRuleArn"],
        }
        given = {key: value for key, value in {**usual, **fields}.items() if value is not None}
        self.remove_permission()
        self.client("lambda").add_permission(**given)

    def remove_permission(self) -> None:
        """Take the rule's permission away."""
        for statement in permissions.of_function(self.client, self.function):
            self.client("lambda").remove_permission(
                FunctionName=self.function, StatementId=statement["Sid"]
            )

    def put_invoke_config(self, **fields: Any) -> None:
        """Change what is done with updates whose function fails."""
        client, where = self.client("lambda"), {"FunctionName": self.function}
        where["Qualifier"] = "$LATEST"
        found = client.get_function_event_invoke_config(**where)
        kept = ("DestinationConfig", "MaximumRetryAttempts", "MaximumEventAgeInSeconds")
        config = {name: found[name] for name in kept}
        client.put_function_event_invoke_config(**where, **{**config, **fields})

    def put_code(self, added: str = "") -> None:
        """Give the function its own code, with something added."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("index.py", HANDLER.read_text("utf-8") + added)
        self.client("lambda").update_function_code(
            FunctionName=self.function, ZipFile=buffer.getvalue()
        )
        self._settle()

    def _settle(self) -> None:
        for name in ("function_active_v2", "function_updated_v2"):
            waiter = self.client("lambda").get_waiter(name)
            config = {"Delay": 0.05, "MaxAttempts": 400}
            waiter.wait(FunctionName=self.function, WaiterConfig=config)

    def configuration(self) -> Fields:
        """Return the function's configuration."""
        answer: Fields = self.client("lambda").get_function_configuration(
            FunctionName=self.function
        )
        return answer

    def queue_policy(self) -> str:
        """Return the queue's policy."""
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=self.queue, AttributeNames=["Policy"]
        )
        return str(answer["Attributes"]["Policy"])

    def set_queue_policy(self, policy: str) -> None:
        """Replace the queue's policy."""
        self.client("sqs").set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})

    def topic_policy(self) -> str:
        """Return the alarm topic's policy."""
        answer = self.client("sns").get_topic_attributes(TopicArn=self.alarms)
        return str(answer["Attributes"]["Policy"])

    def set_topic_policy(self, policy: str) -> None:
        """Replace the alarm topic's policy."""
        self.client("sns").set_topic_attributes(
            TopicArn=self.alarms, AttributeName="Policy", AttributeValue=policy
        )

    def unsubscribe(self, topic: str) -> None:
        """Remove a topic's subscriptions."""
        for each in self.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
            self.client("sns").unsubscribe(SubscriptionArn=each["SubscriptionArn"])

    def alarm(self, logical: str = "FunctionErrorsAlarm") -> Fields:
        """Return one of the stack's alarms."""
        found = self.client("cloudwatch").describe_alarms(
            AlarmNamePrefix=f"{self.stack.name}-{logical}"
        )
        alarm: Fields = found["MetricAlarms"][0]
        return alarm

    def put_alarm(self, alarm: Fields, **fields: Any) -> None:
        """Make an alarm as it was described, with other fields."""
        known = self.client("cloudwatch").meta.service_model.operation_model("PutMetricAlarm")
        names = known.input_shape.members.keys()
        kept = {key: value for key, value in alarm.items() if key in names and value is not None}
        self.client("cloudwatch").put_metric_alarm(**{**kept, **fields})

    def protect(self, *, table: bool, stack: bool) -> None:
        """Switch the two protections on or off."""
        self.client("dynamodb").update_table(TableName=self.table, DeletionProtectionEnabled=table)
        self.client("cloudformation").update_termination_protection(
            StackName=self.stack.name, EnableTerminationProtection=stack
        )

    def set_recovery(self, *, on: bool) -> None:
        """Switch point-in-time recovery on or off."""
        self.client("dynamodb").update_continuous_backups(
            TableName=self.table,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": on},
        )
