"""Explores every world, prints the table and writes it into docs/reliability.md: make worlds."""

import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.campaigns.faults.report import PAGE
from tests.campaigns.worlds.promises import PROMISES
from tests.campaigns.worlds.report import Result, replaced, section, total
from tests.campaigns.worlds.run import REPLAYED, broken, different, explored
from tests.campaigns.worlds.worlds import WORLDS


def main() -> int:
    """Explore, replay, print and write; return 1 if a promise is broken."""
    console = Console(highlight=False)
    numbers = range(len(WORLDS))
    results: dict[int, Result] = {}
    with (
        ProcessPoolExecutor(mp_context=get_context("spawn")) as pool,
        Progress(console=console, transient=True) as progress,
    ):
        bar = progress.add_task("Exploring", total=2 * len(WORLDS))
        exploring = {pool.submit(explored, number): number for number in numbers}
        replaying = [pool.submit(different, number) for number in numbers]
        for done in as_completed([*exploring, *replaying]):
            if done in exploring:
                results[exploring[done]] = done.result()
            progress.advance(bar)
        wrong = [text for done in replaying for text in done.result()]
    in_order = [results[number] for number in numbers]
    console.print(table(in_order))
    console.print(f"{total(in_order)}; {REPLAYED} of each world replayed on another mock.")
    wrong += [broken(result) for result in in_order if result.broken]
    for text in wrong:
        console.print(f"\n{text}", markup=False)
    if wrong:
        return 1
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), section(in_order)), "utf-8")
    return 0


def table(results: list[Result]) -> Table:
    """Return the table for a terminal of 80 columns: which promises hold, by their letters."""
    letters = {name: chr(ord("A") + at) for at, name in enumerate(PROMISES)}
    legend = "\n".join(f"{letter}  {PROMISES[name]}" for name, letter in letters.items())
    found = Table(box=None, padding=(0, 1, 0, 0), caption=legend, caption_justify="left")
    found.add_column("world, faults")
    for name in ("schedules", "s", "mails", *letters.values()):
        found.add_column(name, justify="right", no_wrap=True)
    for each in results:
        holds = ["NO" if name in each.broken else "ok" for name in letters]
        seconds, worst = f"{each.seconds:.0f}", str(each.worst)
        name = f"{each.world.name}, {each.world.faults}"
        found.add_row(name, f"{each.schedules:,}", seconds, worst, *holds)
    return found


if __name__ == "__main__":
    sys.exit(main())
