"""A wrong recipe: every problem in one line with the key, and nothing is written."""

from pathlib import Path

import pytest
from processes import RECIPE, Keyin, complaint, complaints


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("trian.lr=1", ("trian.lr: unknown key; did you mean train.lr?",)),
        ("model.codec.embeding=8", ("model.codec.embeding: unknown key; did you mean model.codec.embedding?",)),
        ("window.keyframes=2", ("window.predicted: 30 frames are out of reach of keyframes x max_offset = 20",)),
        ("pretrain.lengths=[1, 12]", ("pretrain.lengths: 12 frames exceed window.max_offset = 10",)),
        ("data.frames=20", ("data.frames: 20 frames are shorter than window.conditioning + window.predicted = 35",)),
        ("model.codec.kind=cnn", ("model.codec", "'cnn'", "'mlp', 'conv'")),
        ("train.steps=many", ("train.steps", "valid integer")),
        ("name=../elsewhere", ("name:",)),
        ("train.lr", ("--set train.lr: expected KEY=VALUE, for example --set train.lr=1e-3",)),
        ("train.lr={", ("--set train.lr={", "not a YAML value")),
        ("device=cuda", ("sees no GPU", "--set device=cpu", "keyin doctor")),
    ],
)
def test_a_wrong_key(override: str, parts: tuple[str, ...], here: Keyin, tmp_path: Path) -> None:
    done = here("train", RECIPE, "--set", override, "--json", cwd=tmp_path, CUDA_VISIBLE_DEVICES="")
    complaint(done, *parts)
    assert list(tmp_path.iterdir()) == []


def test_everything_wrong_is_said_at_once(here: Keyin, tmp_path: Path) -> None:
    mistakes = ("trian.lr=1", "window.keyframes=0", "model.lstm.units=wide", "discovery.price=-1")
    done = here("recipes", "validate", "tiny/brownian", *(word for key in mistakes for word in ("--set", key)), cwd=tmp_path)
    said = "\n".join(complaints(done))
    for key in ("trian.lr: unknown key", "window.keyframes: ", "model.lstm.units: ", "discovery.price: "):
        assert f"brownian.yaml: {key}" in said


@pytest.mark.parametrize(
    ("file", "content", "parts"),
    [
        ("recipes/tiny/brownain.yaml", None, ("did you mean recipes/tiny/brownian.yaml?", "`keyin recipes list`")),
        ("bad.yaml", b"name: [1\ndata:", ("bad.yaml is not YAML", "line 2")),
        ("bad.yaml", b"\xff\xfe\x00", ("bad.yaml is not YAML",)),
        ("bad.yaml", b"- 1\n", ("bad.yaml is not a recipe: expected a mapping",)),
        ("bad.yaml", b"", ("bad.yaml is not a recipe",)),
        ("bad.yaml", b"name: x\ndate: 2020-01-01\n", ("bad.yaml: date: unknown key",)),
        ("bad.yaml", b"data: {kind: brownian}\n", ("bad.yaml: name: Field required",)),
        ("bad.yaml", b"name: x\ndata: {n: 5}\n", ("bad.yaml: data.kind: Field required",)),
    ],
)
def test_a_wrong_recipe_file(file: str, content: bytes | None, parts: tuple[str, ...], here: Keyin, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / file).write_bytes(content)
    complaint(here("pretrain-interp", file, cwd=tmp_path), *parts)


def test_copying_never_replaces(here: Keyin, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("years of work")
    complaint(here("recipes", "copy", "brownian", "mine.yaml", cwd=tmp_path), "mine.yaml exists", "--overwrite")
    assert (tmp_path / "mine.yaml").read_text() == "years of work"
