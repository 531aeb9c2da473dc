"""The text that `make up` prints: how to use the local stack, and what it cannot do."""

import json
import shlex
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from scripts import emulator
from scripts.embed import ROOT, STATUS_TEMPLATE, TEMPLATE
from scripts.stacks import PARAMETERS, STACK_NAME, STATUS_PARAMETERS, STATUS_STACK_NAME
from shipments.events import DETAIL_TYPE, SOURCE

SHIPMENT = "SHIP-12345"
DETAIL = {
    "shipmentId": SHIPMENT,
    "status": "IN_TRANSIT",
    "location": "Memphis, TN",
    "carrier": "FedEx",
}


def guide(local: emulator.Emulator) -> str:
    """Return commands to paste, for a shell in the current directory."""
    shipments, dashboard, mail = (_path(ROOT / "scripts" / name) for name in _COMMANDS)
    aws = _path(Path(sys.executable).with_name("aws"))
    exports = [f"export {name}={shlex.quote(v)}" for name, v in local.environment.items()]
    entry = {
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Detail": json.dumps(DETAIL, separators=(",", ":")),
    }
    key = json.dumps({":id": {"S": SHIPMENT}})
    hour = datetime.now(timezone.utc).replace(minute=0, second=0)
    options = "--location 'Memphis, TN' --carrier FedEx"
    return f"""\
{TEMPLATE.name} is deployed as {STACK_NAME} at {local.endpoint},
and {STATUS_TEMPLATE.name} beside it as {STATUS_STACK_NAME}.
Paste this first, so that the commands below use it:

{_lines(*exports)}

Send updates, one of them critical and one that breaks a rule, and look at them:

  {shipments} send --shipment-id {SHIPMENT} --status IN_TRANSIT {options}
  {shipments} send --shipment-id {SHIPMENT} --status DELAYED {options}
  {shipments} send --shipment-id {SHIPMENT} --status LOST --event-time yesterday --as-is
  {shipments} track {SHIPMENT}
  {shipments} list

Show the mails so far (with --follow, also those to come). A digest takes up to a minute:

  {mail} mail

List the update that was rejected, fix it, and give it to the function again:

  {shipments} failed
  {shipments} redrive --shipment {SHIPMENT} --fix eventTime={hour:%Y-%m-%dT%H:%M:%SZ}

Draw the dashboards into build/dashboard.png and build/status.png, with one point per 10 s:

  {dashboard} --minutes 10 --period 10
  {dashboard} --minutes 10 --period 10 --status-stack

Send an update with the AWS CLI, and read the shipment's rows:

  {aws} events put-events --entries {shlex.quote(json.dumps([entry]))}
  {aws} dynamodb query --table-name shipment-logs-dev \\
    --key-condition-expression 'shipmentId = :id' \\
    --expression-attribute-values {shlex.quote(key)}

Deploy again after a change to a template, or with other parameters:

{_deployment(aws, TEMPLATE, STACK_NAME, PARAMETERS)}
{_deployment(aws, STATUS_TEMPLATE, STATUS_STACK_NAME, STATUS_PARAMETERS)}

What this local stack cannot do:
- It has no event archive, so {shipments} replay does not work.
- It processes about 4 updates at a time, each in a worker process. Hundreds at once take minutes.
- What the function reports as failed of a batch of the table's stream is not given to it again.
- It sends no mail: {mail} mail shows what would be mailed.

Stop it with: make down"""


_COMMANDS = ("shipments", "dashboard", "local")


def _deployment(aws: str, template: Path, stack: str, parameters: Mapping[str, str]) -> str:
    overrides = " ".join(f"{name}={value}" for name, value in parameters.items())
    return _lines(
        f"{aws} cloudformation deploy --template-file {_path(template)} \\",
        f"  --stack-name {stack} --capabilities CAPABILITY_IAM \\",
        f"  --parameter-overrides {overrides}",
    )


def _lines(*lines: str) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _path(path: Path) -> str:
    """Return a path for a shell, relative if it is below the current directory."""
    below = path.is_relative_to(Path.cwd())
    return shlex.quote(str(path.relative_to(Path.cwd()) if below else path))
