"""The command draws a deployed stack's dashboard, or says in one line why it cannot."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from scripts.dashboard import main
from shipments.stack import OUTPUTS
from shipments.status_stack import OUTPUTS as STATUS_OUTPUTS
from tests.unit.shipments.cloud import Cloud, opened, stack

STACK, NAME = "tapstack-test", "board"
BODY = {
    "widgets": [
        {
            "type": "metric",
            "properties": {"title": "Lost?", "metrics": [["N", "Lost", {"stat": "Sum"}]]},
        }
    ]
}


@pytest.fixture
def outputs() -> dict[str, str]:
    """Return the stack's outputs, for a test to change."""
    return {**dict.fromkeys(OUTPUTS, "x"), "DashboardName": NAME}


@pytest.fixture
def cloud(outputs: dict[str, str]) -> Iterator[Cloud]:
    """Return an account with the stack and its dashboard in it."""
    with opened() as cloud:
        cloud.stacks = [stack(STACK, "test", outputs)]
        cloudwatch = cloud.session.client("cloudwatch")
        cloudwatch.put_dashboard(DashboardName=NAME, DashboardBody=json.dumps(BODY))
        yield cloud


@pytest.fixture
def draw(cloud: Cloud, outputs: dict[str, str], tmp_path: Path) -> Callable[..., Result]:
    """Return a function that runs the command on the account."""
    path = ("--output", str(tmp_path / "b.png"))

    def run(*options: str) -> Result:
        cloud.stacks = [stack(STACK, "test", outputs)]
        return CliRunner().invoke(main, [*path, *options], obj=cloud.session)

    return run


def test_the_picture_is_written_to_output_for_its_owner(
    draw: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "b.png"
    path.touch(0o644)
    result = draw("--stack-name", STACK)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"The dashboard is drawn in {path}.\nSeries without data in this time: Lost.\n"
    )
    assert path.stat().st_mode & 0o777 == 0o600
    with Image.open(path) as image:
        assert image.format == "PNG"


def test_json_says_what_has_no_data(draw: Callable[..., Result], tmp_path: Path) -> None:
    shown = json.loads(draw("--json").stdout)
    assert shown == {"picture": str(tmp_path / "b.png"), "noData": ["Lost? Lost: no data"]}


WRONG = [
    (["--stack-name", "nope"], "--stack-name: no stack nope in us-east-1"),
    (["--output", "picture.jpg"], "--output: picture.jpg must end in .png"),
    (["--output", "missing/x.png"], "--output: there is no folder missing: create it, or pass"),
    (["--minutes", "0"], "Invalid value for '--minutes'"),
    (["--period", "7"], "--period: 7 must be 1, 5, 10, 20, 30 or a multiple of 60 s"),
    (["--period", "1"], "--period: 1 s makes more than 1440 points of 180 minutes: pass 8 or more"),
    (["--colour"], "No such option"),
    (["surplus"], "Got unexpected extra argument (surplus)"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_a_usage_error_is_one_line(
    draw: Callable[..., Result], options: list[str], message: str
) -> None:
    result = draw(*options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith(f"Error: {message}")


def test_a_file_that_cannot_be_written_is_an_error(
    draw: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "loop.png"
    path.symlink_to(path)
    result = draw("--output", str(path))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: --output: cannot write {path}: ")
    (tmp_path / "folder.png").mkdir()
    result = CliRunner().invoke(main, ["--output", str(tmp_path / "folder.png")])
    assert result.stderr.endswith("is a folder: pass a file in it\n")


def test_a_deleted_dashboard_is_an_error(
    draw: Callable[..., Result], outputs: dict[str, str]
) -> None:
    outputs["DashboardName"] = "gone"
    result = draw()
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: dashboard gone: does not exist: deploy the stack again to restore it\n"
    )


def test_a_stack_older_than_the_dashboard_is_an_error(
    draw: Callable[..., Result], outputs: dict[str, str]
) -> None:
    del outputs["DashboardName"]
    result = draw()
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: stack tapstack-test has no output DashboardName: deploy it again\n"
    )


def test_the_dashboard_of_the_status_stack_is_drawn(
    cloud: Cloud, outputs: dict[str, str], tmp_path: Path
) -> None:
    status = {**dict.fromkeys(STATUS_OUTPUTS, "x"), "StatusDashboardName": NAME}
    outputs["DashboardName"] = "another"
    cloud.stacks = [stack(STACK, "test", outputs), stack("status", "test", status)]
    options = ["--output", str(tmp_path / "b.png"), "--stack-name", STACK, "--status-stack"]
    result = CliRunner().invoke(main, options, obj=cloud.session)
    assert (result.exit_code, result.stderr) == (0, "")
    assert (tmp_path / "b.png").is_file()


def test_a_stack_without_a_status_stack_is_an_error(draw: Callable[..., Result]) -> None:
    result = draw("--status-stack")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: --status-stack: tapstack-test has none: deploy templates/ShipmentStatus.yml "
        "beside it\n"
    )


def test_a_body_that_is_not_one_is_an_error(draw: Callable[..., Result], cloud: Cloud) -> None:
    cloudwatch = cloud.session.client("cloudwatch")
    cloudwatch.put_dashboard(DashboardName=NAME, DashboardBody='{"widgets": 1}')
    result = draw()
    assert result.exit_code == 2
    assert result.stderr == "Error: dashboard board: its body has no list of widgets\n"


def test_without_credentials_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    result = CliRunner().invoke(main, ["--stack-name", STACK], obj=boto3.Session())
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: no credentials: ")
    assert result.stderr.count("\n") == 1


def test_help_shows_the_default_output(draw: Callable[..., Result]) -> None:
    result = draw("--help")
    assert result.exit_code == 0
    assert "Usage: dashboard [OPTIONS]\n" in result.stdout
    assert "build/dashboard.png" in result.stdout
