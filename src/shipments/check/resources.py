"""Checks of the stack as a whole, of the table, and of what only has to exist."""

import re
from collections.abc import Iterable, Iterator

from shipments import __version__
from shipments.check.model import WARNING, Deployed, Finding, Main, aws
from shipments.check.names import NAMED, Named, Place

# The other resources have a check of their own.
ONLY_EXIST = {"the log group", "the dashboard"}
COMPLETE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}


def stack(d: Deployed) -> Iterator[Finding]:
    """Find that the stack's last operation has not succeeded."""
    found = d.get("cloudformation", "describe_stacks", StackName=d.stack.name)["Stacks"][0]
    status = found["StackStatus"]
    if lacking := sorted(d.defaults.keys() - d.stack.parameters.keys()):
        yield Finding(
            f"deployed from another version of the template, without {', '.join(lacking)}",
            d.deploy(),
            WARNING,
        )
    if status in COMPLETE:
        return
    events = aws("cloudformation describe-stack-events", stack_name=d.stack.name)
    if status == "UPDATE_ROLLBACK_COMPLETE":
        yield Finding("its last update failed, it is as it was before", events, WARNING)
    elif status == "UPDATE_ROLLBACK_FAILED":
        again = aws("cloudformation continue-update-rollback", stack_name=d.stack.name)
        yield Finding(f"it is in {status}", again)
    else:
        yield Finding(f"it is in {status}", events)


def version(d: Main) -> Iterator[Finding]:
    """Find that the stack is of another version than this command."""
    if d.version == __version__:
        return
    found = f"deployed {d.version or 'before 1.0.0'}, command {__version__}"
    if _numbers(d.version) > _numbers(__version__):
        install = f"in a checkout of {d.version}: pipx install --force ."
        yield Finding(f"{found}: install the command of that version", install, WARNING)
    else:
        yield Finding(f"{found}: update the stack (CHANGELOG.md says how)", d.deploy(), WARNING)


def _numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]


def resources(d: Main) -> Iterator[Finding]:
    """Find that a resource does not exist that nothing else asks for."""
    yield from exist(d, NAMED)


def exist(d: Deployed, names: Iterable[Named]) -> Iterator[Finding]:
    """Find that one of the resources that only have to exist does not, or the function's role."""
    place = Place(d.stack.client, d.environment, "", d.arn)
    for named in names:
        if named.kind in ONLY_EXIST and not named.exists(place):
            yield d.missing(f"{named.kind} {named.name(d.environment)}")
    configuration = d.get("lambda", "get_function_configuration", FunctionName=d.function)
    name = configuration["Role"].rpartition("/")[2]
    if d.ask("iam", "get_role", RoleName=name) is None:
        yield d.missing(f"the function's role {name}")


def table(d: Deployed) -> Iterator[Finding]:
    """Find that the table takes no rows, or is not protected as the parameter says."""
    answer = d.ask("dynamodb", "describe_table", TableName=d.table)
    if answer is None:
        yield d.missing(f"the table {d.table}")
        return
    found = answer["Table"]
    if found["TableStatus"] not in {"ACTIVE", "UPDATING"}:
        state = aws("dynamodb describe-table", table_name=d.table)
        yield Finding(f"the table {d.table} is {found['TableStatus']}", state)
    wanted = d.parameters.get("TableDeletionProtection") == "true"
    if wanted and not found.get("DeletionProtectionEnabled"):
        yield Finding(
            "the table can be deleted, although TableDeletionProtection is true",
            aws("dynamodb update-table", "--deletion-protection-enabled", table_name=d.table),
        )


def recovery(d: Deployed) -> Iterator[Finding]:
    """Find that the table cannot be restored to an earlier time."""
    answer = d.get("dynamodb", "describe_continuous_backups", TableName=d.table)
    described = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if described.get("PointInTimeRecoveryStatus") != "ENABLED":
        yield Finding(
            "point-in-time recovery is off: a lost row cannot be restored",
            aws(
                "dynamodb update-continuous-backups",
                table_name=d.table,
                point_in_time_recovery_specification="PointInTimeRecoveryEnabled=true",
            ),
        )


def termination(d: Deployed) -> Iterator[Finding]:
    """Find that deleting the stack would begin, and stop at the protected table."""
    if d.parameters.get("TableDeletionProtection") != "true":
        return
    found = d.get("cloudformation", "describe_stacks", StackName=d.stack.name)["Stacks"][0]
    if not found.get("EnableTerminationProtection"):
        yield Finding(
            "termination protection is off: whoever deletes the stack deletes all but the table",
            aws(
                "cloudformation update-termination-protection",
                "--enable-termination-protection",
                stack_name=d.stack.name,
            ),
            WARNING,
        )
