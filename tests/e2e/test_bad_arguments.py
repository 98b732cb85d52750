"""Arguments that are none: one line and where help is; numbers that no machine holds are refused before anything is made."""

from pathlib import Path

import pytest
from processes import RUN, Keyin, complaint

HUGE = "9" * 40
HURRIED = pytest.mark.usefixtures("hurried")  # what is not refused would be made, for years


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (("trian",), ("no such command 'trian'. Did you mean 'train'?", "--help` shows what there is")),
        (("[/red]",), ("no such command '[/red]'",)),
        (("train",), ("missing argument 'RECIPE'", "train --help`")),
        (("train", "tiny/brownian", "--nonsense"), ("no such option: --nonsense",)),
        (("train", "tiny/brownian", "more", "words"), ("unexpected extra argument",)),
        (("train", "tiny/brownian", "--seed", "many"), ("invalid value for '--seed'",)),
        (("recipes", "[/x]"), ("no such command '[/x]'", "recipes --help`")),
        (("gen-data", "brownian", "--n", HUGE), ("invalid value for '--n'",)),
        (("gen-data", "brownian", "--n", "9" * 5000), ("invalid value for '--n'",)),
        (("gen-data", "brownian", "--seed", HUGE), ("invalid value for '--seed'",)),
        (("train", "tiny/brownian", "--seed", HUGE), ("invalid value for '--seed'",)),
        (("plan", "--method", "none", "--episodes", HUGE), ("invalid value for '--episodes'",)),
        (("plan", "--method", "none", "--seed", HUGE), ("invalid value for '--seed'",)),
        (("table", "tiny/brownian", "--seeds", HUGE), ("invalid value for '--seeds'",)),
        (("table", "tiny/brownian", "--samples", HUGE), ("invalid value for '--samples'",)),
        (("table", "tiny/brownian", "--sequences", HUGE), ("invalid value for '--sequences'",)),
        (("eval-f1", "--ckpt", "x", "--seed", HUGE), ("invalid value for '--seed'",)),
        (("eval-f1", "--ckpt", "x", "--limit", HUGE), ("invalid value for '--limit'",)),
        (("plan", "--method", "none", "--pictures", HUGE), ("invalid value for '--pictures'",)),
        (("train", "."), ("no recipe .:", "`keyin recipes list`")),
        (("train", ""), ("no recipe '':", "`keyin recipes list`")),
        (("train", "9" * 5000), ("no recipe 9999", "`keyin recipes list`")),
        (("train", "a\nb"), ("no recipe 'a\\nb'",)),
        (("info", "[/red]"), ("nothing at [/red]",)),
    ],
)
@HURRIED
def test_one_line(args: tuple[str, ...], parts: tuple[str, ...], here: Keyin, tmp_path: Path) -> None:
    done = here(*args, cwd=tmp_path)
    complaint(done, *parts)
    assert len(done.stderr) < 800
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variables", [{"RANK": "0", "WORLD_SIZE": "y"}, {"RANK": "5", "WORLD_SIZE": "2"}])
def test_a_launcher_that_says_nonsense(variables: dict[str, str], here: Keyin, tmp_path: Path) -> None:
    complaint(here("train", "tiny/brownian", cwd=tmp_path, **variables), "start it with torchrun, or unset RANK")


@pytest.mark.parametrize(
    ("command", "override"),
    [
        (("train", "tiny/brownian"), "train.batch=1000000000"),
        (("train", "tiny/brownian"), "model.lstm.units=1000000000"),
        (("train", "tiny/brownian"), "model.latent=1000000000"),
        (("pretrain-interp", "tiny/brownian"), "pretrain.batch=1000000000"),
        (("baseline", "surprise", "tiny/brownian"), "surprise.batch=1000000000"),
        (("gen-data", "brownian"), "frames=10000"),
    ],
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry"])
@HURRIED
def test_what_cannot_fit_into_memory(
    command: tuple[str, ...], override: str, dry: list[str], here: Keyin, tmp_path: Path
) -> None:
    keys = ["--set", override, *(["--set", "size=4096", "--set", "segment=[6,8]"] if command[0] == "gen-data" else [])]
    complaint(here(*command, *keys, *dry, cwd=tmp_path), "GB of memory", "GB are free")
    assert list(tmp_path.iterdir()) == []


def test_markup_in_a_path_is_a_path(here: Keyin, tiny: Path, tmp_path: Path) -> None:
    """Of a command that prints a table with its title."""
    odd = tmp_path / "[/red][link=x]\x1b[2J"
    odd.mkdir(parents=True)
    done = here("gen-data", "brownian", "--n", "60", "--out", "[/red].zarr", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    words = ("--ckpt", tiny / RUN, "--data", "[/red].zarr", "--selector", "uniform", "--out", odd / "scores")
    done = here("eval-f1", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "[/red].zarr, test split" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    done = here("info", odd / "scores", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
