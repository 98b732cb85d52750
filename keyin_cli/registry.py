"""What there is of methods, dataset kinds, codecs and servos: one file each, and a new file is all that a new one needs.

A file of the registry's package assigns one call to the registry's attribute, say `METHOD = Method(name="surprise", …)`.
Installed packages add theirs through entry points of the registry's group. Listing reads the source of such files without
running it, so `--help` needs no torch; a file is imported when its entry is used. That is why `name`, `help`, `order` and the
keys of dictionaries are written out in that call.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

from keyin_cli.errors import InputError

Entry = TypeVar("Entry")
LAST = 1000  # place of an entry that says none
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # a row of a table adds `+…` to it, a run a directory of that name


@dataclass(frozen=True)
class Card:
    """What is known of an entry without importing it.

    `given` has the keywords of its call that are not None, False or empty dictionaries, `keys` the keys of those that are
    dictionaries. `problem` says why the entry cannot be used: its use is refused with that line, and what else there is works.
    """

    name: str
    module: str
    help: str = ""
    order: int = LAST
    given: frozenset[str] = frozenset()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problem: str = ""


class Registry(Generic[Entry]):
    """All entries of one kind: ours, then those of other packages, each in the order of `order`, then of names.

    What comes first is the default in several places, so that no package that is installed changes what a recipe means.
    """

    def __init__(self, what: str, package: str, attribute: str, group: str | None = None) -> None:
        """`what` is the kind in an error line; `group` that of entry points, None where other packages cannot add any."""
        self.what, self.package, self.attribute, self.group = what, package, attribute, group

    @cached_property
    def cards(self) -> dict[str, Card]:
        """Cards by name."""
        cards: dict[str, Card] = {}
        for source in (self._own(), self._added()):
            for card in sorted(source, key=lambda card: (card.order, card.name)):
                if (there := cards.get(card.name)) is None:
                    cards[card.name] = card
                    continue
                both = f"{there.module} and {card.module}"
                problem = f"two {self.what}s are called {card.name} ({both}): uninstall the package of one"
                cards[card.name] = replace(there, problem=problem)
        return cards

    def get(self, name: str) -> Entry:
        """The entry of a name, imported now.

        Raises:
            InputError: there is none, and the line lists those that there are; it is there twice; its package cannot be imported.
        """
        if name not in self.cards or self.cards[name].problem:
            raise self.unknown(name, list(self.cards))
        card = self.cards[name]
        try:
            entry: Entry = getattr(importlib.import_module(card.module), self.attribute)
        except (Exception, SystemExit) as error:
            if card.module.startswith(f"{self.package}."):
                raise
            raise InputError(self._broken(name, card.module, _reason(error))) from None
        if not card.module.startswith(f"{self.package}.") and getattr(entry, "name", None) != name:
            raise InputError(self._broken(name, card.module, f"its {self.attribute} is no {self.what} of that name"))
        return entry

    def all(self) -> list[Entry]:
        """Every entry, imported now."""
        return [self.get(name) for name in self.cards]

    def usable(self) -> dict[str, Entry]:
        """By name every entry that can be used, imported now; the use of the others is refused when it comes to that."""
        found = {}
        for name in self.cards:
            with suppress(InputError):
                found[name] = self.get(name)
        return found

    def unknown(self, name: str, known: list[str], what: str = "") -> InputError:
        """The error for a name that is not among those known or cannot be used; `what` it is, when it is no entry itself."""
        if (card := self.cards.get(name.partition("+")[0])) and card.problem:
            return InputError(card.problem)
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        return InputError(f"no {what or self.what} {name}: {hint}there are {', '.join(known)}")

    def _own(self) -> Iterator[Card]:
        spec = importlib.util.find_spec(self.package)
        assert spec is not None
        for folder in spec.submodule_search_locations or []:
            for file in [*Path(folder).glob("[!_]*.py"), *Path(folder).glob("*/__init__.py")]:
                name = file.parent.name if file.stem == "__init__" else file.stem
                if card := self._read(file, f"{self.package}.{name}"):
                    yield card

    def _added(self) -> Iterator[Card]:
        for point in _points().select(group=self.group) if self.group else ():
            module = point.value.partition(":")[0].strip()  # `point.module` fails where this is no name of a module
            try:
                spec = importlib.util.find_spec(module)
                card = self._read(Path(spec.origin), module) if spec and spec.origin else None
                reason = f"no file of it assigns a call to {self.attribute}" if spec else "there is no such module"
            except (Exception, SystemExit) as error:  # looking for a module runs the packages that it is in
                card, reason = None, _reason(error)
            yield card or Card(point.name, module, problem=self._broken(point.name, module, reason))

    def _broken(self, name: str, module: str, reason: str) -> str:
        return f"{self.what} {name} of {module} cannot be loaded ({reason}): mend or uninstall its package"

    def _read(self, file: Path, module: str) -> Card | None:
        """The card of a file; None when it assigns no entry."""
        source = file.read_bytes()  # what encoding it is in, its first lines say
        if self.attribute.encode() not in source:
            return None
        for statement in ast.parse(source).body:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
            call = getattr(statement, "value", None)
            if isinstance(target, ast.Name) and target.id == self.attribute and isinstance(call, ast.Call):
                return _card(call, module)
        return None


@lru_cache(maxsize=1)
def _points() -> Any:
    """The entry points of all installed packages, read once."""
    return entry_points()  # of another type in Python 3.11 than later; both have `select`


def _card(call: ast.Call, module: str) -> Card:
    """The card of a call, nothing of which is run.

    Raises:
        ValueError: what is listed is not written out in it.
    """
    keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    kinds = {"name": str, "help": str, "order": int}
    try:
        literal: dict[str, Any] = {name: ast.literal_eval(keywords[name]) for name in kinds if name in keywords}
        keys = {
            name: tuple(str(ast.literal_eval(_written(key))) for key in value.keys)
            for name, value in keywords.items()
            if isinstance(value, ast.Dict)
        }
    except (ValueError, TypeError):
        raise ValueError("name, help, order and keys of dictionaries have to be written out") from None
    if wrong := [name for name, value in literal.items() if type(value) is not kinds[name]]:
        raise ValueError(f"{wrong[0]} is no {kinds[wrong[0]].__name__}")
    if not NAME.fullmatch(literal.get("name", "")):
        raise ValueError("its name is missing, or has other characters than letters, digits, '-', '_' and '.'")
    given = frozenset(name for name, value in keywords.items() if not _is_default(value))
    return Card(module=module, given=given, keys=keys, **literal)


def _written(key: ast.expr | None) -> ast.expr:
    """The key of a dictionary.

    Raises:
        ValueError: it is `**more`.
    """
    if key is None:
        raise ValueError("not written out")
    return key


def _is_default(value: ast.expr) -> bool:
    """Whether a keyword says what leaving it out says: None, False, no rows."""
    if isinstance(value, ast.Dict):
        return not value.keys
    return isinstance(value, ast.Constant) and (value.value is None or value.value is False)


def _reason(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


def resolve(reference: str) -> Any:
    """What `module:attribute` refers to, imported now."""
    module, _, attribute = reference.partition(":")
    return getattr(importlib.import_module(module), attribute)


METHODS: Registry[Any] = Registry("method", "keyin_cli.methods", "METHOD", "keyin.methods")
DATASETS: Registry[Any] = Registry("dataset kind", "keyin_cli.datasets", "DATASET", "keyin.datasets")
CODECS: Registry[Any] = Registry("codec", "keyin_cli.model.codecs", "CODEC", "keyin.codecs")
SERVOS: Registry[Any] = Registry("servo", "keyin_cli.planning.servos", "SERVO", "keyin.servos")
SOURCES: Registry[Any] = Registry("format", "keyin_cli.datasets.sources", "SOURCE", "keyin.sources")
