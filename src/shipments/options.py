"""What the commands take: the options that find a stack, and kinds of values."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import wraps
from typing import Any, cast

import boto3
import click
from click.core import ParameterSource

from shipments import rules
from shipments.output import Output
from shipments.repairs import fix
from shipments.stack import Stack, find

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DURATION = re.compile(r"(\d{1,6})([smhd])")


@dataclass(frozen=True)
class Target:
    """The stack that a command is for, which is looked for when it is needed first."""

    name: str | None
    environment: str | None
    region: str | None
    profile: str | None
    session: boto3.Session | None

    def find(self) -> Stack:
        """Return the stack; raise CommandError, or what botocore raises of its configuration."""
        session = self.session or boto3.Session(region_name=self.region, profile_name=self.profile)
        return find(session, self.name, self.environment)


def examples(*commands: str) -> str:
    """Return the end of a command's help: commands to paste, a line each."""
    return listed("Examples:", *commands)


def listed(title: str, *lines: str) -> str:
    """Return a part of a help text that keeps its lines: click asks for a backspace before it."""
    return "\b\n" + "\n  ".join([title, *lines]) + "\n\n"


class Duration(click.ParamType[timedelta]):
    """A length of time, such as 30m."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return a timedelta."""
        found = DURATION.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} must be a number with s, m, h or d, such as 30m", param, ctx)
        return timedelta(**{UNITS[found[2]]: int(found[1])})


class Moment(click.ParamType[datetime]):
    """A point in time: ISO 8601 with zone, how long ago, or now."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return a datetime in UTC."""
        now = datetime.now(timezone.utc).replace(microsecond=0)  # as EventBridge's own times
        if value == "now":
            return now
        if DURATION.fullmatch(str(value)):
            return now - Duration().convert(value, param, ctx)
        try:
            return datetime.fromtimestamp(rules.epoch_ms(str(value)) / 1000, timezone.utc)
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"{value!r} must be ISO 8601 with zone (2026-11-01T06:00:00Z), how long ago "
                "(2h, 7d), or now",
                param,
                ctx,
            )


class Fix(click.ParamType[tuple[str, Any]]):
    """A field of an update's detail and its new value."""

    name = "field=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        """Return (field, value)."""
        try:
            return fix(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


FINDING = [
    click.option(
        "--stack-name",
        envvar="TAPSTACK_STACK",
        metavar="NAME",
        help="The stack; without it TAPSTACK_STACK, or the only one there is.",
    ),
    click.option(
        "--environment", metavar="SUFFIX", help="The stack with this EnvironmentSuffix instead."
    ),
    click.option("--region", metavar="REGION", help="As AWS_DEFAULT_REGION."),
    click.option("--profile", metavar="PROFILE", help="As AWS_PROFILE."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON, one line per result."),
]


def for_stack(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that find a stack; it is called with a target and an output."""

    @click.pass_context
    @wraps(command)
    def with_target(ctx: click.Context, /, **options: Any) -> int:
        name, environment = options.pop("stack_name"), options.pop("environment")
        if name and environment:
            if ctx.get_parameter_source("stack_name") is ParameterSource.COMMANDLINE:
                raise click.UsageError("--stack-name and --environment: pass only one of them")
            name = None  # an option goes before the variable
        region, profile = options.pop("region"), options.pop("profile")
        target = Target(name, environment, region, profile, ctx.find_object(boto3.Session))
        output = Output(as_json=options.pop("as_json"))
        return command(target=target, output=output, **options)

    decorated: Any = with_target
    for option in reversed(FINDING):
        decorated = option(decorated)
    return cast("Callable[..., int]", decorated)
