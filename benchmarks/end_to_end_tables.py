"""What `end_to_end` found, as tables in Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from samples.demo.usage import Memory


@dataclass(frozen=True)
class Load:
    """`rate` in check-ins a second; `in_roll_calls`: which share comes as whole roll calls."""

    name: str
    rate: int
    in_roll_calls: float
    goal: str = ""


@dataclass(frozen=True)
class Result:
    """Of one load. Seconds: from the moment meant to the answer, and to the figure; processor by program."""

    check_ins: int
    answered: Sequence[float]
    in_figure: Sequence[float]
    spent: Mapping[str, float]


@dataclass(frozen=True)
class Round:
    """All loads, one after the other, on a system that began empty."""

    results: Sequence[Result]
    idle: Mapping[str, Memory]
    loaded: Mapping[str, Memory]


def latencies(loads: Sequence[Load], measured: Sequence[Sequence[Result]]) -> str:
    """Seconds; medians of the rounds, with the range of what the goal is about."""
    lines = [
        "| load | answered: half | 99 % | in the figure: half | 99 % | range | goal |",
        "|---|---|---|---|---|---|---|",
    ]
    for load, results in zip(loads, measured, strict=True):
        answered = [quantiles(result.answered, n=100) for result in results]
        in_figure = [quantiles(result.in_figure, n=100) for result in results]
        late = sorted(each[98] for each in in_figure)
        parts = [median(each[place] for each in of) for of in (answered, in_figure) for place in (49, 98)]
        reached = f"{load.goal}: {'reached' if median(late) < 1 else 'missed'}" if load.goal else ""
        cells = [f"{load.name}, {load.rate:,} check-ins/s", *(f"{part:.2f}" for part in parts)]
        lines.append(f"| {' | '.join([*cells, f'{late[0]:.2f}-{late[-1]:.2f}', reached])} |")
    return "\n".join(lines)


def processor(loads: Sequence[Load], measured: Sequence[Sequence[Result]]) -> str:
    """Milliseconds a check-in, medians of the rounds."""
    each = [
        {
            name: median(result.spent.get(name, 0) / result.check_ins * 1000 for result in results)
            for name in results[0].spent
        }
        for results in measured
    ]
    lines = [
        f"| processor, ms a check-in | {' | '.join(f'{load.name}, {load.rate:,}/s' for load in loads)} |",
        "|---" * (len(loads) + 1) + "|",
        *(f"| {name} | {' | '.join(f'{spent[name]:.2f}' for spent in each)} |" for name in sorted(each[0])),
        f"| together | {' | '.join(f'{sum(spent.values()):.2f}' for spent in each)} |",
        f"| cores for 1,500/s | {' | '.join(f'{1.5 * sum(spent.values()):.1f}' for spent in each)} |",
    ]
    return "\n".join(lines)


def memory(rounds: Sequence[Round]) -> str:
    """MiB, medians of the rounds."""
    lines = ["| memory, MiB | idle | the most, loaded |", "|---|---|---|"]
    for name in sorted(rounds[0].idle):
        idle = median(one.idle[name].now for one in rounds)
        most = median(one.loaded[name].peak for one in rounds)
        lines.append(f"| {name} | {idle / 1024:.0f} | {most / 1024:.0f} |")
    return "\n".join(lines)
