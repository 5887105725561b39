"""`python -m benchmarks [name ...] [--rounds n]`: measures, and keeps what it found in `benchmarks/RESULTS.md`."""

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated

import typer

from benchmarks import append, end_to_end, projection, relay, results, scaling
from benchmarks.side_by_side import side_by_side


@dataclass(frozen=True)
class Section:
    """`measure`: given how often, gives Markdown. The docstring of `module` says what is measured, against what."""

    title: str
    module: ModuleType
    measure: Callable[[int], str]


SECTIONS = {
    "append": Section("Append", append, side_by_side(*append.COMPARISONS)),
    "relay": Section("Relay", relay, side_by_side(*relay.COMPARISONS)),
    "projection": Section("Projection", projection, projection.of(1_000_000)),
    "large-projection": Section("Projection of four millions", projection, projection.of(4_000_000)),
    "end-to-end": Section("From a check-in to the figure", end_to_end, end_to_end.measure),
    "reports": Section("Reports", scaling, scaling.measure),
}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(SECTIONS)}; all if none is named.")] = None,
    rounds: Annotated[int, typer.Option(min=3, help="How often each is measured.")] = 3,
) -> None:
    """Each measurement starts the servers that it needs, on loopback, and is kept when it is done."""
    if unknown := set(names or ()) - set(SECTIONS):
        raise typer.BadParameter(f"no measurement {', '.join(sorted(unknown))}: choose of {', '.join(SECTIONS)}")
    commit = results.commit()
    for name in names or SECTIONS:
        section = SECTIONS[name]
        began = time.monotonic()
        measured = section.measure(rounds)
        head = results.stamp(f"make bench ARGS={name}", commit, rounds)
        body = f"{inspect.getdoc(section.module)}\n\n{head}\n\n{measured}"
        results.keep({section.title: body}, _titles())
        print(f"{name}: done in {time.monotonic() - began:.0f} s", flush=True)
    print(results.RESULTS.read_text(encoding="utf-8"))


def _titles() -> Sequence[str]:
    return [section.title for section in SECTIONS.values()]


if __name__ == "__main__":
    typer.run(main)
