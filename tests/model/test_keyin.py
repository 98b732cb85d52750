import torch

from keyin_cli.model.keyframes import Keyframes
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.recipe import Recipe, check

RECIPE: Recipe = check(
    {
        "name": "small",
        "data": {"kind": "zarr", "path": "none", "frames": 10, "height": 4, "width": 4, "channels": 3},
        "window": {"conditioning": 2, "predicted": 7, "keyframes": 3, "max_offset": 4},
        "model": {"codec": {"kind": "mlp", "embedding": 6, "hidden": [8]}, "lstm": {"units": 8}, "latent": 5},
        "pretrain": {"lengths": [1, 4]},
    }
)

BLACK = torch.zeros(1, 4, 4, 1)


def keyframes_at(offsets: list[int], embeddings: torch.Tensor) -> Keyframes:
    logits = 10 * torch.nn.functional.one_hot(torch.tensor([offsets]) - 1, 4).float()
    return Keyframes(embeddings, logits, torch.zeros(1, 3, 5), torch.zeros(1, 3, 5))


def test_composition_is_the_segments_one_after_another() -> None:
    model = KeyIn(RECIPE)
    first, ends = torch.randn(1, 6), torch.randn(1, 3, 6)
    composed = model.compose(first, BLACK, keyframes_at([3, 1, 4], ends))
    starts = torch.cat([first, ends[0, :-1]])
    pieces = [
        model.foundation.inpaint(starts[t : t + 1], ends[0, t : t + 1], torch.tensor([length]), length)[0]
        for t, length in enumerate([3, 1, 4])
    ]
    torch.testing.assert_close(
        composed[0], model.foundation.decoder(torch.cat(pieces)[:7], BLACK).sigmoid(), rtol=1e-4, atol=1e-5
    )


def test_frames_out_of_reach_repeat_the_last_keyframe() -> None:
    model, ends = KeyIn(RECIPE), torch.randn(1, 3, 6)
    composed = model.compose(torch.randn(1, 6), BLACK, keyframes_at([1, 1, 1], ends))
    last = model.foundation.decoder(ends[:, 2], BLACK).sigmoid()
    torch.testing.assert_close(composed[0, 3:], last.expand(4, -1, -1, -1), rtol=1e-4, atol=1e-5)


def test_inpaint_is_the_interpolator_at_a_hard_offset() -> None:
    foundation = Foundation(RECIPE)
    start, end = torch.randn(2, 6), torch.randn(2, 6)
    inpainted = foundation.inpaint(start, end, torch.tensor([2, 3]), 3)
    expected = foundation.interpolator(start, end, torch.eye(4)[[1, 2]], torch.zeros(2, 0), 3)
    torch.testing.assert_close(inpainted, expected)
