"""The text that `make up` prints: how to use the local stack, and what it cannot do."""

import json
import shlex
import sys
from datetime import datetime, timezone
from pathlib import Path

from scripts import emulator
from scripts.embed import ROOT, TEMPLATE
from shipments.events import DETAIL_TYPE, SOURCE

STACK_NAME = "logistics-processing-dev"
PARAMETERS = {
    "EnvironmentSuffix": "dev",
    "AlertEmail": "alerts@example.com",
    **emulator.PARAMETERS,
}
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
    aws, template = _path(Path(sys.executable).with_name("aws")), _path(TEMPLATE)
    exports = [f"export {name}={shlex.quote(v)}" for name, v in local.environment.items()]
    parameters = " ".join(f"{name}={value}" for name, value in PARAMETERS.items())
    entry = {
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Detail": json.dumps(DETAIL, separators=(",", ":")),
    }
    key = json.dumps({":id": {"S": SHIPMENT}})
    hour = datetime.now(timezone.utc).replace(minute=0, second=0)
    options = "--location 'Memphis, TN' --carrier FedEx"
    return f"""\
{TEMPLATE.name} is deployed as {STACK_NAME} at {local.endpoint}.
Paste this first, so that the commands below use it:

{_lines(*exports)}

Send updates, one of them critical and one that breaks a rule, and look at them:

  {shipments} send --shipment-id {SHIPMENT} --status IN_TRANSIT {options}
  {shipments} send --shipment-id {SHIPMENT} --status DELAYED {options}
  {shipments} send --shipment-id {SHIPMENT} --status LOST --event-time yesterday --as-is
  {shipments} track {SHIPMENT}

Show the mails so far (with --follow, also those to come):

  {mail} mail

List the update that was rejected, fix it, and give it to the function again:

  {shipments} failed
  {shipments} redrive --shipment {SHIPMENT} --fix eventTime={hour:%Y-%m-%dT%H:%M:%SZ}

Draw the dashboard into build/dashboard.png, with one point per 10 s:

  {dashboard} --minutes 10 --period 10

Send an update with the AWS CLI, and read the shipment's rows:

  {aws} events put-events --entries {shlex.quote(json.dumps([entry]))}
  {aws} dynamodb query --table-name shipment-logs-dev \\
    --key-condition-expression 'shipmentId = :id' \\
    --expression-attribute-values {shlex.quote(key)}

Deploy again after a change to the template, or with other parameters:

  {aws} cloudformation deploy --template-file {template} \\
    --stack-name {STACK_NAME} --capabilities CAPABILITY_IAM \\
    --parameter-overrides {parameters}

What this local stack cannot do:
- It has no event archive, so {shipments} replay does not work.
- It processes about 4 updates at a time, each in a worker process. Hundreds at once take minutes.
- It sends no mail: {mail} mail shows what would be mailed.

Stop it with: make down"""


_COMMANDS = ("shipments", "dashboard", "local")


def _lines(*lines: str) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _path(path: Path) -> str:
    """Return a path for a shell, relative if it is below the current directory."""
    below = path.is_relative_to(Path.cwd())
    return shlex.quote(str(path.relative_to(Path.cwd()) if below else path))
