"""Tries other ways to start the handler, and writes what each does to the first updates.

Run from the repository's folder, after `make bench`, which makes the environment:
PYTHONPATH=.:src .venv/bin/python -m benchmarks.bench.cold [--rounds N]
"""

import subprocess
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from benchmarks.bench import page
from benchmarks.bench.__main__ import python, rounds_option, versions
from benchmarks.bench.measure import Samples, Where, spread
from benchmarks.bench.processes import opened
from scripts.embed import TEMPLATE, embed
from shipments.handler import PATH
from shipments.oneline import OneLine

RESULTS = page.RESULTS.with_name("cold.json")
KINDS = ("ordinary", "critical", "rejected")
INIT = "init"
FIGURES = {
    INIT: "init",
    **{
        f"{kind} {nth}": f"{name} {kind}"
        for (nth, name), kind in product({"1": "first", "2": "second"}.items(), KINDS)
    },
}
ESTIMATES = (
    "init, ms",
    "first ordinary, ms",
    "first critical, ms",
    "$ per million cold starts, ordinary",
    "critical",
    "bytes of the template",
)
# Of a processor, once init is over: 256 MB of the 1,769 MB that get a whole one (docs/aws.md).
SHARE = 256 / 1769
DOLLARS_PER_MS = 0.0000133334 / 1000 * 256 / 1024  # on Arm (docs/aws.md)
# Lines of lambda/index.py, and what replaces them.
OFF = "gc.disable()  # init makes no garbage, and looking for some takes a tenth of it\n"
CLIENTS = """\
dynamodb, sns, sqs = (boto3.client(name, config=CALLS) for name in ("dynamodb", "sns", "sqs"))
"""
FREEZE = "gc.freeze()  # so that no update waits while all this is searched\n"
ON = "gc.enable()\n"
SNS, SQS = "    sns.publish(\n", "    sqs.send_message("
LATER = """\
client = lru_cache(lambda name: boto3.client(name, config=CALLS))
dynamodb = client("dynamodb")
"""
REFUSED = """\
with suppress(Exception):  # refused, but it connects
    dynamodb.put_item(TableName=TABLE, Item={})
"""
REFUSED_ALERT = """\
with suppress(Exception):
    sns.publish(TopicArn=TOPIC_ARN, Message="")
"""
SIGNED = 'dynamodb.generate_presigned_url("put_item", {"TableName": TABLE, "Item": {}})\n'
Changes = dict[str, str]
COLLECTED: Changes = {OFF: "", FREEZE: "", ON: ""}
WHEN_NEEDED: Changes = {
    "import itertools\n": "import itertools\nfrom functools import lru_cache\n",
    CLIENTS: LATER,
    SNS: '    client("sns").publish(\n',
    SQS: '    client("sqs").send_message(',
}
SUPPRESS: Changes = {"import gc\n": "import gc\nfrom contextlib import suppress\n"}
WITHOUT_BOTO3: Changes = {
    "import boto3\n": "import botocore.session\n",
    CLIENTS: "SESSION = botocore.session.get_session()\n"
    + CLIENTS.replace("boto3.client(", "SESSION.create_client("),
}
VARIANTS: dict[str, Changes] = {
    "as it is": {},
    "not frozen": {FREEZE: ""},
    "collector on": COLLECTED,
    "DynamoDB's client only": WHEN_NEEDED,
    "DynamoDB's client only, collector on": {**WHEN_NEEDED, **COLLECTED},
    "a put signed": {FREEZE: SIGNED + FREEZE},
    "a put refused": {**SUPPRESS, FREEZE: REFUSED + FREEZE},
    "a put and an alert refused": {**SUPPRESS, FREEZE: REFUSED + REFUSED_ALERT + FREEZE},
    "botocore without boto3": WITHOUT_BOTO3,
}
# Reads what botocore reads at the first connection to each service.
CERTIFICATES = """
import ssl, sys, time
context, started = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), time.process_time()
context.load_verify_locations(sys.argv[1])
print(1000 * (time.process_time() - started))
"""


def variants(code: str) -> dict[str, str]:
    """Return the handler's code in each variant; raise ValueError if a text to replace is gone."""
    found = {}
    for name, changes in VARIANTS.items():
        found[name] = code
        for before, after in changes.items():
            if code.count(before) != 1:
                raise ValueError(f"lambda/index.py has not one {before!r}")
            found[name] = found[name].replace(before, after)
    return found


def template_bytes(code: str) -> int:
    """Return the size of the main template with a handler's code in it."""
    return len(embed(TEMPLATE.read_text("utf-8"), code).encode())


def measured(codes: dict[str, str], python: str, rounds: int) -> tuple[Samples, list[float]]:
    """Return CPU ms of init and of the first two updates of each kind, and of the certificates."""
    samples: Samples = {}
    turns = list(product(range(rounds), KINDS, codes))
    with tempfile.TemporaryDirectory() as folder, opened(python) as bench:
        read = [python, "-c", CERTIFICATES, bench.environment["AWS_CA_BUNDLE"]]
        certificates = [float(subprocess.check_output(read)) for _ in range(rounds)]
        files = {name: Path(folder, f"{number}.py") for number, name in enumerate(codes)}
        for name, file in files.items():
            file.write_text(codes[name], "utf-8")
        with Progress(transient=True) as progress:
            for _, kind, name in progress.track(turns, description="Measuring"):
                with bench.worker(files[name]) as worker:
                    taken = {Where(INIT, INIT, name): worker.loaded}
                    taken |= {Where(kind, nth, name): worker.run(kind, 1) for nth in ("1", "2")}
                for where, values in taken.items():
                    samples.setdefault(where, []).append(values["cpu_ms"])
    return samples, certificates


def results(codes: dict[str, str], samples: Samples) -> dict[str, Any]:
    """Return the spreads by variant, with the bytes that it adds to the template as it is."""
    as_is = template_bytes(PATH.read_text("utf-8"))
    found: dict[str, Any] = {
        name: {"bytes": template_bytes(code) - as_is, "cpu_ms": {}} for name, code in codes.items()
    }
    for where, values in samples.items():
        figure = INIT if where.kind == INIT else f"{where.kind} {where.figure}"
        found[where.contestant]["cpu_ms"][figure] = spread(values)
    return found


def block(found: dict[str, Any]) -> str:
    """Return the tables of the page."""
    certificates = page.cell("", found["certificates_ms"])
    lines = [f"{page.provenance(found)} Reading the certificates: {certificates} CPU ms."]
    lines += ["", "CPU ms:", ""]
    lines += _table(("clients", *FIGURES.values()))
    for name, variant in found["variants"].items():
        cells = [page.cell("", variant["cpu_ms"][figure]) for figure in FIGURES]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "What that is on AWS at 256 MB, estimated:", ""]
    lines += _table(("clients", *ESTIMATES))
    for name, variant in found["variants"].items():
        init, ordinary, critical = (variant["cpu_ms"][figure][0] for figure in list(FIGURES)[:3])
        first, first_critical = ordinary / SHARE, critical / SHARE
        billed = [(init + ms) * DOLLARS_PER_MS * 1e6 for ms in (first, first_critical)]
        cells = [f"{ms:,.0f}" for ms in (init, first, first_critical)]
        cells += [*(f"{dollars:.2f}" for dollars in billed), f"{variant['bytes']:+}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _table(titles: tuple[str, ...]) -> list[str]:
    return [f"| {' | '.join(titles)} |", "| --- |" + " ---: |" * (len(titles) - 1)]


@click.command(cls=OneLine, epilog="Example: python -m benchmarks.bench.cold")
@rounds_option(8)
def main(rounds: int) -> None:
    """Try other ways to start the handler, and write docs/benchmarks.md."""
    codes = variants(PATH.read_text("utf-8"))
    samples, certificates = measured(codes, python(), rounds)
    found = {
        "versions": versions(python()),
        "rounds": rounds,
        "certificates_ms": spread(certificates),
        "variants": results(codes, samples),
    }
    page.write("cold", found, RESULTS, block(found))
    click.echo(block(found))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.bench.cold")
