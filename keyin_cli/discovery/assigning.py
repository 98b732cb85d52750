"""Which signals of an imported dataset play which part: the roles that people give on the command line, checked and kept in the
dataset's attribute `roles` (see `demonstrations`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from keyin_cli import storage
from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.datasets.episodes.seen import parts
from keyin_cli.discovery.demonstrations import checked
from keyin_cli.discovery.peer import ROLES
from keyin_cli.errors import InputError, shown

GROUP = "zarr.json"  # of a Zarr 3 group, which `keyin import` writes


def parsed(texts: Sequence[str], signals: Collection[str]) -> dict[str, str]:
    """Signals by role, from texts such as gripper=observation.state:3:4.

    Args:
        signals: names of the arrays of those that are imported.

    Raises:
        InputError: a text is none, a role is unknown or given twice, or its signal is not imported.
    """
    found: dict[str, str] = {}
    for text in texts:
        role, equals, signal = text.partition("=")
        given = f"--role {shown(text):.80}"
        if not (role and equals and signal):
            raise InputError(f"{given}: expected ROLE=SIGNAL or ROLE=SIGNAL:FROM:TO, such as effector=observation.state:0:3")
        if role not in ROLES:
            raise InputError(f"{given}: no role {shown(role):.40}, there are {', '.join(ROLES)}")
        if role in found:
            raise InputError(f"{given}: the role {role} is given twice, give it once")
        if parts(signal)[0] not in signals:
            there = shown(", ".join(signals)) or "none"
            raise InputError(f"{given}: no such signal is imported ({there}), give its name to --signals too")
        found[role] = signal
    return found


def assign(path: Path, given: Mapping[str, str]) -> Episodes:
    """Give the dataset at `path` these roles instead of those that it has, if any. One small file is replaced, as a whole.

    Raises:
        InputError: a signal has fewer values, or not as many as its role has; nothing is changed then.
    """
    with storage.locked(path):
        try:
            checked(dict(given), open_episodes(path))
        except InputError as error:
            raise InputError(f"--role: {error}") from None
        file = path.resolve() / GROUP
        told = storage.read_json(file)
        told["attributes"]["roles"] = dict(given)
        storage.write_json(file, told)
        return open_episodes(path)
