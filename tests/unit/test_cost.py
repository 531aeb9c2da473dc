"""The cost of the status stack on the pages is what benchmarks/cost.py computes."""

import re
import subprocess
import sys

from benchmarks import cost
from scripts.embed import ROOT

STACK = (ROOT / "templates" / "ShipmentStatus.yml").read_text("utf-8")
FLOW = cost.Flow(1_000_000, 10, critical=0.05, row=450, item=300, shards=4, window=20)


def number(uses: list[cost.Use], what: str) -> float:
    (use,) = (use for use in uses if use.what == what)
    return use.number


def test_the_page_has_what_the_script_prints() -> None:
    page = (ROOT / "docs" / "measurements.md").read_text("utf-8")
    script = [sys.executable, "benchmarks/cost.py"]
    printed = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() in page


def test_the_readme_rounds_the_sums() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    by_updates, each_month = (
        sum(use.dollars for use in uses) for uses in (cost.by_updates(FLOW), cost.each_month(FLOW))
    )
    assert "about $2.50\nper million updates and $3 a month" in readme
    assert (round(by_updates, 1), round(each_month)) == (2.5, 3)


def test_an_update_of_a_long_history_of_large_rows_is_read_by_units_of_4_kb() -> None:
    rows = FLOW._replace(per_shipment=2, row=4096)
    assert number(cost.by_updates(rows), "query of the shipment's rows") == 1_500_000


def test_as_many_alarms_are_paid_as_the_stack_has() -> None:
    assert number(cost.each_month(FLOW), "alarms") == STACK.count("Type: AWS::CloudWatch::Alarm")


def test_as_many_metrics_are_paid_as_the_function_logs() -> None:
    code = (ROOT / "lambda" / "status.py").read_text("utf-8")
    logged = set(re.findall(r'log(?:: Fields = {.*|\[|\.get\()"([A-Z]\w+)"', code))
    assert number(cost.each_month(FLOW), "metrics in the log") == len(logged)


def test_the_function_is_paid_by_its_memory() -> None:
    assert f"MemorySize: {cost.MEMORY_GB * 1024:.0f}\n" in STACK


def test_an_index_is_paid_for_each_key_that_an_update_changes() -> None:
    (index,) = re.findall(r"IndexName: status-index\n.*?Projection:", STACK, re.DOTALL)
    assert re.findall(r"AttributeName: (\w+)", index) == ["status", "timestamp"]
