"""A scratch folder for one case, with what commands need to start from."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from fuzz import forked
from fuzz.case import Outcome

PATIENCE = 20  # seconds: what takes longer on tiny inputs hangs
ENVIRONMENT = {"COLUMNS": "80", "_TYPER_FORCE_DISABLE_TERMINAL": "1", "TERM": "dumb"}
TEMPLATES: dict[str, Callable[[Bench], None]] = {}  # filled by `template`


def template(name: str) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Register what makes a template in the folder of a bench, with the program's own commands or without."""

    def register(make: Callable[[Bench], None]) -> Callable[[Bench], None]:
        TEMPLATES[name] = make
        return make

    return register


@dataclass
class Bench:
    """Where one case runs: `folder` is the working directory of its commands, in a directory of its own for what lands beside it;
    `scratch` is shared by all cases."""

    folder: Path
    scratch: Path
    _commands: itertools.count[int] = field(default_factory=itertools.count)

    def keyin(self, *args: object, seconds: float = PATIENCE, **how: object) -> Outcome:
        """Run `keyin ARGS` here to its end. `how` goes to `start`."""
        return self.start(*args, **how).wait(seconds)

    def start(
        self, *args: object, cwd: Path | None = None, prepare: Callable[[], None] | None = None, **environment: str
    ) -> forked.Running:
        """Start `keyin ARGS` here. `prepare` is called in the new process; keywords are further environment variables."""
        printed = self.folder.with_name(f"{self.folder.name}.printed") / str(next(self._commands))
        printed.mkdir(parents=True)
        words = tuple(str(arg) for arg in args)
        return forked.start(words, cwd or self.folder, printed, ENVIRONMENT | environment, prepare)

    def template(self, name: str) -> Path:
        """A folder that is made once for all cases, by what is registered under its name. Nobody may change it."""
        made = self.scratch / "templates" / name
        made.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(made.with_name(f"{name}.lock")):
            if not made.exists():
                partial = made.with_name(f"{name}.partial")
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir()
                bench = Bench(partial, self.scratch)
                TEMPLATES[name](bench)
                bench.clear_printed()
                partial.rename(made)
        return made

    def copy(self, name: str, *below: str) -> None:
        """Copy a template, or these parts of it, into this folder."""
        source = self.template(name)
        for part in below or [each.name for each in source.iterdir()]:
            to = self.folder / part
            to.parent.mkdir(parents=True, exist_ok=True)
            if (source / part).is_dir():
                shutil.copytree(source / part, to, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source / part, to)

    def clear_printed(self) -> None:
        shutil.rmtree(self.folder.with_name(f"{self.folder.name}.printed"), ignore_errors=True)

    @property
    def around(self) -> Path:
        """The directory that the folder of a case lies in, with what it printed."""
        return self.folder.parent

    def clear(self) -> None:
        """Delete all that a case made, also what it took the permissions of."""
        for each in [self.around, *self.around.rglob("*")]:
            if each.is_dir() and not each.is_symlink():
                each.chmod(0o700)
        shutil.rmtree(self.around)


@template("brownian")
def _brownian(bench: Bench) -> None:
    """The tiny run of Brownian motion with its data, as `keyin train recipes/tiny/brownian.yaml` leaves it."""
    made = bench.keyin("train", "tiny/brownian", seconds=600)
    assert made.code == 0, made.err
