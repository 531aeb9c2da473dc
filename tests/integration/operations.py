"""Runs scripts/shipments as an operator does: a process of its own, on the deployed stack."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.embed import ROOT
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
    """The command, for one stack."""

    def __init__(self, pipeline: Pipeline, environment: Mapping[str, str]) -> None:
        """Take the stack and the AWS settings to reach it by."""
        self._pipeline = pipeline
        self._environment = {**os.environ, **environment}

    def run(self, command: str, *options: str, stdin: str = "", **settings: str) -> Done:
        """Run a command to its end; settings: variables of its environment."""
        with self.running(command, *options, **settings) as process:
            out, err = process.communicate(stdin, timeout=SECONDS)
        return Done(process.returncode, out, err)

    @contextmanager
    def running(
        self, command: str, *options: str, **settings: str
    ) -> Iterator[subprocess.Popen[str]]:
        """Run a command for the length of a with block."""
        arguments = [str(PROGRAM), command, *options]
        if not {"--stack-name", "--environment"} & set(options):
            arguments += ["--stack-name", self._pipeline.stack.name]
        process = subprocess.Popen(
            arguments,
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

    def told(self, command: str, *options: str, **settings: str) -> list[Fields]:
        """Return the lines of JSON that a command prints."""
        return self.run(command, *options, "--json", **settings).told

    def failed(self, *shipments: str) -> list[Fields]:
        """Return what is told of shipments' failed updates."""
        return self.told("failed", *only(shipments))

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
