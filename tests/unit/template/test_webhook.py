"""A carrier's webhook: who may call it, what it may do, and that its constants fit together."""

import json
from pathlib import Path

import pytest
from moto import mock_aws

from scripts import embed
from scripts.embed import CARRIERS, WEBHOOK_HANDLER
from shipments.carriers import easypost, shippo
from tests.unit.template import deployments, webhook_handler
from tests.unit.template.resolve import Deployment
from tests.unit.template.test_alarms import NO_DATA, fires
from tests.unit.template.test_permissions import RUNTIME, TRACES, grants
from tests.unit.template.test_relations import ENVIRONMENT_BYTES, PAUSE_SECONDS
from tests.unit.webhook.account import track, tracker

FUNCTION = "WebhookFunction"


# ---- who may call it


def test_anybody_may_call_the_url_because_the_function_asks_for_a_signature(
    webhook: Deployment,
) -> None:
    arn = webhook.resolve({"Fn::GetAtt": [FUNCTION, "Arn"]})
    assert webhook["WebhookEndpoint"] == {"TargetFunctionArn": arn, "AuthType": "NONE"}


def test_only_through_the_url_anybody_may_invoke_the_function(webhook: Deployment) -> None:
    anybody = {"FunctionName": webhook[FUNCTION]["FunctionName"], "Principal": "*"}
    permissions = [webhook[name] for name in webhook.of("AWS::Lambda::Permission")]
    assert permissions == [
        {**anybody, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
        {**anybody, "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
    ]


@pytest.mark.parametrize(("limit", "expected"), [("5", "5"), ("7", "7"), ("0", None)])
def test_a_flood_of_requests_leaves_concurrency_to_others(
    webhook: Deployment, limit: str, expected: str | None
) -> None:
    function = webhook.but(ReservedConcurrency=limit)[FUNCTION]
    assert function.get("ReservedConcurrentExecutions") == expected


# ---- what it may do


def test_the_role_grants_the_calls_that_the_handler_makes_and_what_lambda_does_and_nothing_else(
    webhook: Deployment,
) -> None:
    log = webhook.resolve({"Fn::GetAtt": ["WebhookLogGroup", "Arn"]})
    bus = webhook.parameters["EventBusName"]
    on = {
        "events": webhook.arn("events", f"event-bus/{bus}"),
        "secretsmanager": webhook.parameters["SecretArn"],
        "logs": log,
        "xray": "*",
    }
    actions = webhook_handler.aws_actions() | RUNTIME | TRACES
    assert grants(webhook, "SendShipmentUpdates") == {
        (each, on[each.partition(":")[0]]) for each in actions
    }


def test_the_function_is_given_what_the_handler_reads(webhook: Deployment) -> None:
    values = webhook.parameters
    variables = webhook[FUNCTION]["Environment"]["Variables"]
    assert variables == {
        "CARRIER": values["Carrier"],
        "SECRET_ARN": values["SecretArn"],
        "EVENT_BUS_NAME": values["EventBusName"],
        "ENVIRONMENT": webhook.suffix,
    }
    assert variables.keys() == webhook_handler.environment_variables()


def test_the_stack_has_these_outputs(webhook: Deployment) -> None:
    outputs = {"WebhookEndpointFunctionUrl", "WebhookFunctionName", "WebhookLogGroupName"}
    assert webhook.outputs.keys() == outputs


def test_an_alarm_names_the_carrier(webhook: Deployment) -> None:
    for name in webhook.alarms:
        what, _, _ = webhook[name]["AlarmDescription"].partition(". Then ")
        assert webhook.parameters["Carrier"] in what, name


# ---- its code


@pytest.mark.parametrize("carrier", [easypost, shippo], ids=lambda module: module.__name__)
def test_the_template_has_the_code_of_each_mapping_as_it_is(
    webhook: Deployment, carrier: object
) -> None:
    code = webhook[FUNCTION]["Code"]["ZipFile"]
    lines = Path(str(carrier.__file__)).read_text("utf-8").splitlines()  # type: ignore[attr-defined]
    assert "\n".join(f"    {line}" if line else "" for line in lines) in code
    assert "from shipments" not in code


def test_a_module_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    handler = tmp_path / "handler.py"
    handler.write_text("from shipments.carriers import nobody\n", "utf-8")
    with pytest.raises(FileNotFoundError):
        embed.code_of(handler)


def test_the_rest_of_the_code_is_the_handler_s(webhook: Deployment) -> None:
    code = webhook[FUNCTION]["Code"]["ZipFile"]
    before, _, after = WEBHOOK_HANDLER.read_text("utf-8").partition(
        "from shipments.carriers import easypost, shippo\n"
    )
    assert code.startswith(before)
    assert code.endswith(after)
    assert {each.stem for each in CARRIERS.glob("*.py")} >= {"easypost", "shippo"}


def test_the_code_of_the_template_maps_as_the_modules_do(
    webhook: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in webhook[FUNCTION]["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value)
    deployed: dict[str, object] = {}
    with mock_aws():
        exec(webhook[FUNCTION]["Code"]["ZipFile"], deployed)  # noqa: S102 - as Lambda does
    carriers = deployed["CARRIERS"]
    assert list(carriers) == webhook.template["Parameters"]["Carrier"]["AllowedValues"]  # type: ignore[call-overload]
    for name, module, payload in (
        ("easypost", easypost, tracker()),
        ("shippo", shippo, track()),
    ):
        assert carriers[name].details(payload) == module.details(payload) != []  # type: ignore[index]


# ---- what must fit together


def test_a_request_that_is_begun_in_time_ends_within_the_timeout(webhook: Deployment) -> None:
    module = webhook_handler.module()
    config = module.CALLS
    attempts = config.retries["total_max_attempts"]
    attempt_seconds = config.connect_timeout + config.read_timeout
    call_seconds = attempts * attempt_seconds + (attempts - 1) * PAUSE_SECONDS
    assert module.GIVE_UP_MS / 1000 + call_seconds < webhook[FUNCTION]["Timeout"] == 20
    assert call_seconds < module.GIVE_UP_MS / 1000  # the secret was read before


def test_an_entry_is_counted_as_bigger_than_eventbridge_counts_it(webhook: Deployment) -> None:
    entry = webhook_handler.module().entry({})
    counted = len(entry["Source"]) + len(entry["DetailType"]) + 14  # and 14 for a time
    assert counted <= webhook_handler.module().ENTRY_BYTES
    assert webhook_handler.module().BATCH_BYTES <= 1024 * 1024
    assert "Time" not in entry
    assert webhook.parameters["EventBusName"]


def test_the_longest_settings_fit_into_an_environment(webhook: Deployment) -> None:
    stack = webhook.but(**deployments.longest(webhook.template), EventBusName="b" * 256)
    variables = stack[FUNCTION]["Environment"]["Variables"]
    assert len(json.dumps(variables).encode()) <= ENVIRONMENT_BYTES


def test_three_rejected_signatures_in_a_quarter_of_an_hour_fire(webhook: Deployment) -> None:
    # A stranger finds the URL once; a carrier with another secret tries again.
    alarm = webhook["RejectedSignaturesAlarm"]
    assert alarm["Period"] == 15 * 60
    assert [fires(alarm, value) for value in (3, 2, NO_DATA)] == [True, False, False]
