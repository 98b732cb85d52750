"""Episodes of a dataset as demonstrations: what methods of the benchmark see of them, without labels.

A dataset says which of its signals plays which part in its attribute `roles`, `{"gripper": "observation.state:18:19", "actions":
"action", …}`, as `datasets.episodes.seen.chosen` reads signals. Where it says nothing, signals called `action` or `actions` are
the actions. Whatever it says, signals of these names are never observed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.layout import FRAMES, Episodes
from keyin_cli.datasets.episodes.seen import chosen
from keyin_cli.discovery.peer import ACTIONS, EFFECTOR, GRIPPER, ROLES, Demonstration
from keyin_cli.errors import InputError, shown

SIZES = {GRIPPER: 1, EFFECTOR: 3}  # values of those parts that have a size
NAMED_ACTIONS = ("action", "actions")


def roles(episodes: Episodes) -> dict[str, tuple[str, range]]:
    """By name of `ROLES` the signal and its columns that have that part.

    Raises:
        InputError: the attribute is damaged, or names what is not there.
    """
    given = episodes.attributes.get("roles")
    if given is None:
        named = [name for name in NAMED_ACTIONS if name in episodes.signals]
        return {ACTIONS: chosen(named[0], episodes)} if named else {}
    return checked(given, episodes)


def checked(given: object, episodes: Episodes) -> dict[str, tuple[str, range]]:
    """The same of roles as a dataset's attribute has them, or is to have them.

    Raises:
        InputError: they are damaged, or name what is not there.
    """
    where = shown(episodes.path)
    if not isinstance(given, dict) or not all(isinstance(each, str) for pair in given.items() for each in pair):
        raise InputError(f'{where}: its attribute roles is damaged, expected {{"actions": "action"}}: make the dataset again')
    if unknown := [name for name in given if name not in ROLES]:
        raise InputError(f"{where}: no role {shown(unknown[0]):.40}: there are {', '.join(ROLES)}")
    found = {name: chosen(signal, episodes) for name, signal in given.items()}
    for name, size in SIZES.items():
        if name in found and len(found[name][1]) != size:
            has = f"has {len(found[name][1])} values, expected {size}"
            raise InputError(f"{where}: the role {name} {has}: give it columns, such as observation.state:0:{size}")
    return found


def observed(episodes: Episodes) -> list[str]:
    """All signals but actions and those that are called so, as `datasets.episodes.seen.chosen` reads them, in the order of their
    names.

    Raises:
        InputError: see `roles`.
    """
    name, columns = roles(episodes).get(ACTIONS, ("", range(0)))
    names = [each for each in sorted(episodes.signals) if each not in (name, *NAMED_ACTIONS)]
    size = episodes.signals.get(name, 0)
    if len(columns) == size or name in NAMED_ACTIONS:
        return names
    parts = [f"{name}:{begin}:{end}" for begin, end in ((0, columns.start), (columns.stop, size)) if begin < end]
    return sorted([*names, *parts])


def demonstration(episodes: Episodes, index: int, signals: bool = True) -> Demonstration:
    """An episode without its labels.

    Args:
        signals: whether they are read; else there are none of them, and no roles but actions.

    Raises:
        InputError: it cannot be read, roles name what is not there, or a signal is no number.
    """
    seen: dict[str, NDArray[np.float32]] = {}

    def values(name: str, columns: range) -> NDArray[np.float32]:
        if name not in seen:
            seen[name] = _finite(episodes, index, name)
        return seen[name][:, columns.start : columns.stop]

    parts = [values(*chosen(signal, episodes)) for signal in (observed(episodes) if signals else ())]
    nothing = np.zeros((int(episodes.lengths[index]), 0), np.float32)
    return Demonstration(
        frames=episodes.episode(index, FRAMES),
        signals=np.concatenate([nothing, *parts], axis=1),
        fps=episodes.fps,
        roles={role: values(name, columns) for role, (name, columns) in roles(episodes).items() if signals or role == ACTIONS},
    )


def _finite(episodes: Episodes, index: int, name: str) -> NDArray[np.float32]:
    found = episodes.episode(index, f"data/{name}").astype(np.float32)
    if not np.isfinite(found).all():
        raise InputError(
            f"{shown(episodes.path)}: the signal {shown(name)} has values that are no numbers: import it again without it"
        )
    return found
