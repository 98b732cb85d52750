"""Entries are found by reading files, listed without running them, and unknown names are errors that list the known ones."""

import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from keyin_cli import registry
from keyin_cli.errors import InputError
from keyin_cli.registry import CODECS, DATASETS, LAST, METHODS, SERVOS, Registry, resolve

FIRST = 'ENTRY = dict(name="first", help="one", order=10, selectors={"": print, "+more": print}, stage=None)\n'
SECOND = 'import nothing_that_is_there\nENTRY: dict = dict(name="second", selectors=make())\n'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty package that can be imported."""
    folder = tmp_path / "some_entries"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for module in [module for module in sys.modules if module.startswith("some_entries")]:
        del sys.modules[module]


def entries() -> Registry[dict[str, object]]:
    return Registry("thing", "some_entries", "ENTRY")


def test_a_file_is_an_entry_and_is_not_run(package: Path) -> None:
    (package / "a.py").write_text(SECOND)
    (package / "b.py").write_text(FIRST)
    (package / "helper.py").write_text("raise SystemExit\n")
    (package / "_private.py").write_text(FIRST.replace("first", "private"))
    (package / "folder").mkdir()
    (package / "folder" / "__init__.py").write_text(FIRST.replace("first", "inner").replace("10", "20"))
    cards = entries().cards
    assert list(cards) == ["first", "inner", "second"]  # by order, what says none last
    first, second = cards["first"], cards["second"]
    assert (first.module, first.help, first.order) == ("some_entries.b", "one", 10)
    assert first.given == {"name", "help", "order", "selectors"}  # None is nothing given
    assert first.keys == {"selectors": ("", "+more")}
    assert (second.order, second.keys, second.given) == (LAST, {}, {"name", "selectors"})
    assert entries().get("first")["name"] == "first"


def test_a_default_that_is_written_out_is_nothing_given(package: Path) -> None:
    (package / "a.py").write_text('ENTRY = dict(name="plain", order=0, selectors={}, stage=None, chance=False, servo="")\n')
    assert entries().cards["plain"].given == {"name", "order", "servo"}


def test_an_unknown_name_lists_the_known_ones(package: Path) -> None:
    (package / "a.py").write_text(FIRST)
    with pytest.raises(InputError, match=r"^no thing frist: did you mean first\? there are first$"):
        entries().get("frist")
    with pytest.raises(InputError, match=r"^no thing zzz: there are first$"):
        entries().get("zzz")


def test_two_entries_of_one_name_are_refused(package: Path) -> None:
    (package / "a.py").write_text(FIRST)
    (package / "b.py").write_text(FIRST)
    with pytest.raises(InputError, match=r"two things are called first \(some_entries.a and some_entries.b\)"):
        entries().get("first")


@pytest.mark.parametrize("kind", [METHODS, DATASETS, CODECS, SERVOS], ids=lambda kind: kind.what)
def test_what_is_listed_is_what_is_there(kind: Registry[object]) -> None:
    assert kind.cards
    for name, card in kind.cards.items():
        entry = kind.get(name)
        assert (entry.name, entry.help, entry.order) == (name, card.help, card.order)
        assert card.help
        assert card.help[0].islower() or card.help.split()[0].isupper() or card.help[0] in "iK"  # reads on after a colon
        for field, keys in card.keys.items():
            assert tuple(getattr(entry, field)) == keys
    orders = [card.order for card in kind.cards.values()]
    assert len(set(orders)) == len(orders)


WHOLE = 'from types import SimpleNamespace\nENTRY = SimpleNamespace(name="added", order=1)\n'
BROKEN = {
    "missing": (None, "there is no such module"),
    "syntax": (b"ENTRY = (\n", "SyntaxError"),
    "null": (b"\0ENTRY", "null bytes"),
    "no encoding": (b"ENTRY = dict(name='added', help='\xe9')", "SyntaxError"),
    "nothing": (b"X = 1\n", "no file of it assigns a call to ENTRY"),
    "no call": (b"ENTRY = 1\n", "no file of it assigns a call to ENTRY"),
    "help": (b"ENTRY = dict(name='added', help=str(1))\n", "written out"),
    "keys": (b"K = ''\nENTRY = dict(name='added', selectors={K: 1})\n", "written out"),
    "more keys": (b"K = {}\nENTRY = dict(name='added', selectors={'': 1, **K})\n", "written out"),
    "order": (b"ENTRY = dict(name='added', order='x')\n", "order is no int"),
    "no name": (b"ENTRY = dict(help='x')\n", "its name is missing"),
    "name": (b"ENTRY = dict(name='a+b')\n", "other characters"),
    "type": (b"ENTRY = dict(name='added')\n", "its ENTRY is no thing of that name"),
    "import": (b"import nothing_there\nENTRY = dict(name='added')\n", "ModuleNotFoundError"),
    "exit": (b"ENTRY = dict(name='added')\nraise SystemExit(7)\n", "SystemExit: 7"),
}


def added(monkeypatch: pytest.MonkeyPatch, *modules: str) -> Registry[object]:
    points = EntryPoints([EntryPoint("added", module, "some.group") for module in modules])
    monkeypatch.setattr(registry, "_points", lambda: points)
    return Registry("thing", "some_entries", "ENTRY", "some.group")


@pytest.mark.parametrize("case", BROKEN)
def test_what_another_package_has_broken_ends_in_one_line_when_it_is_used(
    case: str, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, reason = BROKEN[case]
    (package / "a.py").write_text(FIRST)
    (package / "_other").mkdir()
    (package / "_other" / "__init__.py").touch()
    if source is not None:
        (package / "_other" / "broken.py").write_bytes(source)
    things = added(monkeypatch, "some_entries._other.broken")
    assert list(things.cards) == ["first", "added"]
    things.package = "some_entries.own"  # what lies elsewhere is another package's
    with pytest.raises(InputError, match=f"^thing added of some_entries._other.broken cannot be loaded .*{reason}") as caught:
        things.get("added")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("raised", ["RuntimeError('a\\nb')", "SystemExit(7)"])
def test_a_package_that_cannot_be_imported_and_names_that_are_none(
    raised: str, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / "a.py").write_text(FIRST)
    (package / "_other").mkdir()
    (package / "_other" / "__init__.py").write_text(f"raise {raised}\n")
    for module in ("some_entries._other.broken", "no module!", ""):
        things = added(monkeypatch, module)
        assert list(things.cards) == ["first", "added"]
        with pytest.raises(InputError, match=r"^thing added of .* cannot be loaded \(.*\): mend or uninstall"):
            things.get("added")


def test_other_packages_replace_nothing_and_come_last(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (package / "a.py").write_text(FIRST)
    (package / "_clash.py").write_text(FIRST)
    (package / "_other.py").write_text(WHOLE.replace("SimpleNamespace(", "SimpleNamespace(help='x', "))
    things = added(monkeypatch, "some_entries._other", "some_entries._clash")
    assert list(things.cards) == ["first", "added"]  # though 1 is before 10
    assert things.cards["first"].help == "one"
    with pytest.raises(InputError, match=r"two things are called first \(some_entries.a and some_entries._clash\)"):
        things.get("first")


def test_references_are_imported_when_they_are_resolved() -> None:
    assert resolve("keyin_cli.registry:resolve") is registry.resolve
