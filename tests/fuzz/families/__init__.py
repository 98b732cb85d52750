"""One module per kind of attack. Each has:

ROW     the line of the table that its cases are counted in
COUNT   how many cases `make fuzz` runs
SAMPLE  how many of them `make test` runs, spread evenly
case    from a number below COUNT to the case, the same in every run (`fuzz.case.Case`)
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def family(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")
