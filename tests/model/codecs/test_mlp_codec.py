import torch
from torch import nn

from keyin_cli.model.codecs.mlp import MlpCodec, decoder, encoder
from keyin_cli.recipe.data import Frame


def test_the_decoder_mirrors_the_encoder() -> None:
    section = MlpCodec(embedding=8, hidden=[16, 12])
    sizes = [
        [module.in_features for module in body.modules() if isinstance(module, nn.Linear)]
        for body in (encoder(section, Frame(4, 6, 3)), decoder(section, Frame(4, 6, 3)))
    ]
    assert sizes == [[72, 16, 12], [8, 12, 16]]


def test_any_image_fits() -> None:
    section = MlpCodec(embedding=8)
    assert section.problems(Frame(7, 5, 2)) == []
    assert encoder(section, Frame(7, 5, 2))(torch.rand(3, 7, 5, 2)).shape == (3, 8)
    assert decoder(section, Frame(7, 5, 2))(torch.rand(3, 8)).shape == (3, 70)
