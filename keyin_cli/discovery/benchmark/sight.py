"""What methods of a part see of a demonstration, and whether they looked at its actions. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery.peer import ACTIONS, PIXELS, SIGNALS, Demonstration

PARTS = (PIXELS, SIGNALS)


class Watched(Mapping[str, NDArray[np.float32]]):
    """Roles of a demonstration, and whether anybody looked at the actions."""

    def __init__(self, roles: Mapping[str, NDArray[np.float32]]) -> None:
        self.roles, self.actions = roles, False

    def __getitem__(self, role: str) -> NDArray[np.float32]:
        self.actions |= role == ACTIONS and role in self.roles
        return self.roles[role]

    def __contains__(self, role: object) -> bool:
        return role in self.roles

    def __iter__(self) -> Iterator[str]:
        return iter(self.roles)

    def __len__(self) -> int:
        return len(self.roles)


@dataclass(frozen=True)
class Sight:
    """A demonstration as methods of a part see it."""

    shown: Demonstration
    watched: Watched


def visible(part: str, whole: Demonstration) -> Sight:
    """A demonstration without what methods of a part must not look at: frames (n,0,0,3), or signals (n,0) and the roles that are
    taken from them."""
    if part == SIGNALS:
        watched = Watched(whole.roles)
        return Sight(replace(whole, frames=np.zeros((len(whole), 0, 0, 3), np.uint8), roles=watched), watched)
    watched = Watched({role: values for role, values in whole.roles.items() if role == ACTIONS})
    return Sight(replace(whole, signals=np.zeros((len(whole), 0), np.float32), roles=watched), watched)
