"""The program `keyin`, which `python -m keyin_cli` is too."""

import os
import sys

import keyin_cli
from keyin_cli import interrupts


def main() -> None:
    """Run the command that `sys.argv` gives, then exit. Whatever is told to stop from now on does so with a line."""
    interrupts.watch()  # before anything that takes time is imported
    from keyin_cli.cli import app

    try:
        app()
    except SystemExit as ended:
        interrupts.over(ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1)
        raise


def _forget_working_directory() -> None:
    """`python -m` looks there for modules first, so that a torch.py among someone's data would be run."""
    if sys.path[:1] == [os.getcwd()] and os.getcwd() not in map(os.path.dirname, keyin_cli.__path__):
        del sys.path[0]


if __name__ == "__main__":
    _forget_working_directory()
    main()
