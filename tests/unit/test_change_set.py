"""The summary of what a change of the templates would do to a stack that is deployed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.embed import ROOT, TEMPLATE
from tests.releases import RELEASES, change_set

TEXT = TEMPLATE.read_text("utf-8")


def rows(old: str, new: str, path: Path = TEMPLATE) -> list[str]:
    """Return the rows of resources and the lines of parameters and outputs."""
    lines = list(change_set.section(path, old, new))
    return [line for line in lines if line.startswith(("| Add", "| Mod", "| Rem", "- "))]


def test_a_template_that_is_as_it_was_changes_nothing() -> None:
    assert rows(TEXT, TEXT) == []
    assert "Nothing that CloudFormation would change." in change_set.section(TEMPLATE, TEXT, TEXT)


# A change to the template, and the one row that says so.
CAUSES = {
    ("MemorySize: 256", "MemorySize: 512"): (
        "| Modify | ShipmentProcessorFunction | AWS::Lambda::Function | False | `MemorySize` |"
    ),
    ("TopicName: !Sub shipment-alarms", "TopicName: !Sub alarms"): (
        "| Modify | AlarmTopic | AWS::SNS::Topic | True | `TopicName` |"
    ),
    ("AttributeType: N", "AttributeType: S"): (
        "| Modify | ShipmentLogsTable | AWS::DynamoDB::Table | Conditional "
        "| `AttributeDefinitions[1].AttributeType` |"
    ),
    ("UpdateReplacePolicy: Retain", "UpdateReplacePolicy: Delete"): (
        "| Modify | FailedUpdatesQueue | AWS::SQS::Queue | False | `UpdateReplacePolicy` |"
    ),
    ("      Timeout: 30\n", ""): (
        "| Modify | ShipmentProcessorFunction | AWS::Lambda::Function | False | `Timeout` |"
    ),
    ("Description: Python version of the function", "Description: Python"): (
        "- Parameter `LambdaRuntime.Description`"
    ),
    ("  DashboardName:\n", "  NameOfDashboard:\n"): "- Output `DashboardName`",
}


@pytest.mark.parametrize("change", CAUSES, ids=lambda change: change[0].strip())
def test_a_change_is_a_row_with_what_an_update_replaces(change: tuple[str, str]) -> None:
    assert change[0] in TEXT
    assert CAUSES[change] in rows(TEXT, TEXT.replace(*change, 1))


def test_what_only_other_parameters_would_change_is_found_too() -> None:
    found = rows(
        TEXT,
        TEXT.replace("KmsKeyIdentifier: !If [HasKey, ", "KmsKeyIdentifier: !If [OnDefaultBus, ", 1),
    )
    assert any("ShipmentUpdateArchive" in row for row in found)


def test_a_resource_has_one_row_whatever_the_parameters() -> None:
    *_, release = RELEASES.values()
    names = [row.split("|")[2] for row in rows(release, TEXT) if row.startswith("|")]
    assert len(names) == len(set(names)) > 5


def test_a_resource_that_comes_or_goes_is_a_row() -> None:
    *_, release = RELEASES.values()
    kind = "AWS::CloudWatch::Dashboard"
    without = TEXT.replace("LogisticsDashboard", "Widgets")
    assert f"| Add | LogisticsDashboard | {kind} |  |  |" in rows(without, TEXT)
    assert f"| Remove | LogisticsDashboard | {kind} |  |  |" in rows(TEXT, without)
    assert "- Parameter `KmsKeyArn`" in rows(release, TEXT)


def test_a_template_that_was_not_there_is_new_with_all_its_resources() -> None:
    assert all(row.startswith(("| Add |", "- ")) for row in rows("", TEXT))
    assert all(row.startswith(("| Remove |", "- ")) for row in rows(TEXT, ""))


def test_each_template_is_compared_with_a_revision() -> None:
    done = CliRunner().invoke(change_set.main, ["HEAD"])
    assert done.exit_code == 0
    for path in (ROOT / "templates").glob("*.yml"):
        assert f"### {path.name}\n" in done.stdout


def test_a_revision_that_does_not_exist_is_named_in_one_line() -> None:
    done = CliRunner().invoke(change_set.main, ["no-such-revision"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no-such-revision:templates: pass a revision, such as main" in done.stderr
