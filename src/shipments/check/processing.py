"""Checks of the function and the failed-updates queue."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from zipfile import BadZipFile

from shipments import __version__
from shipments.check.model import PROBLEM, WARNING, Deployed, Finding, Main, aws
from shipments.check.names import option
from shipments.check.policy import EVENTS, Request, allows
from shipments.check.runtimes import LIVES, NOTICE, newest
from shipments.deployed import other_code
from shipments.errors import explain
from shipments.handler import digest
from shipments.output import number

DESTINATION = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 21600}
DAY = timedelta(days=1)


def today() -> date:
    """Return the date in UTC."""
    return datetime.now(timezone.utc).date()


def function(d: Deployed) -> Iterator[Finding]:
    """Find that the function cannot run."""
    found = d.ask("lambda", "get_function_configuration", FunctionName=d.function)
    if found is None:
        yield d.missing(f"the function {d.function}")
        return
    for field, good in (("State", {"Active", "Inactive"}), ("LastUpdateStatus", {"Successful"})):
        if found.get(field, min(good)) not in good:
            reason = found.get(f"{field}Reason") or "no reason given"
            yield Finding(f"the function's {field} is {found[field]}: {reason}", d.restore())


def code(d: Deployed) -> Iterator[Finding]:
    """Find that the function has other code than this command, whose rules send checks by."""
    try:
        other = other_code(d.stack, d.function, d.handler)
    except (OSError, BadZipFile, KeyError, ValueError) as error:  # the download is not boto3's
        look = aws("lambda get-function", function_name=d.function)
        yield Finding(f"not checked: {explain(error)}", look, WARNING)
        return
    if other:
        yield Finding(
            f"the function has other code (handler {other}) than shipments {__version__} "
            f"(handler {digest(d.handler)}): install the version that belongs to it, or deploy "
            "this one",
            d.deploy(),
            WARNING,
        )


def runtime(d: Deployed) -> Iterator[Finding]:
    """Find that the function's Python version is at its end of life, or near it."""
    found = d.get("lambda", "get_function_configuration", FunctionName=d.function)
    life = LIVES.get(found["Runtime"])
    if life is None or today() < life.deprecated - NOTICE:
        return
    yield Finding(
        f"{found['Runtime']}: {life}",
        d.deploy(parameter_overrides=f"LambdaRuntime={newest()}"),
        PROBLEM if today() >= life.deprecated else WARNING,
    )


def destination(
    d: Deployed,
    what: str = "updates whose function fails",
    settings: Mapping[str, int] = DESTINATION,
) -> Iterator[Finding]:
    """Find that what the function fails on is not kept.

    what: that is kept; settings: of the function's asynchronous invocations.
    """
    found = d.ask(
        "lambda", "get_function_event_invoke_config", FunctionName=d.function, Qualifier="$LATEST"
    )
    remedy = aws(
        "lambda put-function-event-invoke-config",
        function_name=d.function,
        qualifier="$LATEST",
        **{option(name): value for name, value in settings.items()},
        destination_config={"OnFailure": {"Destination": d.queue_arn}},
    )
    config = found or {}
    on_failure = config.get("DestinationConfig", {}).get("OnFailure", {})
    if on_failure.get("Destination") != d.queue_arn:
        yield Finding(f"{what} are not kept on the queue", remedy)
    elif any(config.get(name, value) != value for name, value in settings.items()):
        yield Finding(f"{what} are not retried as they should be", remedy)


def invocation(
    d: Deployed, who: str, service: str, source: str, statement_id: str
) -> Iterator[Finding]:
    """Find that a service may not invoke the function.

    who: what invokes it; source: its ARN; statement_id: the permission's id in the template.
    """
    answer = d.ask("lambda", "get_policy", FunctionName=d.function)
    arn = d.arn("lambda", f"function:{d.function}")
    request = Request(service, "lambda:InvokeFunction", arn, source)
    if not allows(answer and answer["Policy"], request):
        yield Finding(
            f"{who} may not invoke the function",
            aws(
                "lambda add-permission",
                function_name=d.function,
                statement_id=statement_id,
                action="lambda:InvokeFunction",
                principal=service,
                source_arn=source,
            ),
        )


def concurrency(d: Deployed) -> Iterator[Finding]:
    """Find that the function is switched off."""
    found = d.get("lambda", "get_function_concurrency", FunctionName=d.function)
    if found.get("ReservedConcurrentExecutions") == 0:
        yield Finding(
            "the function's reserved concurrency is 0: it never runs",
            aws("lambda delete-function-concurrency", function_name=d.function),
        )


def queue(d: Main) -> Iterator[Finding]:
    """Find that EventBridge may not put what it cannot deliver on the queue."""
    found = d.ask(
        "sqs", "get_queue_attributes", QueueUrl=d.queue, AttributeNames=["Policy", "QueueArn"]
    )
    if found is None:
        yield d.missing(f"the queue {d.queue}")
        return
    attributes = found["Attributes"]
    request = Request(EVENTS, "sqs:SendMessage", attributes["QueueArn"], d.rule_arn)
    if not allows(attributes.get("Policy"), request):
        yield Finding(
            "the queue's policy does not let the rule put updates on it: what cannot be "
            "delivered is lost",
            d.restore(),
        )


def failed(d: Main) -> Iterator[Finding]:
    """Find that failed updates wait for somebody."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = d.get("sqs", "get_queue_attributes", QueueUrl=d.queue, AttributeNames=names)
    waiting = sum(int(found["Attributes"][name]) for name in names)
    if waiting:
        yield Finding(
            f"{number(waiting, 'message')} on the failed-updates queue",
            f"shipments failed --stack-name {d.stack.name}",
        )


def traffic(d: Deployed) -> Iterator[Finding]:
    """Find that no update was stored in the last day."""
    now = datetime.now(timezone.utc)
    found = d.get(
        "cloudwatch",
        "get_metric_statistics",
        Namespace="LogisticsProcessing",
        MetricName="ShipmentUpdatesProcessed",
        Dimensions=[{"Name": "Environment", "Value": d.environment}],
        StartTime=now - DAY,
        EndTime=now,
        Period=3600,
        Statistics=["Sum"],
    )
    if not sum(point["Sum"] for point in found["Datapoints"]):
        yield Finding(
            "no update was stored in the last 24 hours",
            f"shipments check --canary --stack-name {d.stack.name}",
            WARNING,
        )
