from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
import torch

from keyin_cli.datasets.brownian import BrownianData, draw, simulate
from keyin_cli.methods.registry import stage as spec
from keyin_cli.model import losses, soft_time
from keyin_cli.model.keyin import Foundation
from keyin_cli.recipe import Recipe, check
from keyin_cli.training.objectives.phase import KeyframePhase
from keyin_cli.training.objectives.soft import decode_weighted
from keyin_cli.training.spec import Material
from keyin_cli.training.stages.keyin import keyframe_phases

FRAMES = draw(BrownianData(), simulate(BrownianData(), np.arange(40)).states)
CPU = torch.device("cpu")


def stage(*overrides: str) -> KeyframePhase:
    return phases(*overrides)[0]


def phases(*overrides: str) -> list[KeyframePhase]:
    model = {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}, "latent": 4}
    recipe: Recipe = check({"name": "small", "model": model}, ["train.batch=6", "train.steps=10", *overrides])
    torch.manual_seed(1)
    return keyframe_phases(material(recipe))


def material(recipe: Recipe) -> Material:
    frames = {"train": FRAMES, "val": FRAMES[:10]}
    return Material(recipe, frames, CPU, Path(mkdtemp()), dict(Foundation(recipe).state_dict()))


@pytest.mark.parametrize(("sharpness", "skipped"), [(1.0, 0.0), (10.0, 0.05), (40.0, 0.3)])
def test_skipping_frames_without_weight_changes_nothing(sharpness: float, skipped: float) -> None:
    """Loss and gradient with and without the skip agree to 1e-6, for soft and for hard offsets; hard ones skip more."""
    work = stage()
    decoder = work.model.foundation.decoder
    torch.manual_seed(2)
    delta = (sharpness * torch.randn(6, 6, 10)).softmax(-1)
    shares = soft_time.share(soft_time.frame_weights(soft_time.keyframe_times(delta), delta, 30))
    background, truth = (torch.from_numpy(FRAMES[:6, 4:]).float() / 255).split([1, 30], dim=1)
    results = []
    for skip_below in (0.0, work.schedule.skip_below):
        generated = torch.randn(6, 6, 10, 8, generator=torch.Generator().manual_seed(3), requires_grad=True)
        images = decode_weighted(decoder, generated, background[:, 0], shares, skip_below)
        loss = losses.mixture_error(soft_time.soft_frames(shares, images), truth, "sum").sum(-1).mean()
        loss.backward()
        results.append((loss, generated.grad))
    assert (shares.amax(-1) < work.schedule.skip_below).float().mean() >= skipped
    torch.testing.assert_close(results[0][0], results[1][0], rtol=1e-6, atol=0)
    torch.testing.assert_close(results[0][1], results[1][1], rtol=0, atol=1e-6 * float(results[0][1].abs().max()))


@pytest.mark.parametrize("objective", ["soft-pixels", "soft-embeddings", "description", "marginal", "search"])
def test_the_foundation_is_frozen_and_the_rest_learns(objective: str) -> None:
    work = stage(f"train.objective={objective}")
    terms, weights = work.terms(work.batch(0)), work.weights(0)
    sum(weights[name] * terms[name] for name in weights if name in terms).backward()
    assert all(parameter.grad is None for parameter in work.model.foundation.parameters())
    assert all(parameter.grad is not None for parameter in work.model.keyframes.parameters())


def test_the_dataset_is_encoded_once_and_rightly() -> None:
    work = stage("train.objective=soft-pixels")
    batch = work.batch(3)
    with torch.no_grad():
        again = work.model.foundation.encoder(batch["frames"].float() / 255)
    torch.testing.assert_close(batch["embeddings"][:, 4:], again, rtol=1e-4, atol=1e-5)


def test_a_batch_is_a_function_of_seed_and_step() -> None:
    first, again, other = stage().batch(4), stage().batch(4), stage("seed=1").batch(4)
    for name in first:
        torch.testing.assert_close(first[name], again[name], rtol=0, atol=0)
    assert not torch.equal(first["noise"], other["noise"])


def test_pixels_are_kept_only_where_they_are_compared() -> None:
    assert "frames" in stage("train.objective=soft-pixels").batch(0)
    assert "frames" not in stage("train.objective=soft-embeddings").batch(0)
    assert "frames" in stage("train.objective=soft-embeddings", "train.weights.keyframe_pixels=1").batch(0)


def test_the_entropy_bonus_fades() -> None:
    work = stage("train.weights.entropy=4", "train.entropy_until=0.5")
    assert [work.weights(step)["entropy"] for step in (0, 2, 5, 9)] == pytest.approx([-4, -2.4, 0, 0])


def test_labels_are_nowhere_to_be_seen() -> None:
    assert set(stage().batch(0)) == {"embeddings", "frames", "noise", "inner_noise"}


def test_the_segment_past_the_end_learns_from_the_frames_that_are_there() -> None:
    """Its loss is the error of just those frames, and its gradient reaches the keyframe that is never seen and no other."""
    work = stage("train.objective=search")
    batch = work.batch(0)
    batch["offsets"] = torch.tensor([[7, 8, 7, -8, 0, 0]] * 5 + [[5, 5, 5, 5, 5, 5]])
    embeddings = batch["embeddings"]
    keyframes = work.model.keyframes(embeddings, noise=batch["noise"])
    keyframes.embeddings.retain_grad()
    error = work.tail_error(batch["offsets"], embeddings, keyframes)
    error.backward()
    gradient = keyframes.embeddings.grad.abs().sum(-1) > 0
    torch.testing.assert_close(gradient, torch.tensor([[False] * 3 + [True] + [False] * 2] * 5 + [[False] * 6]))
    offset = int(keyframes.logits[0, 3, 8:].argmax()) + 8
    delta = torch.eye(10)[[offset]]
    start, end = embeddings[:1, 5 - 1 + 22], keyframes.embeddings[:1, 3]
    generated = work.model.foundation.interpolator(start, end, delta, torch.zeros(1, 0))[0, :8]
    first = losses.embedding_error(generated, embeddings[0, -8:], "sum").mean()
    alone = work.tail_error(batch["offsets"][:1], embeddings[:1], work.model.keyframes(embeddings[:1], noise=batch["noise"][:1]))
    torch.testing.assert_close(alone, first, rtol=1e-4, atol=1e-5)


def test_without_a_segment_past_the_end_there_is_nothing_to_learn() -> None:
    work = stage("train.objective=search")
    batch = work.batch(0)
    keyframes = work.model.keyframes(batch["embeddings"])
    offsets = torch.tensor([[5, 5, 5, 5, 5, 5], [7, 8, -15, 0, 0, 0]] * 3)
    assert float(work.tail_error(offsets, batch["embeddings"], keyframes).detach()) == 0


@pytest.mark.parametrize("name", ["static", "jumpy", "soft-embeddings", "soft-pixels"])
def test_baselines_train_with_the_same_stage(name: str) -> None:
    model = {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}, "latent": 4}
    raw = {
        "name": "small",
        "model": model,
        "train": {"objective": "search", "batch": 6},
        "soft": {"steps": 7, "weights": {"entropy": 2}},
    }
    recipe = spec(name).variant(check(raw))
    (phase,) = recipe.train.phases
    assert phase.objective == ("soft-pixels" if name == "soft-pixels" else "soft-embeddings")
    assert (phase.weights.entropy, phase.steps) == (2, 7)
    (work,) = keyframe_phases(material(recipe), name)
    assert work.name == name
    terms, weights = work.terms(work.batch(0)), work.weights(0)
    sum(weights[key] * terms[key] for key in weights if key in terms).backward()
    learned = [parameter for parameter in work.model.keyframes.parameters() if parameter.requires_grad]
    assert all(parameter.grad is not None for parameter in learned)


def test_a_forced_teacher_tells_the_times_of_the_search() -> None:
    free, forced = stage("train.objective=search"), stage("train.objective=search", "train.teacher_forcing=true")
    batch = free.batch(0)
    offsets = free.model.keyframes(batch["embeddings"], noise=batch["noise"]).delta.argmax(-1) + 1
    batch["offsets"] = torch.where(offsets > 5, offsets - 5, offsets + 5)  # not what is expected
    assert not torch.equal(free.terms(batch)["offsets"], forced.terms(batch)["offsets"])
    times = batch["offsets"].cumsum(-1).float()
    logits = forced.model.keyframes(batch["embeddings"], noise=batch["noise"], times=times).logits
    error = losses.per_keyframe(losses.offset_error(logits, batch["offsets"]), torch.ones(times.shape))
    torch.testing.assert_close(forced.terms(batch)["offsets"], error)


def test_the_horizon_grows_from_the_largest_offset_to_the_whole_sequence() -> None:
    """In training alone; frames beyond it cost nothing."""
    work = stage("train.objective=soft-embeddings", "train.grow=0.5")
    assert [work.horizon(step) for step in (0, 1, 4, 5, 9)] == [10, 14, 26, 30, 30]
    batch = work.batch(0)
    assert batch["horizon"].tolist() == [10] * 6
    assert "horizon" not in work.batch(0, "val")
    terms = work.terms(batch)
    assert terms["sequence"] < work.terms({name: value for name, value in batch.items() if name != "horizon"})["sequence"]
    assert terms["keyframes_inside"] < work.terms(work.batch(0, "val"))["keyframes_inside"]


def test_parts_of_stage_1_that_are_not_frozen_learn() -> None:
    """As in the paper, which freezes the interpolator alone; a later phase encodes anew what the encoder has become."""
    first = "{objective: soft-pixels, freeze: [interpolator], batch: 6, steps: 2}"
    frozen, thawed, after = phases(f"train={{phases: [{{batch: 6, steps: 2}}, {first}, {{batch: 6, steps: 2}}]}}")
    assert "embeddings" in frozen.batch(0)
    assert "sequences" in thawed.batch(0)
    assert "sequences" in after.batch(0)
    thawed.begin()
    terms, weights = thawed.terms(thawed.batch(0)), thawed.weights(0)
    sum(weights[name] * terms[name] for name in weights if name in terms).backward()
    foundation = thawed.model.foundation
    learned = {
        name for name in ("encoder", "decoder", "interpolator") if next(getattr(foundation, name).parameters()).grad is not None
    }
    assert learned == {"encoder", "decoder"}
    after.begin()
    assert not any(parameter.requires_grad for parameter in foundation.parameters())


def test_the_entropy_bonus_has_a_floor_and_the_price_of_keyframes_is_a_weight() -> None:
    work = stage("train.weights.entropy=4", "train.entropy_end=1", "train.weights.keyframes_inside=20")
    assert [work.weights(step)["entropy"] for step in (0, 5, 9)] == pytest.approx([-4, -1, -1])
    assert work.weights(0)["keyframes_inside"] == 20
    assert "keyframes_inside" not in stage().weights(0)


def test_a_phase_sees_only_the_first_sequences_it_is_given() -> None:
    few, every = (stage("train.objective=soft-embeddings", *keys) for keys in (["train.sequences=4"], []))
    seen = {tuple(row) for step in range(4) for row in few.batch(step)["embeddings"][:, 0].tolist()}
    assert seen == {tuple(row) for row in every.common.embeddings["train"][:4, 0].tolist()}
