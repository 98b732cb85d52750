"""Who takes part in the benchmark, what each is shown and asked, and what becomes of methods that answer something else."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import demonstration_pieces as pieces
import numpy as np
import pytest
import zarr

from keyin_cli.discovery.benchmark.kept import Kept
from keyin_cli.discovery.peer import Demonstration
from keyin_cli.errors import InputError, Interrupted, RunError
from keyin_cli.methods import contestants, learning, sources
from keyin_cli.methods.contestants import Contestant, Job, found_by_peer, found_by_training, key
from keyin_cli.methods.method import Method
from keyin_cli.registry import METHODS


class Every:
    """Keyframes every so many frames, but where there are no pixels to look at; it writes down what it was asked."""

    knob, usual, own = "distance", 7.0, True

    def __init__(self, episodes: Sequence[Demonstration], seed: int) -> None:
        self.episodes, self.seed = list(episodes), seed

    def look(self, episode: Demonstration) -> np.ndarray:
        assert any(episode is each for each in self.episodes)
        return np.zeros(len(episode))

    def setting(self, evidence: np.ndarray, wanted: int) -> float:
        return float(-(-(len(evidence) - 1) // (wanted + 1)))

    def select(self, evidence: np.ndarray, setting: float) -> Any:
        return np.arange(len(evidence)) % int(setting) == 0  # the first frame, too, which is none


class Bound(Every):
    """Has to be told, and looks at actions."""

    own = False

    def look(self, episode: Demonstration) -> np.ndarray:
        return super().look(episode) + episode.roles["actions"].sum()


class Free(Every):
    """Cannot be told."""

    def setting(self, evidence: np.ndarray, wanted: int) -> float:
        raise InputError("free chooses")


class Neither(Free):
    own = False


class Wrong(Every):
    def select(self, evidence: np.ndarray, setting: float) -> Any:
        return np.flatnonzero(super().select(evidence, setting))


class Needy(Every):
    def __init__(self, episodes: Sequence[Demonstration], seed: int) -> None:
        raise InputError("needy needs a role that this dataset has not")


class Boundless(Every):
    usual = float("inf")

    def select(self, evidence: np.ndarray, setting: float) -> Any:
        return np.zeros(len(evidence), np.bool_)


class Unnamed(Every):
    knob = None  # type: ignore[assignment]


class Broken(Every):
    def look(self, episode: Demonstration) -> np.ndarray:
        raise ZeroDivisionError("0/0\nagain")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    data = pieces.turns(tmp_path / "t.zarr", n=3)
    return Job(Contestant("fake", "signals", False), data, (3, 0, 2), tmp_path / "out", 5, 1.0, "the key")


def ask(job: Job, peer: Any, monkeypatch: pytest.MonkeyPatch, part: str = "signals") -> Kept | str:
    monkeypatch.setattr(contestants, "method", lambda _: Method("fake", "", peers={part: peer}))
    return found_by_peer(replace(job, contestant=Contestant("fake", part, False)))


def test_a_method_is_asked_for_both_numbers(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask(job, Every, monkeypatch)
    assert isinstance(found, Kept)
    assert (found.key, found.knob, found.usual, found.actions) == ("the key", "distance", 7.0, False)
    assert [len(each) for each in found.given] == [3, 0, 2]
    assert [each[:2] for each in found.own] == [[7, 14]] * 3
    assert found.peak_memory_bytes > 1_000_000


def test_a_method_that_is_told_and_looks_at_actions(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask(job, Bound, monkeypatch, "pixels")
    assert isinstance(found, Kept)
    assert (found.usual, found.own, found.actions) == (None, None, True)
    assert [len(each) for each in found.given] == [3, 0, 2]


def test_a_method_that_cannot_be_told(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask(job, Free, monkeypatch)
    assert isinstance(found, Kept)
    assert found.given is None
    assert [each[:2] for each in found.own] == [[7, 14]] * 3


@pytest.mark.parametrize(
    ("peer", "reason"),
    [
        (Neither, "fake neither chooses how many keyframes there are nor can be told it"),
        (Needy, "needy needs a role that this dataset has not"),
        (Broken, "fake failed (ZeroDivisionError: 0/0 again): mend or uninstall its package"),
        (Boundless, "fake failed (ValidationError: 1 validation error for Kept usual "),
        (Unnamed, "fake failed (ValidationError: 1 validation error for Kept knob "),
        (Wrong, "method fake gave (4,) int64 for an episode of"),
    ],
)
def test_why_a_method_is_left_out(peer: Any, reason: str, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask(job, peer, monkeypatch)
    assert isinstance(found, str)
    assert found.startswith(reason)


def test_a_signal_that_is_no_number_is_nothing_to_who_looks_at_pixels(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    zarr.open_group(job.data)["data/observation.state"][5, 1] = np.nan
    assert isinstance(ask(job, Every, monkeypatch, "pixels"), Kept)
    found = ask(job, Every, monkeypatch)
    assert isinstance(found, str)
    assert "the signal observation.state has values that are no numbers" in found


@pytest.mark.parametrize("error", [Interrupted, RunError])
def test_what_stops_a_command_stops_it_while_a_method_of_others_looks(
    error: type[Exception], job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(Every):
        def look(self, episode: Demonstration) -> np.ndarray:
            raise error("stopped")

    with pytest.raises(error, match="stopped"):
        ask(job, Stopped, monkeypatch)


def test_a_trained_method_of_others_that_fails_is_left_out(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_: Any) -> Path:
        raise ZeroDivisionError("0/0")

    monkeypatch.setattr(learning, "train", train)
    assert found_by_training(job) == "fake failed (ZeroDivisionError: 0/0): mend or uninstall its package"
    with pytest.raises(ZeroDivisionError):  # ours never fails quietly
        found_by_training(replace(job, contestant=Contestant("search", "pixels", True)))


def test_who_takes_part() -> None:
    everyone = contestants.contestants([])
    assert Contestant("search", "pixels", True) in everyone
    assert Contestant("search", "signals", True) in everyone
    assert Contestant("motion", "pixels", False) in everyone
    assert contestants.contestants(["peract"]) == [Contestant("peract", "signals", False)]
    assert contestants.contestants(["motion", "search"]) == [each for each in everyone if each.method in ("motion", "search")]
    with pytest.raises(InputError, match=r"no method that finds keyframes of whole demonstrations motoin: did you mean motion\?"):
        contestants.contestants(["motoin"])
    assert contestants.contestants(["uniform", "motion", "random"]) == contestants.contestants(["motion"])
    with pytest.raises(InputError, match="uniform is in every table by itself: name another method, too"):
        contestants.contestants(["uniform"])


def test_names_of_rows_are_names_of_no_method(monkeypatch: pytest.MonkeyPatch) -> None:
    card = replace(METHODS.cards["motion"], name="optimum", module="foreign.optimum")
    monkeypatch.setattr(contestants, "competing", lambda: ["optimum"])
    monkeypatch.setitem(METHODS.cards, "optimum", card)
    with pytest.raises(
        InputError, match=r"^method optimum of foreign\.optimum has the name of a row that is no method's: rename it"
    ):
        contestants.contestants([])


def test_reasons_have_no_folders(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost(Every):
        def look(self, episode: Demonstration) -> np.ndarray:
            raise FileNotFoundError(2, "No such file or directory", "/home/me/.cache/net.pt")

    found = ask(job, Lost, monkeypatch)
    assert (
        found == "fake failed (FileNotFoundError: [Errno 2] No such file or directory: 'net.pt'): mend or uninstall its package"
    )
    zarr.open_group(job.data)["data/observation.state"][5, 1] = np.nan
    assert str(ask(job, Every, monkeypatch)).startswith("t.zarr: the signal observation.state has values that are no numbers")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/my data/a b.zarr: it is damaged", "a b.zarr: it is damaged"),
        ("see /usr/lib/x.py, line 3, and (/tmp/y/)", "see x.py, line 3, and (y)"),
        ("mine/out.json and ./a/b and 0/0 and a / b", "mine/out.json and ./a/b and 0/0 and a / b"),
        ("https://example.org/a/b has it", "https://example.org/a/b has it"),
        ("(4,) int64, expected (3,) bool", "(4,) int64, expected (3,) bool"),
    ],
)
def test_paths_are_names(line: str, expected: str) -> None:
    assert contestants.named(line, Path("/my data/a b.zarr")) == expected


def test_who_looks_at_pixels_is_told_numbers(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask(job, Every, monkeypatch, "pixels")
    assert isinstance(found, Kept)
    assert [each.count for each in found.told] == [1, 2, 4, 8, 16]
    assert [len(each) for each in found.told[1].keyframes] == [2, 2, 2]
    for part, peer in (("signals", Every), ("pixels", Free)):
        other = ask(job, peer, monkeypatch, part)
        assert isinstance(other, Kept)
        assert other.told == []


def test_what_keyframes_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Contestant("motion", "pixels", False)
    assert key(one, "c", 0, 1.0) == key(one, "c", 0, 2.0)  # it is not trained
    trained = replace(one, method="search", trained=True)
    others = [key(replace(one, part="signals"), "c", 0, 1.0), key(one, "d", 0, 1.0), key(one, "c", 1, 1.0)]
    others += [key(trained, "c", 0, 1.0), key(trained, "c", 0, 2.0)]
    assert len({key(one, "c", 0, 1.0), *others}) == 6
    before = key(one, "c", 0, 1.0), key(replace(one, part="signals"), "c", 0, 1.0)
    monkeypatch.setattr(contestants, "COUNTS", (1, 3))
    assert [key(replace(one, part=part), "c", 0, 1.0) in before for part in ("pixels", "signals")] == [False, True]


def test_the_source_of_a_method_is_what_it_imports_of_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "foreign"
    package.mkdir()
    for name, text in (("__init__", ""), ("method", "from foreign import helper\nimport os"), ("helper", "A = 1"), ("other", "")):
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    def digest() -> str:
        sources.digest.cache_clear()
        return sources.digest("foreign.method")

    before = digest()
    (package / "other.py").write_text("B = 1")
    assert digest() == before
    (package / "helper.py").write_text("A = 2")
    assert digest() != before
    ours = set(sources._imported(b"from keyin_cli.discovery import parts\nfrom . import knobs", "keyin_cli.methods.x"))
    assert {"keyin_cli.discovery.parts", "keyin_cli.methods.knobs"} <= ours
