"""All samples of all tasks in one batch are what the model says of each alone."""

import torch
from small_pushing import RECIPE, SIZE, model

from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.svg import Svg
from keyin_cli.model.tap import Tap
from keyin_cli.planning.imagination import bottlenecks, imagine, imagine_frames, surprises

IMAGES = torch.rand(2, 1, SIZE, SIZE, 3, generator=torch.Generator().manual_seed(0))


def test_keyframes_of_samples_are_those_of_each_alone() -> None:
    keyin = model("keyin")
    assert isinstance(keyin, KeyIn)
    z = torch.randn(2, 3, 6, 3)
    images = imagine(keyin, IMAGES, z)
    assert images.shape == (2, 3, 6, SIZE, SIZE, 3)
    assert images.dtype == torch.float32
    assert 0 <= images.min() < images.max() <= 1
    with torch.no_grad():
        for task, sample in ((0, 2), (1, 0)):
            embeddings = keyin.foundation.encoder(IMAGES[task : task + 1])
            keyframes = keyin.keyframes(embeddings, z=z[task, sample : sample + 1]).embeddings
            drawn = keyin.foundation.decoder(keyframes, IMAGES[task, -1])[0].sigmoid()
            torch.testing.assert_close(images[task, sample], drawn)
    torch.testing.assert_close(imagine(keyin, IMAGES, z, last_only=True), images[:, :, -1:])


def test_frames_of_samples_and_their_surprise() -> None:
    svg = model("surprise")
    assert isinstance(svg, Svg)
    z = torch.randn(2, 3, RECIPE.window.predicted, 3)
    images = imagine_frames(svg, IMAGES, z)
    assert images.shape == (2, 3, 30, SIZE, SIZE, 3)
    with torch.no_grad():
        torch.testing.assert_close(images[1, 2], svg.generate(svg.encoder(IMAGES[1:]), IMAGES[1:, -1], z[1, 2:])[0])
    scores = surprises(svg, torch.cat([IMAGES, images[:, 0]], dim=1))
    assert scores.shape == (2, 30)
    assert (scores >= 0).all()


def test_a_bottleneck_is_an_image() -> None:
    tap = model("tap")
    assert isinstance(tap, Tap)
    image = bottlenecks(tap, IMAGES[:, 0], IMAGES.flip(0)[:, 0])
    assert image.shape == (2, SIZE, SIZE, 3)
    assert 0 <= image.min() < image.max() <= 1
    assert not torch.allclose(image[0], image[1])
