"""The companion stack, templates/ShipmentStatus.yml, as the checks look at it."""

from shipments import handler
from shipments.check.model import Deployed, Main, aws
from shipments.stack import Stack

# Its parameters and their defaults.
PARAMETERS = {
    "EnvironmentSuffix": "dev",
    "StreamArn": "",
    "AlertEmail": "test@test.com",
    "CriticalStatuses": "DELAYED,DELAY,LOST,LOSS,DAMAGED,DAMAGE,EXCEPTION",
    "FinalStatuses": "DELIVERED,RETURNED,CANCELLED",
    "StuckAfterDays": "3",
    "BatchWindowSeconds": "20",
    "LambdaRuntime": "python3.13",
    "RunbookUrl": "docs/runbook.md",
    "LogRetentionDays": "30",
    "KmsKeyArn": "",
}


class Companion(Deployed):
    """A stack of ShipmentStatus.yml; main: the stack whose log it reads."""

    template = "templates/ShipmentStatus.yml"
    defaults = PARAMETERS
    handler = handler.STATUS_PATH

    def __init__(self, stack: Stack, main: Main) -> None:
        super().__init__(stack, main.rule_arn)
        self.main = main
        self.function = stack["ShipmentStatusFunctionName"]
        self.table = stack["ShipmentStatusTableName"]
        self.digest_topic = self.arn("sns", f"shipment-digests-{self.environment}")

    def failures(self) -> str:
        """Return the command that shows what the function failed at."""
        group = f"/aws/lambda/{self.function}"
        return aws("logs filter-log-events", log_group_name=group, filter_pattern='"error"')
