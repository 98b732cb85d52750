"""The pages are short where they promise it, and every link, picture, path and function that they cite is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
CITED = re.compile(r"`((?:keyin_cli|tests|docs|recipes|studies|benchmarks)/[\w./-]*)(?:: (\w+))?`")
TREE = re.compile(r"^((?:keyin_cli|tests|docs|recipes|studies|benchmarks)/[\w./-]*)", re.MULTILINE)  # a line of a code block
DATED = ("RESULTS.md", "CHANGELOG.md")  # logs, which cite what was there
PICTURES = (".png", ".gif", ".mp4")


def links(page: Path) -> list[str]:
    """Targets of links and pictures of a page that lie in this repository."""
    targets = [first or second for first, second in LINK.findall(page.read_text())]
    return [target for target in targets if not target.startswith(("http:", "https:", "mailto:"))]


def anchors(page: Path) -> set[str]:
    """What `#…` may follow a link to a page: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def defined(file: Path) -> set[str]:
    """Names of the functions, methods and classes of a module."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, kinds)}


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in DATED], ids=lambda page: page.name)
def test_cited_files_and_functions_are_there(page: Path) -> None:
    text = page.read_text()
    missing = []
    for path, name in [*CITED.findall(text), *((path, "") for path in TREE.findall(text))]:
        if not (ROOT / path).exists() or (name and name not in defined(ROOT / path)):
            missing.append(f"{path}: {name}")
    assert not missing


def test_every_page_of_docs_is_linked_from_the_readme() -> None:
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in links(README)}
    assert linked >= set((ROOT / "docs").glob("*.md"))


def test_every_released_picture_is_shown_by_a_page() -> None:
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    pictures = {file for file in (ROOT / "artifacts/released").rglob("*") if file.suffix in PICTURES}
    assert sorted(pictures - shown) == []


def test_cited_sections_and_formulas_of_the_specification_are_there() -> None:
    spec = (ROOT / "docs/spec.md").read_text()
    for file in (ROOT / "keyin_cli").rglob("*.py"):
        text = file.read_text()
        for section in re.findall(r"docs/spec\.md, section (\d+)", text):
            assert re.search(rf"^## {section}\. ", spec, re.MULTILINE), file
        for formula in re.findall(r"\bformulas? (\d+)", text):
            assert f"**Formula {formula}, " in spec, file
