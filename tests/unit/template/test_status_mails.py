"""The digests' topic, and the alarms and the dashboard of the status stack."""

import pytest

from tests.unit.template import metrics
from tests.unit.template.resolve import Deployment
from tests.unit.template.status_handler import Invocation
from tests.unit.template.test_alarms import NO_DATA, fires, watched
from tests.unit.template.test_channels import no_plain_http
from tests.unit.template.test_dashboard import alarm_arns, body_of, drawn, graphs_in

MINUTES = 5  # that something may wait


def test_digests_are_mailed_to_people_whichever_they_are(status: Deployment) -> None:
    assert status["DigestSubscription"] == {
        "TopicArn": status.outputs["DigestTopicArn"],
        "Protocol": "email",
        "Endpoint": status.parameters["AlertEmail"],
    }


def test_the_digest_topic_takes_no_plain_http(status: Deployment) -> None:
    topic = status.outputs["DigestTopicArn"]
    statements = [no_plain_http(topic, "sns:Publish")]
    document = {"Version": "2012-10-17", "Statement": statements}
    assert status["DigestTopicPolicy"] == {"Topics": [topic], "PolicyDocument": document}


# ---- alarms


def test_alarms_go_to_the_other_stack_s_topic_which_takes_them(
    status: Deployment, main: Deployment
) -> None:
    allowed, _ = main["AlarmTopicPolicy"]["PolicyDocument"]["Statement"]
    sources = allowed["Condition"]["ArnLike"]["aws:SourceArn"].removesuffix("*")
    for name, arn in status.alarms.items():
        assert status[name]["AlarmActions"] == [main.outputs["AlarmTopicArn"]]
        assert arn.startswith(sources)


def test_each_way_to_fail_has_an_alarm(status: Deployment) -> None:
    assert {name: watched(status[name])[0][1] for name in status.alarms} == {
        "StatusErrorsAlarm": "Errors",
        "StatusLagAlarm": "IteratorAge",
        "StatusLostAlarm": "DestinationDeliveryFailures",
        "UnmailedAlarm": "OldestUnmailedAge",
        "FailedDigestsAlarm": "NumberOfNotificationsFailed",
    }


@pytest.mark.parametrize("name", ["StatusLagAlarm", "UnmailedAlarm"])
def test_what_waits_for_over_five_minutes_fires(status: Deployment, name: str) -> None:
    alarm = status[name]
    limit_ms = MINUTES * 60_000
    assert fires(alarm, limit_ms + 1)
    assert not fires(alarm, limit_ms)
    assert f"over {MINUTES} minutes" in alarm["AlarmDescription"]


def test_no_record_in_the_stream_is_no_lag(status: Deployment) -> None:
    assert not fires(status["StatusLagAlarm"], NO_DATA)
    assert status["StatusLagAlarm"]["Period"] == 60


def test_a_function_that_reports_no_age_of_mails_fires(status: Deployment) -> None:
    assert fires(status["UnmailedAlarm"], NO_DATA)
    # Several runs of the rule, so that a late one or a failed one is no alarm.
    assert status["UnmailedAlarm"]["Period"] == MINUTES * 60


# ---- dashboard


@pytest.mark.parametrize("days", ["0", "3"])
def test_the_alarm_widget_shows_every_alarm_there_is(status: Deployment, days: str) -> None:
    deployed = status.but(StuckAfterDays=days)
    assert alarm_arns(deployed) == sorted(deployed.alarms.values())


def test_what_people_are_mailed_comes_first(status: Deployment) -> None:
    first = next(iter(graphs_in(body_of(status)).values()))
    assert {namespace for namespace, *_ in drawn(first)} == {metrics.NAMESPACE}
    assert {metric for _, metric, *_ in drawn(first)} == {
        *("ShipmentsMailed", "RejectionsMailed", "StuckShipmentsMailed", "DigestMails")
    }


def test_no_metric_is_of_both_handlers() -> None:
    ours, others = (
        metrics.emitted(by_status=of)[metrics.NAMESPACE, "Environment"] for of in (True, False)
    )
    assert ours.isdisjoint(others)


def test_each_kind_of_mail_is_counted(runs: dict[str, Invocation]) -> None:
    counted = {
        kind: {name for name in run.line if name.endswith("Mailed")} for kind, run in runs.items()
    }
    assert counted["critical"] == {"ShipmentsMailed"}
    assert counted["mail"] == {"RejectionsMailed"}
    assert counted["stuck"] == {"StuckShipmentsMailed"}
