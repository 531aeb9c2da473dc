"""Lets Ctrl-C end a command where nothing is half done."""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, final

NOTICE = b"\nEnding what is under way; press Ctrl-C again to break off.\n"


@final
class Interrupt:
    """Takes note of Ctrl-C (and SIGTERM) in a with block; a second one breaks off at once."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._asked = threading.Event()
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interrupt":
        """Begin to take note."""
        for each in (signal.SIGINT, signal.SIGTERM):
            self._previous[each] = signal.signal(each, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Leave the signals as they were."""
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
        if self._asked.is_set():
            raise KeyboardInterrupt
        self._asked.set()
        os.write(2, NOTICE)  # not through a buffer, which the signal may have found half written
