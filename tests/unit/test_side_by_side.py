"""tests/side_by_side.py: what two commands print stays readable."""

import subprocess
import sys

import pytest

from scripts.embed import ROOT

PYTEST = """
echo '===== test session starts ====='
printf 'tests/{name}.py ..'; sleep 0.2; echo '.. [100%]'
echo '===== FAILURES ====='; echo '{name} failed'; sleep 0.2; echo '===== 1 failed, {name} ====='
exit {status}
"""


def run(*commands: str) -> "subprocess.CompletedProcess[str]":
    program = [sys.executable, str(ROOT / "tests" / "side_by_side.py"), *commands]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=30)


def test_lines_stay_whole_and_each_report_is_in_one_piece() -> None:
    done = run(PYTEST.format(name="one", status=0), PYTEST.format(name="two", status=0))
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("one", "two"):
        assert f"tests/{name}.py .... [100%]\n" in done.stdout
        report = f"===== FAILURES =====\n{name} failed\n===== 1 failed, {name} =====\n"
        assert report in done.stdout


def test_progress_is_printed_before_the_command_ends() -> None:
    program = [sys.executable, str(ROOT / "tests" / "side_by_side.py"), "echo first; sleep 1"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "echo first; sleep 1\n"
        assert process.stdout.readline() == "first\n"
        assert process.poll() is None


@pytest.mark.parametrize("statuses", [(0, 3), (3, 0)])
def test_a_command_that_fails_fails_the_whole(statuses: tuple[int, int]) -> None:
    commands = [PYTEST.format(name="x", status=status) for status in statuses]
    assert run(*commands).returncode == 3
