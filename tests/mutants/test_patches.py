"""The kept mutants do not rot: each still applies, says what it breaks, and names tests that exist."""

import re
from pathlib import Path

import pytest

from tests.mutants.copies import PatchDoesNotApply, apply, check_applies
from tests.mutants.mutant import ROOT, Mutant, PatchMalformed, all_mutants, read

MUTANTS = all_mutants()
PRODUCT = ("services/", "shared/", "tests/contracts/access_matrix.csv")

each = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


@each
def test_a_mutant_still_applies(mutant: Mutant) -> None:
    check_applies(mutant)


@each
def test_a_mutant_breaks_the_product_and_not_its_tests(mutant: Mutant) -> None:
    assert mutant.changes
    assert all(changed.startswith(PRODUCT) for changed in mutant.changes)


@each
def test_the_tests_that_notice_a_mutant_exist(mutant: Mutant) -> None:
    for test in mutant.tests:
        path, *_, name = test.split("::")
        assert re.search(rf"^ *(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), test


def test_a_patch_for_other_code_is_refused(tmp_path: Path) -> None:
    changed = tmp_path / MUTANTS[0].changes[0]
    changed.parent.mkdir(parents=True)
    changed.write_text("other code\n")
    with pytest.raises(PatchDoesNotApply, match=MUTANTS[0].patch.name):
        apply(MUTANTS[0], tmp_path)


def test_a_patch_that_does_not_say_what_it_breaks_is_refused(tmp_path: Path) -> None:
    patch = tmp_path / "silent.patch"
    patch.write_text("--- a/shared/decider.py\n")
    with pytest.raises(PatchMalformed, match=r"silent\.patch"):
        read(patch)
