"""Runs the operator's commands on the deployed stack.

In this process, because to start one for each command would take most of the tests' time; in
processes of their own where they are interrupted or run at the same time.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from click.testing import CliRunner

from scripts.embed import ROOT
from shipments.cli import main
from tests.integration.pipeline import Fields, Pipeline

PROGRAM = ROOT / "scripts" / "shipments"
SECONDS = 120


@dataclass(frozen=True)
class Done:
    """What a command left: exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    @property
    def told(self) -> list[Fields]:
        """The lines of JSON that it printed."""
        return [json.loads(line) for line in self.out.splitlines()]


class Shipments:
    """The command, for one stack. session: whose it is, if it is not the environment's."""

    def __init__(
        self,
        pipeline: Pipeline,
        environment: Mapping[str, str],
        session: boto3.Session | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._session = session
        self.main = main
        self._environment = {**os.environ, **environment}

    def run(self, command: str, *options: str, stdin: str = "", **settings: str) -> Done:
        """Run a command to its end; settings: variables of its environment."""
        environment = {**self._environment, **settings}
        arguments = self._arguments(command, options)
        runner = CliRunner(env=environment)
        done = runner.invoke(self.main, arguments, input=stdin, obj=self._session)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    @contextmanager
    def running(
        self, command: str, *options: str, **settings: str
    ) -> Iterator[subprocess.Popen[str]]:
        """Run a command in a process of its own for the length of a with block."""
        process = subprocess.Popen(
            [str(PROGRAM), *self._arguments(command, options)],
            env={**self._environment, **settings},
            cwd=Path(__file__).parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            with process:
                yield process
                process.communicate(timeout=SECONDS)
        finally:
            process.kill()

    def _arguments(self, command: str, options: Sequence[str]) -> list[str]:
        """Return a command's arguments, the stack's name among them."""
        if {"--stack-name", "--environment"} & set(options):
            return [*command.split(), *options]
        return [*command.split(), *options, "--stack-name", self._pipeline.stack.name]

    def told(self, command: str, *options: str, **settings: str) -> list[Fields]:
        """Return the lines of JSON that a command prints."""
        return self.run(command, *options, "--json", **settings).told

    def failed(self, *shipments: str) -> list[Fields]:
        """Return shipments' failed updates, each once."""
        return [each for each in self.told("failed", *only(shipments)) if not each["copy"]]

    def redrive(self, shipments: list[str], *options: str) -> Done:
        """Redrive shipments' failed updates, and wait as long as the pipeline's pace says."""
        patience = str(round(self._pipeline.pace.patience))
        return self.run("redrive", *only(shipments), "--watch", patience, "--json", *options)


def only(shipments: Any) -> list[str]:
    """Return the options that name shipments."""
    return [part for shipment in shipments for part in ("--shipment", shipment)]


def interrupt(process: subprocess.Popen[str]) -> Done:
    """Do what Ctrl-C does, and return what is left."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    return Done(process.returncode, out, err)
