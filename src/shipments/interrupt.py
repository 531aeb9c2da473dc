"""Lets Ctrl-C end a command where nothing is half done."""

import os
import signal
import threading
from contextlib import suppress
from types import FrameType
from typing import Any, final

NOTICE = b"\nEnding what is under way; press Ctrl-C again to break off.\n"


@final
class Interrupt:
    """Takes note of Ctrl-C (SIGTERM, SIGHUP) in a with block; a second one breaks off at once."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._broken_off = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interrupt":
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(each) is not signal.SIG_IGN:  # as nohup has it
                self._previous[each] = signal.signal(each, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._previous.items():
            signal.signal(each, handler)

    @property
    def asked(self) -> bool:
        """Whether to end."""
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait, but no longer than until somebody asks to end; return whether somebody has."""
        return self._asked.wait(seconds)

    def _ask(self, _: int, __: FrameType | None) -> None:
        if self._broken_off:  # what is being written now is not lost by a third one
            return
        if self._asked.is_set():
            self._broken_off = True
            raise KeyboardInterrupt
        self._asked.set()
        with suppress(OSError):  # the terminal may be gone
            os.write(
                2, NOTICE
            )  # not through a buffer, which the signal may have found half written
