"""Packages that some kinds of dataset need and that are not installed with this one."""

from __future__ import annotations

from importlib.util import find_spec

from keyin_cli.errors import InputError


def check(kind: str, package: str) -> None:
    """Whether a package is there, which is not imported.

    Raises:
        InputError: it is missing.
    """
    if find_spec(package) is None:
        raise InputError(f"{kind} needs the package {package}, which is not installed: pip install 'keyin[benchmark]'")
