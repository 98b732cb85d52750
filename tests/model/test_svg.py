"""SVG-FP: what sees what, and generation agrees with prediction."""

import torch

from keyin_cli.model.svg import Svg
from keyin_cli.recipe import check


def build() -> Svg:
    torch.manual_seed(0)
    model = {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}, "latent": 4}
    return Svg(check({"name": "small", "model": model})).eval()


def test_the_posterior_sees_frames_up_to_its_own() -> None:
    model, embeddings = build(), torch.randn(2, 9, 8)
    changed = embeddings.clone()
    changed[:, 5] = torch.randn(2, 8)
    before, after = model.infer(embeddings)[0], model.infer(changed)[0]
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4], after[:, 4])


def test_the_prediction_sees_frames_before_its_own() -> None:
    model, embeddings, z = build(), torch.randn(2, 9, 8), torch.randn(2, 8, 4)
    changed = embeddings.clone()
    changed[:, 5] = torch.randn(2, 8)
    before, after = model.predict(embeddings, z), model.predict(changed, z)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5], after[:, 5])


def test_generation_begins_like_prediction_and_goes_on_from_its_own_frames() -> None:
    model, background = build(), torch.rand(2, 32, 32, 1)
    conditioning, z = torch.randn(2, 5, 8), torch.randn(2, 4 + 6, 4)
    images = model.generate(conditioning, background, z)
    assert images.shape == (2, 6, 32, 32, 1)
    with torch.no_grad():
        own = torch.cat([conditioning, model.encoder(images[:, :-1])], dim=1)
        again = model.decoder(model.predict(torch.cat([own, own[:, :1]], dim=1), z)[:, 4:], background[:, None]).sigmoid()
    torch.testing.assert_close(images, again, rtol=1e-4, atol=1e-5)
