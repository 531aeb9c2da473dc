"""Looks at a deployed stack's failed-updates queue and redrives it, as the operator does."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from scripts.embed import ROOT
from scripts.emulator import Emulator
from shipments.failed import FailedUpdate, read
from shipments.failed_queue import FailedQueue
from shipments.interrupt import Interrupt
from shipments.stack import Stack

# In an emulator each update on its way has a worker of its own.
UPDATES_A_SECOND = 6
WATCH_SECONDS = 60


class Operator:
    """Somebody with the operator's commands, at a stack in an emulator."""

    def __init__(self, emulator: Emulator, stack: Stack) -> None:
        self._sqs = emulator.client("sqs")
        self._stack = stack
        self._environment = {**os.environ, **emulator.environment}

    def failed(self) -> list[FailedUpdate]:
        """Return what is on the queue, and leave it there."""
        with FailedQueue(self._sqs, self._stack["FailedUpdatesQueueUrl"]) as queue:
            return [read(message) for message in queue.walk(Interrupt())]

    def redrive(self, *options: str) -> Mapping[str, Any]:
        """Redrive what is on the queue, and return the command's report."""
        # An update may have failed on its way to being rejected.
        which = ["--stack-name", self._stack.name, "--json", "--as-is"]
        pace = ["--rate", str(UPDATES_A_SECOND), "--watch", str(WATCH_SECONDS)]
        done = subprocess.run(
            [sys.executable, "-m", "shipments", "redrive", *which, *pace, *options],
            cwd=ROOT,
            env=self._environment,
            check=False,
            capture_output=True,
            text=True,
        )
        # 1: some failed again, as rejected ones do.
        assert done.returncode in {0, 1}, done.stderr
        told: Mapping[str, Any] = json.loads(done.stdout)
        assert not told["stopped"], told
        return told
