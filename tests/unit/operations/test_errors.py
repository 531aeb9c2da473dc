"""Whatever goes wrong is one line that says how to mend it, and never a traceback."""

import pytest
from botocore import exceptions as aws
from botocore.exceptions import ClientError

from scripts.embed import ROOT
from scripts.operations.errors import explain
from scripts.shipments import main
from tests.unit.operations.cloud import Cloud, refusal

URL = "https://x"
RAISED: list[tuple[Exception, str]] = [
    (aws.NoCredentialsError(), "no credentials: set AWS_PROFILE or --profile"),
    (aws.NoRegionError(), "no region: say --region, or set AWS_DEFAULT_REGION"),
    (aws.ProfileNotFound(profile="x"), "say another --profile"),
    (aws.TokenRetrievalError(provider="sso", error_msg="x"), "the session has ended: log in again"),
    (aws.EndpointConnectionError(endpoint_url=URL), "check the network, --region and AWS_ENDPOINT"),
    (aws.ReadTimeoutError(endpoint_url=URL), "check the network, --region and AWS_ENDPOINT_URL"),
    (aws.SSLError(endpoint_url=URL, error="x"), "check AWS_CA_BUNDLE and AWS_ENDPOINT_URL"),
    (aws.ParamValidationError(report="two\nlines"), "two lines"),
]
DENIED = "User: arn:u is not authorized to perform: sqs:ReceiveMessage on resource: arn:q because"
ANSWERED = [
    ("AccessDeniedException", DENIED, "not allowed: have sqs:ReceiveMessage on arn:q granted"),
    ("AccessDenied", "Access to the resource is denied.", "not allowed: have Do granted to the"),
    ("ExpiredToken", "x", "the credentials have expired: log in again"),
    ("InvalidClientTokenId", "x", "the credentials are not valid here: set AWS_PROFILE"),
    ("ThrottlingException", "x", "AWS limits the rate of Do: wait a minute and run it again"),
    ("QueueDoesNotExist", "Gone.", "Do: Gone. Is the stack whole? Deploy it again to mend it"),
    ("Strange", "two\nlines", "Do: Strange: two lines"),
]


@pytest.mark.parametrize(("error", "part"), RAISED, ids=lambda each: type(each).__name__)
def test_what_botocore_raises_is_one_line_with_advice(error: Exception, part: str) -> None:
    assert part in explain(error)
    assert "\n" not in explain(error)


@pytest.mark.parametrize(("code", "message", "expected"), ANSWERED)
def test_what_a_service_refuses_is_one_line_with_advice(
    code: str, message: str, expected: str
) -> None:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "Do")
    assert explain(error).startswith(expected)


COMMANDS = [
    ["track", "S-1"],
    ["failed"],
    ["redrive"],
    ["redrive", "--dry-run"],
    ["replay", "--from", "2h"],
    ["send", "--shipment-id", "S-1", "--status", "LOST"],
]
# In the account of these tests nothing is behind the calls that a stack is not found by.
FIRST_CALLS = ["DescribeStacks", "GetQueueAttributes", "Query", "DescribeArchive", "ReceiveMessage"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_that_may_not_begin_says_so_in_one_line(cloud: Cloud, command: list[str]) -> None:
    for call in FIRST_CALLS:
        cloud.broken[call] = lambda _: refusal("ExpiredToken")
    result = cloud.run(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: the credentials have expired: log in again")
    assert result.stderr.count("\n") == 1


WRONG = [
    (["nope"], "No such command 'nope'."),
    (["track"], "Missing argument 'SHIPMENT'."),
    (["track", "x", "--last", "0"], "'--last': 0 is not in the range x>=1"),
    (["failed", "--older-than", "soon"], "'soon' must be a number with s, m, h or d, such as 30m"),
    (["redrive", "--fix", "status"], "'status' must be FIELD=VALUE, such as status=DELIVERED"),
    (["replay"], "Missing option '--from'"),
    (["replay", "--from", "2026-11-01"], "'2026-11-01' must be ISO 8601 with zone"),
    (["replay", "--from", "2026-02-30T00:00:00Z"], "must be ISO 8601 with zone"),
    (["send"], "say a FILE, or --shipment-id and --status"),
    (["send", "nope.jsonl"], "File 'nope.jsonl' does not exist"),
    (["send", "-", "--status", "x"], "say a FILE, or the options of one update, not both"),
    (["send", "--status", "x"], "shipmentId: is required: mend it, or say --as-is"),
    (["send", "--detail", "[1]"], "--detail: must be a JSON object or a file with one"),
    (["send", "--detail", "{"], "--detail: must be a JSON object or a file with one"),
]


@pytest.mark.parametrize(("command", "part"), WRONG)
def test_wrong_use_is_one_line_and_status_2(cloud: Cloud, command: list[str], part: str) -> None:
    result = cloud.run(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert part in result.stderr
    assert result.stderr.count("\n") == 1
    assert cloud.calls == []


@pytest.mark.parametrize("command", ["send", "track", "failed", "redrive", "replay"])
def test_each_command_s_help_has_examples(cloud: Cloud, command: str) -> None:
    result = cloud.run(command, "--help")
    assert result.exit_code == 0
    assert f"\n    scripts/shipments {command} " in result.stdout.partition("Examples:")[2]
    assert "--json" in result.stdout


@pytest.mark.parametrize("command", main.commands)
def test_each_command_has_its_part_in_the_operating_page(command: str) -> None:
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    assert f"\n## {command}: " in page
    assert f"\n| {command} | " in page


def test_without_a_command_there_is_help(cloud: Cloud) -> None:
    result = cloud.run()
    assert result.exit_code == 2
    assert "Examples:" in result.stderr
