"""Runs tests in a copy of the tree and says how they ended."""

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.mutants.copies import apply, copy_of
from tests.mutants.mutant import Mutant

PYTEST = ("-m", "pytest", "-x", "-q", "--no-header", "--tb=short", "-rf", "-p", "no:cacheprovider")
FAILED = re.compile(r"^FAILED (.+?)(?: - .*)?$", re.MULTILINE)
# The patches themselves no longer apply where one is applied: that is no test that notices.
WHOLE_SUITE = ("tests", "--ignore=tests/mutants")
PASSED, SOME_FAILED = 0, 1


class Verdict(StrEnum):
    """`broken`: no test failed, but the run did (an import error, no such test): the mutant proves nothing."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Trial:
    """`failed`: the first test that noticed. `said`: the end of what pytest wrote, for a run that proves nothing."""

    verdict: Verdict
    failed: str = ""
    said: str = ""


def run(tests: Iterable[str], folder: Path) -> Trial:
    """Whether `tests` notice what is wrong with the tree in `folder`."""
    done = subprocess.run([sys.executable, *PYTEST, *tests], cwd=folder, capture_output=True, text=True, check=False)
    written = done.stdout + done.stderr
    failed = FAILED.search(written)
    if done.returncode == PASSED:
        return Trial(Verdict.SURVIVED)
    if done.returncode == SOME_FAILED and failed is not None:
        return Trial(Verdict.KILLED, failed=failed[1], said=written)
    return Trial(Verdict.BROKEN, said=written)


def unbroken(tests: Iterable[str], tree: Path) -> Trial:
    """The same tests on the tree as it is: only if they pass does their failing mean anything."""
    with copy_of(tree) as folder:
        return run(tests, folder)


def try_mutant(mutant: Mutant, tree: Path, *, whole_suite: bool) -> Trial:
    """The mutant's own tests, then, if they notice nothing and `whole_suite`, all. Raises `PatchDoesNotApply`."""
    with copy_of(tree) as folder:
        apply(mutant, folder)
        trial = run(mutant.tests, folder)
        if trial.verdict is Verdict.SURVIVED and whole_suite:
            trial = run(WHOLE_SUITE, folder)
    return trial
