"""What a test puts into its account."""

from typing import Any


def put_alarm(cloudwatch: Any, name: str) -> None:
    """Make an alarm of a name; what it watches does not matter."""
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="M",
        Namespace="N",
        Period=60,
        Threshold=0,
        Statistic="Sum",
    )
