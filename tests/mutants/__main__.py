"""`python -m tests.mutants [NAME...]`: breaks the product once per kept patch; each time a test must fail.

Exit status 1: a mutant survived, its patch no longer applies, or its tests cannot run. `make mutants` is the same.
"""

import argparse
import sys
from pathlib import Path

from tests.mutants.copies import PatchDoesNotApply, snapshot
from tests.mutants.mutant import Mutant, PatchMalformed, all_mutants
from tests.mutants.trial import Trial, Verdict, try_mutant, unbroken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these (default: all)")
    parser.add_argument(
        "--whole-suite", action="store_true", help="let all tests look for what their own did not notice"
    )
    arguments = parser.parse_args()
    try:
        mutants = _chosen(arguments.names)
    except PatchMalformed as error:
        print(error)
        return 1
    with snapshot() as tree:
        done = _tests_pass(mutants, tree) and _all_killed(mutants, tree, whole_suite=arguments.whole_suite)
    return 0 if done else 1


def _chosen(names: list[str]) -> list[Mutant]:
    mutants = all_mutants()
    if unknown := set(names) - {mutant.name for mutant in mutants}:
        sys.exit(f"no such mutant: {', '.join(sorted(unknown))}; see tests/mutants/*.patch")
    return [mutant for mutant in mutants if not names or mutant.name in names]


def _tests_pass(mutants: list[Mutant], tree: Path) -> bool:
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    print(f"{len(tests)} tests on the tree as it is ...", end=" ", flush=True)
    trial = unbroken(tests, tree)
    if trial.verdict is not Verdict.SURVIVED:
        print(f"fail, so that they prove nothing:\n{trial.said}")
        return False
    print("pass", flush=True)
    return True


def _all_killed(mutants: list[Mutant], tree: Path, *, whole_suite: bool) -> bool:
    killed = 0
    for number, mutant in enumerate(mutants, start=1):
        print(f"[{number}/{len(mutants)}] {mutant.name}: {mutant.breaks} ...", end=" ", flush=True)
        try:
            trial = try_mutant(mutant, tree, whole_suite=whole_suite)
        except PatchDoesNotApply as error:
            print(f"ROTTEN\n{error}", flush=True)
            continue
        killed += trial.verdict is Verdict.KILLED
        print(f"{trial.verdict}{_why(trial)}", flush=True)
    print(f"{killed} of {len(mutants)} mutants killed")
    return killed == len(mutants)


def _why(trial: Trial) -> str:
    if trial.verdict is Verdict.KILLED:
        return f" by {trial.failed}"
    return f"\n{trial.said}" if trial.said else ": no test noticed"


if __name__ == "__main__":
    sys.exit(main())
