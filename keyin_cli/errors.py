"""The ways a command ends other than done. Each is one clear line and an exit code (see cli.py)."""


class InputError(Exception):
    """The user's input cannot be used: what is wrong and the next command to run. Exit code 2."""


class Faults(InputError):
    """Several things are wrong with one: `lines` says each. Commands print only the first of many, unless all were asked for."""

    def __init__(self, lines: list[str], everything: bool = False) -> None:
        super().__init__("\n".join(lines))
        self.lines, self.everything = lines, everything


class Different(InputError):
    """What is there was made with other settings: `what` says so, `do` what to do. A command may know better what that is."""

    def __init__(self, what: str, do: str = "give another --out, or --overwrite to replace it") -> None:
        super().__init__(f"{what}: {do}")
        self.what = what


class RunError(Exception):
    """The work itself failed (disk full, loss not finite): what happened and what to do. Exit code 1."""


class Interrupted(Exception):
    """Stopped by SIGINT, SIGTERM or SIGHUP after saving. Exit code 130."""


def shown(name: object) -> str:
    """A name that others chose, or a reason, as a line of ours has it: escaped where it could do something to a terminal."""
    text = str(name)
    return text if text.isprintable() else ascii(text)


def printable(lines: str) -> str:
    """Lines for a terminal, in which whatever could do something to it is escaped: paths are as others named them."""
    return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in lines)
