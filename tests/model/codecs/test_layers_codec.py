import torch

from keyin_cli.model.codecs.layers import LayersCodec, decoder, encoder
from keyin_cli.recipe.data import Frame

SECTION = LayersCodec(kind="layers", embedding=8, patch=4, channels=6, hidden=[16, 12], layers=3)


def test_the_encoder_looks_at_whole_patches() -> None:
    *cut, shared = list(encoder(SECTION, Frame(8, 16, 3)))[:5]
    image = torch.rand(1, 8, 16, 3)
    patches = torch.nn.Sequential(*cut)(image)
    torch.testing.assert_close(patches[0, 1, 2], image[0, 4:8, 8:12].flatten())
    assert shared.in_features == 4 * 4 * 3


def test_the_decoder_draws_layers_of_the_image() -> None:
    body = decoder(SECTION, Frame(8, 16, 3))
    sizes = [module.out_features for module in body.modules() if isinstance(module, torch.nn.Linear)]
    assert sizes == [12, 16, 3 * (8 + 16 + 3)]
    assert body(torch.rand(2, 8), torch.zeros(2, 8, 16, 3)).shape == (2, 8, 16, 3)


def test_sides_must_be_multiples_of_a_patch() -> None:
    assert SECTION.problems(Frame(8, 16, 3)) == []
    assert (
        SECTION.problems(Frame(8, 18, 3)) == SECTION.problems(Frame(6, 16, 3)) == ["patch: image sides are not multiples of 4 px"]
    )
