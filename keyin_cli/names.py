"""The names that commands list and accept, from the registries' cards: nothing is imported, so help is instant."""

from __future__ import annotations

from keyin_cli.errors import InputError
from keyin_cli.registry import DATASETS, METHODS, SERVOS, Card

ALL = "all"  # as a row of Table 2: every row that the weights allow


def selecting() -> list[str]:
    """The rows of Table 1: everything that detects keyframes, in order."""
    return [row for card in METHODS.cards.values() for row in _rows(card, "selectors")]


def finding() -> list[str]:
    """The methods that find keyframes of whole episodes."""
    return [name for name, card in METHODS.cards.items() if "finder" in card.given]


def peering() -> dict[str, tuple[str, ...]]:
    """The methods that look at whole demonstrations without a stage of ours, and of each the parts that it can look at."""
    return {name: _parts(card) for name, card in METHODS.cards.items() if "peers" in card.given}


def competing() -> list[str]:
    """The methods of `keyin benchmark`, in order."""
    return [name for name, card in METHODS.cards.items() if card.given & {"finder", "peers"}]


def proposing() -> list[str]:
    """The rows of Table 2: everything that proposes subgoals; the strongest last, as in the paper."""
    return [row for card in reversed(METHODS.cards.values()) for row in _rows(card, "proposers")]


def baselines() -> list[str]:
    """What `keyin baseline` trains."""
    return [name for name, card in METHODS.cards.items() if "stage" in card.given and "command" not in card.given]


def compared() -> list[str]:
    """The trained baselines that have a row in Table 1."""
    return [name for name in baselines() if "selectors" in METHODS.cards[name].given]


def generated() -> list[str]:
    """The kinds of dataset that `keyin gen-data` makes."""
    return [name for name, card in DATASETS.cards.items() if {"arrays", "demonstrator"} & card.given]


def demonstrated() -> list[str]:
    """The kinds of dataset that have labelled episodes, those of `keyin benchmark`."""
    return [name for name, card in DATASETS.cards.items() if "demonstrator" in card.given]


def servos() -> list[str]:
    """The servos that `keyin plan --servo` offers."""
    return [name for name, card in SERVOS.cards.items() if "chance" not in card.given]


def _parts(card: Card) -> tuple[str, ...]:
    try:
        return card.keys["peers"] if "peers" in card.keys else tuple(METHODS.get(card.name).peers)
    except InputError:  # a list has it, and its use says what is wrong
        return ()


def _rows(card: Card, field: str) -> list[str]:
    """The rows of a method: its name, and its name with each suffix."""
    if field not in card.given:
        return []
    try:
        suffixes = card.keys[field] if field in card.keys else getattr(METHODS.get(card.name), field)
    except InputError:  # a list has it, and its use says what is wrong
        return [card.name]
    return [f"{card.name}{suffix}" for suffix in suffixes]
