"""Runs commands at the same time: python tests/side_by_side.py COMMAND...

A line is printed when it is complete, because pytest prints its progress dot by dot and two such
lines would mix. What pytest reports at its end, the failures and the closing line, is printed in
one piece. The exit status is the first one that is not 0.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

# The title of the section in which pytest prints its progress. All later sections are its report.
PROGRESS = "test session starts"
_printing = Lock()


def run(command: str) -> int:
    """Run a shell command, print its output, and return its exit status."""
    with subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        report = ""
        for line in process.stdout or ():
            if report or (line.startswith("=====") and PROGRESS not in line):
                report += line
            else:
                show(line)
    show(report)
    return process.returncode


def show(text: str) -> None:
    """Print text with nothing of another command in between."""
    with _printing:
        sys.stdout.write(text)
        sys.stdout.flush()


def main(commands: list[str]) -> int:
    """Run the commands and return the first exit status that is not 0."""
    show("".join(f"{command}\n" for command in commands))
    try:
        with ThreadPoolExecutor(len(commands)) as pool:
            return next(filter(None, list(pool.map(run, commands))), 0)
    except KeyboardInterrupt:  # the commands got it, too, and have ended
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
