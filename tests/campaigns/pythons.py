"""Runs the handlers' unit tests on every CPython 3.10 to 3.14 of this machine, one after another.

Needs nothing but the standard library. Exits 1 if a run failed or no interpreter was found.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036 - whatever python3 is on PATH may run this
    sys.exit("Python 3.10 or newer is needed; this is " + sys.version)

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "dev.txt"
# A dot folder: what taskcat uploads leaves those out.
ENVIRONMENTS = ROOT / ".venv-pythons"
TESTS = ("tests/unit/handler", "tests/unit/status", "tests/unit/webhook")
MINORS = (10, 11, 12, 13, 14)

_ASK = (
    "import platform, sys, venv, ensurepip;"
    "print(platform.python_implementation(), *sys.version_info[:3], sys.version_info[3])"
)


def candidates(minor: int) -> Iterator[Path]:
    """Yield the files that may be a CPython of a minor version, those on PATH first."""
    name = f"python3.{minor}"
    for folder in os.get_exec_path():
        yield Path(folder) / name
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local" / "share" / "uv" / "python"
    for folder, pattern in (
        (pyenv / "versions", f"*/bin/{name}"),
        (Path("/opt/hostedtoolcache/Python"), f"*/x64/bin/{name}"),
        (Path(uv), f"*/bin/{name}"),
    ):
        yield from sorted(folder.glob(pattern), reverse=True)


def version(python: Path, minor: int) -> str | None:
    """Return the version of an interpreter; None unless it runs and is that CPython, final.

    It is run, for a file of that name may be a shim that refuses, or have no venv module.
    """
    try:
        answer = subprocess.run(
            [python, "-I", "-c", _ASK], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    implementation, *numbers, stage = answer.stdout.split()
    if (implementation, numbers[:2], stage) != ("CPython", ["3", str(minor)], "final"):
        return None
    return ".".join(numbers)


def find(minor: int) -> tuple[Path, str] | None:
    """Return the first working interpreter of a minor version and its version."""
    for python in candidates(minor):
        if python.is_file() and (found := version(python, minor)):
            return python, found
    return None


def environment(python: Path, minor: int) -> Path:
    """Return the interpreter of a virtual environment with the locked packages.

    One that is newer than the lock file is used again. Raises CalledProcessError if pip fails.
    """
    folder = ENVIRONMENTS / f"3.{minor}"
    ready = folder / "ready"
    inside = folder / "bin" / "python"
    if not ready.exists() or ready.stat().st_mtime < LOCK.stat().st_mtime or not _runs(inside):
        pip = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        safely = ["--require-hashes", "--only-binary", ":all:"]
        subprocess.run([*pip, *safely, "-r", LOCK], check=True)
        ready.touch()
    return inside


def _runs(python: Path) -> bool:
    """Return whether an interpreter still starts: the one it is made of may be gone."""
    try:
        return subprocess.run([python, "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def test(python: Path, minor: int) -> str:
    """Run the tests on an interpreter and return "passed", or what failed."""
    try:
        inside = environment(python, minor)
    except subprocess.CalledProcessError:
        return "FAILED: the packages could not be installed"
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [inside, "-m", "pytest", "-q", *TESTS]
    return (
        "passed"
        if subprocess.run(command, cwd=ROOT, env=settings, check=False).returncode == 0
        else "FAILED"
    )


def tell(line: str) -> None:
    """Print a line at once: what the tests print comes after it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Test on each interpreter, print a table, and return the exit status."""
    rows = []
    for minor in MINORS:
        found = find(minor)
        if found is None:
            rows.append((f"3.{minor}", "not found", ""))
            continue
        python, full = found
        tell(f"---- CPython {full} ({python})")
        start = time.monotonic()
        result = test(python, minor)
        rows.append((full, result, f"{time.monotonic() - start:.0f} s"))
    tell("")
    for row in rows:
        tell("{:<9}{:<12}{}".format(*row).rstrip())
    results = [result for _, result, _ in rows]
    if set(results) == {"not found"}:
        tell("No CPython 3.10 to 3.14 was found: install one, or put it on PATH.")
    return 0 if "passed" in results and not any(r.startswith("FAILED") for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
