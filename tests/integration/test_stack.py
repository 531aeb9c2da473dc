"""What parameters a stack takes, and that two stacks keep apart."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts import deployment
from scripts.embed import TEMPLATE
from tests.integration.pipeline import Pipeline
from tests.integration.template import as_json

pytestmark = pytest.mark.own_stack("deploys stacks of its own")

Deploy = Callable[..., Pipeline]

# A wrong parameter, and what CloudFormation's refusal says that is allowed.
WRONG = [
    ("EnvironmentSuffix", "Prod!", "only lowercase letters, numbers, and hyphens"),
    ("EnvironmentSuffix", "x" * 39, "at most 38"),
    ("AlertEmail", "your-email.example.com", "a valid email address"),
    ("AlertMail", "weekly", "critical"),
    ("CriticalStatuses", "LOST,,DAMAGED", "must match pattern"),
    ("EventBusName", "arn:aws:events:us-east-1:0:event-bus/x", "must match pattern"),
    ("ExpectUpdatesEveryHours", "169", "not greater than 168"),
    ("UnheardAlertsAlarmEnabled", "yes", "true"),
    ("RunbookUrl", "two words", "must match pattern"),
    ("LambdaRuntime", "python2.7", "python3.14"),
    ("LogRetentionDays", "31", "3653"),
    ("ArchiveRetentionDays", "-1", "not less than 0"),
    ("RowRetentionDays", "3654", "not greater than 3653"),
    ("TableDeletionProtection", "yes", "true"),
    ("TracingMode", "Off", "PassThrough"),
]


@pytest.mark.parametrize(("parameter", "value", "allowed"), WRONG)
def test_a_wrong_parameter_is_refused_by_what_is_allowed(
    client: Callable[[str], Any], parameter: str, value: str, allowed: str
) -> None:
    template = TEMPLATE.read_text("utf-8")
    with pytest.raises(ClientError) as refusal:
        deployment.deploy(client, "wrong", template, {parameter: value})
    assert parameter in str(refusal.value)
    assert allowed in str(refusal.value)


def test_the_json_form_of_the_template_processes_updates(deploy: Deploy) -> None:
    pipeline = deploy("json", as_json())
    detail = {"shipmentId": pipeline.shipment(), "status": "LOST"}
    pipeline.put(detail)
    assert len(pipeline.wait_for_rows(detail["shipmentId"])) == 1
    assert len(pipeline.wait_for_alerts(detail["shipmentId"])) == 1


def test_two_stacks_on_buses_of_their_own_keep_apart(deploy: Deploy, pipeline: Pipeline) -> None:
    other = deploy("other")
    ours, theirs = pipeline.shipment(), other.shipment()
    pipeline.put({"shipmentId": ours, "status": "IN_TRANSIT"})
    other.put({"shipmentId": theirs, "status": "IN_TRANSIT"})
    pipeline.wait_for_log(ours)
    other.wait_for_log(theirs)
    assert [len(pipeline.rows(shipment)) for shipment in (ours, theirs)] == [1, 0]
    assert [len(other.rows(shipment)) for shipment in (ours, theirs)] == [0, 1]
