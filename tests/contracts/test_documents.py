"""Documents name only what exists, and no decision is missing from the index."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
# A path from the project's folder, in backticks; `<name>` and `*` stand for any name.
PATH = re.compile(r"`((?:services|shared|tests|docs|samples|deploy|requirements)/[^`\s]+)`")
MADE = re.compile(r"deploy/secrets(/|$)")  # by `make secrets`, and never kept
LINES_OF_A_PAGE = 60


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_a_document_names_only_what_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    paths = [path for path in PATH.findall(text) if not MADE.match(path)]
    paths = [path for path in paths if not any(ROOT.glob(re.sub(r"<[a-z]+>", "*", path)))]
    assert links + paths == []


def test_the_index_has_every_decision_under_its_number_and_title() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    titles = {path: path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for path in DECISIONS}
    assert [path.name for path, title in titles.items() if f"[{title}]({path.name})" not in index] == []
    assert [path.name for path, title in titles.items() if not title.startswith(f"{int(path.name[:4])}. ")] == []


@pytest.mark.parametrize("decision", DECISIONS, ids=[path.stem for path in DECISIONS])
def test_a_decision_is_one_page_with_context_and_decision(decision: Path) -> None:
    lines = decision.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LINES_OF_A_PAGE
    assert [each for each in ("## Context", "## Decision") if each not in lines] == []
    assert lines[2].startswith("**Status**: ")
