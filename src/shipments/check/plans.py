"""A deployment to come: of which template, with which parameters."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from shipments.check.companion import Companion
from shipments.check.model import PARAMETERS, TEMPLATE, deploy
from shipments.check.names import NAMED, STATUS_NAMED, Named
from shipments.check.permissions import NEEDS, STACK, STATUS_NEEDS, Need
from shipments.errors import CommandError, code_of

TEMPLATE_BYTES = 51_200  # of a request; a template in a bucket may have 1 MB
SUFFIX = "EnvironmentSuffix"
SUFFIXES = re.compile(r"[a-z0-9-]{1,38}")
# A stack of ours that failed has no outputs, but these parameters.
OURS = {SUFFIX, "EventBusName", "AlertEmail", "LambdaRuntime"}


class Kind(NamedTuple):
    """A template of this project.

    ours: parameters that tell its stacks; usual: their name, with {} for the suffix.
    """

    template: str
    parameters: Mapping[str, str]
    ours: set[str]
    usual: str
    named: tuple[Named, ...]
    needs: Mapping[str, Need]


MAIN = Kind(TEMPLATE, PARAMETERS, OURS, "logistics-processing-{}", NAMED, NEEDS)
STATUS = Kind(
    Companion.template,
    Companion.defaults,
    {SUFFIX, "StreamArn", "BatchWindowSeconds"},
    "shipment-status-{}",
    STATUS_NAMED,
    STATUS_NEEDS,
)


@dataclass(frozen=True)
class Plan:
    """A deployment to come.

    parameters: all of them; types: of the resources; name: of the stack; template: its file.
    """

    client: Callable[..., Any]
    kind: Kind
    parameters: Mapping[str, str]
    types: set[str]
    name: str
    template: Path | None

    @property
    def suffix(self) -> str:
        """The EnvironmentSuffix."""
        return self.parameters[SUFFIX]

    @property
    def has_archive(self) -> bool:
        """Whether it will have an archive."""
        return self.parameters.get("ArchiveRetentionDays", "0") != "0"

    @property
    def bus(self) -> str:
        """The bus of its rules."""
        return self.parameters.get("EventBusName", "default")

    def deploy(self, **options: Any) -> str:
        """Return the command that makes the deployment."""
        return deploy(self.name, self.kind.template, **options)


def plan(
    client: Callable[..., Any], subject: str, given: Mapping[str, str], name: str | None
) -> Plan:
    """Return the plan for a template's file or a suffix; raise CommandError if it is neither."""
    path = Path(subject)
    known, types = dict(PARAMETERS), set(NEEDS)
    if path.is_file():
        known, types = _read(client, path)
    else:
        known[SUFFIX] = subject
    kind = STATUS if STATUS.ours <= known.keys() else MAIN
    if unknown := given.keys() - known.keys():
        raise CommandError(
            f"--parameter: no parameter {min(unknown)}; there are: {', '.join(known)}"
        )
    parameters = {**known, **given}
    if SUFFIX not in parameters:
        raise CommandError(f"--before: {subject} has no parameter {SUFFIX}: is it TapStack.yml?")
    if not SUFFIXES.fullmatch(parameters[SUFFIX]):
        raise CommandError(
            f"--before: {parameters[SUFFIX]} is no file, and no suffix: pass a template, or up to "
            "38 lower-case letters, digits and hyphens"
        )
    stack = name or kind.usual.format(parameters[SUFFIX])
    return Plan(client, kind, parameters, types, stack, path if path.is_file() else None)


def _read(client: Callable[..., Any], path: Path) -> tuple[dict[str, str], set[str]]:
    """Return a template's parameters with their defaults, and its resources' types.

    A template that is too big for a request is only looked at as if it were the packaged one.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--before: {error}") from None
    if len(text.encode()) > TEMPLATE_BYTES:
        return dict(PARAMETERS), set(NEEDS)
    try:
        summary = client("cloudformation").get_template_summary(TemplateBody=text)
    except ClientError as error:
        if code_of(error) != "ValidationError":
            raise
        message = error.response["Error"].get("Message")
        raise CommandError(f"--before: {path}: {message}: correct the template") from None
    parameters = {
        each["ParameterKey"]: each.get("DefaultValue", "") for each in summary["Parameters"]
    }
    return parameters, {*summary.get("ResourceTypes", []), STACK}
