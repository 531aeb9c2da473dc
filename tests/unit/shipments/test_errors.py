"""Whatever goes wrong is one line that says how to fix it, and never a traceback."""

import os
from typing import Any

import pytest
from botocore import exceptions as aws
from botocore.exceptions import ClientError
from click.testing import CliRunner

from scripts.embed import ROOT
from shipments.cli import main
from shipments.errors import BY_KIND, explain
from shipments.stack import CALLS
from tests.unit.shipments.cloud import Cloud, refusal

URL = "https://x"
RAISED: list[tuple[Exception, str]] = [
    (aws.ProxyConnectionError(proxy_url=URL), "check the network, --region and AWS_ENDPOINT_URL"),
    (aws.ConnectTimeoutError(endpoint_url=URL), "check the network, --region and AWS_ENDPOINT_URL"),
    (aws.TokenRetrievalError(provider="sso", error_msg="x"), "the session has ended: log in again"),
    (aws.EndpointConnectionError(endpoint_url=URL), "check the network, --region and AWS_ENDPOINT"),
    (aws.ReadTimeoutError(endpoint_url=URL), "check the network, --region and AWS_ENDPOINT_URL"),
    (aws.SSLError(endpoint_url=URL, error="x"), "check AWS_CA_BUNDLE and AWS_ENDPOINT_URL"),
    (aws.ParamValidationError(report="two\nlines"), "two lines"),
]
REGION = {"AWS_DEFAULT_REGION": "us-east-1"}
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
SETTINGS: list[tuple[dict[str, str], list[str], str]] = [
    (REGION, [], "no credentials: set AWS_PROFILE or --profile"),
    ({**REGION, "AWS_ACCESS_KEY_ID": "x"}, [], "no credentials: set AWS_PROFILE or --profile"),
    (KEYS, [], "no region: pass --region, or set AWS_DEFAULT_REGION"),
    (KEYS, ["--region", "a b"], "'a b' doesn't match a supported format: pass another --region"),
    (KEYS, ["--profile", "x"], "profile (x) could not be found: pass another --profile"),
    ({**KEYS, **REGION, "AWS_ENDPOINT_URL": "localhost:1"}, [], "check AWS_ENDPOINT_URL"),
    ({"AWS_CONFIG_FILE": __file__}, [], "correct the file that AWS_CONFIG_FILE names"),
]
DENIED = "User: arn:u is not authorized to perform: sqs:ReceiveMessage on resource: arn:q because"
ANSWERED = [
    ("AccessDeniedException", DENIED, "not allowed: have sqs:ReceiveMessage on arn:q granted"),
    ("AccessDenied", "Access to the resource is denied.", "not allowed: have Do granted to the"),
    ("ExpiredToken", "x", "the credentials have expired: log in again"),
    ("InvalidClientTokenId", "x", "the credentials are not valid here: set AWS_PROFILE"),
    ("ThrottlingException", "x", "AWS limits the rate of Do: wait a minute and run it again"),
    ("QueueDoesNotExist", "Gone.", "Do: Gone. Is the stack complete? Deploy it again"),
    ("Strange", "two\nlines", "Do: Strange: two lines"),
]


@pytest.mark.parametrize(("error", "part"), RAISED, ids=lambda each: type(each).__name__)
def test_what_botocore_raises_is_one_line_with_advice(error: Exception, part: str) -> None:
    assert part in explain(error)
    assert "\n" not in explain(error)


@pytest.mark.parametrize(("settings", "options", "part"), SETTINGS)
def test_a_setting_that_is_wrong_or_missing_is_one_line_with_advice(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], options: list[str], part: str
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    for name, value in {**nowhere, "AWS_EC2_METADATA_DISABLED": "true", **settings}.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(main, ["list", *options])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert part in result.stderr


def test_an_endpoint_that_does_not_answer_is_given_up_within_15_seconds() -> None:
    attempts = CALLS.retries["total_max_attempts"]
    pauses = sum(2**attempt for attempt in range(attempts - 1))  # at most, as botocore pauses
    assert attempts * CALLS.connect_timeout + pauses <= 15


@pytest.mark.parametrize(("code", "message", "expected"), ANSWERED)
def test_what_a_service_refuses_is_one_line_with_advice(
    code: str, message: str, expected: str
) -> None:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "Do")
    assert explain(error).startswith(expected)


COMMANDS = [
    ["track", "S-1"],
    ["log"],
    ["list"],
    ["export"],
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


KINDS = [kind for kinds, _ in BY_KIND for kind in (kinds if isinstance(kinds, tuple) else (kinds,))]
WORDS = dict.fromkeys(
    (
        "endpoint_url",
        "error",
        "error_msg",
        "profile",
        "provider",
        "cred_var",
        "path",
        "region_name",
    ),
    "x",
)


@pytest.mark.parametrize("command", [["track", "S-1"], ["failed"], ["log"]], ids=" ".join)
def test_whatever_the_client_raises_is_one_line(cloud: Cloud, command: list[str]) -> None:
    errors = [kind(**WORDS) for kind in KINDS]

    def fail(_: Any) -> None:
        raise errors[-1]

    cloud.broken = dict.fromkeys(("Query", "GetQueueAttributes", "FilterLogEvents"), fail)
    while errors:
        result = cloud.run(*command)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        errors.pop()


WRONG = [
    (["nope"], "No such command 'nope'."),
    (["track"], "Missing argument 'SHIPMENT'."),
    (["track", "x", "--last", "0"], "'--last': 0 is not in the range x>=1"),
    (["log", "--outcome", "lost"], "'lost' is not one of 'stored', 'duplicate', 'rejected'"),
    (["log", "--limit", "0"], "0 is not in the range"),
    (["list", "--stale", "soon"], "'soon' must be a number with s, m, h or d, such as 30m"),
    (["list", "--csv", "--json"], "--csv and --json: pass one of them"),
    (["export", "--csv", "--json"], "--csv and --json: pass one of them"),
    (["export", "--since", "1h", "--until", "2h"], "--until: must be later than --since"),
    (["failed", "--older-than", "soon"], "'soon' must be a number with s, m, h or d, such as 30m"),
    (["redrive", "--fix", "status"], "'status' must be FIELD=VALUE, such as status=DELIVERED"),
    (["replay"], "Missing option '--from'"),
    (["replay", "--from", "2026-11-01"], "'2026-11-01' must be ISO 8601 with zone"),
    (["replay", "--from", "2026-02-30T00:00:00Z"], "must be ISO 8601 with zone"),
    (["send"], "pass a FILE, or --shipment-id and --status"),
    (["send", "nope.jsonl"], "File 'nope.jsonl' does not exist"),
    (["send", "-", "--status", "x"], "pass a FILE, or the options of one update, not both"),
    (["send", "--status", "x"], "shipmentId: is required: correct it, or pass --as-is"),
    (["send", "--detail", "[1]"], "--detail: must be a JSON object or a file with one"),
    (["send", "--detail", "{"], "--detail: must be a JSON object or a file with one"),
]


@pytest.mark.parametrize(("command", "part"), WRONG)
def test_wrong_use_is_one_line_and_status_2(cloud: Cloud, command: list[str], part: str) -> None:
    result = cloud.run(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert part in result.stderr.splitlines()[-1]
    assert cloud.calls == []


@pytest.mark.parametrize("command", main.commands)
def test_each_command_s_help_has_examples(cloud: Cloud, command: str) -> None:
    result = cloud.run(command, "--help")
    assert result.exit_code == 0
    assert f"\n    shipments {command} " in result.stdout.partition("Examples:")[2]
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
