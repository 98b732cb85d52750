"""An image like cut paper: layers of one colour each on a background, so that what stands still need not be encoded."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from keyin_cli.model.layers import DecoderBody, mlp

SHARPNESS, HIDDEN, VIVIDNESS = 4.0, 2.0, 3.0  # scale of visibility, how far behind the background layers start; scale of colours
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


class LayeredImage(DecoderBody):
    """Draws K layers of one colour each on a background.

    How visible layer k is at a pixel is the softmax, over all layers and the background, of a sum of what it says of the pixel's
    row and of its column. A sum of two parabolas is cut off along a circle, so a small disc anywhere is easy to say.
    """

    def __init__(self, embedding: int, hidden: Sequence[int], layers: int, image: tuple[int, int, int]) -> None:
        """`hidden`: sizes of the fully connected layers between the embedding and the parts of the `layers`, K."""
        super().__init__()
        self.image, self.layers = image, layers
        self.parts = mlp([embedding, *hidden, layers * sum(image)])

    def forward(self, embeddings: Tensor, background: Tensor) -> Tensor:
        """Embeddings (B,E), logits of backgrounds (B,H,W,C) -> logits of pixels (B,H,W,C)."""
        parts = self.parts(embeddings).unflatten(-1, (self.layers, -1))
        rows, columns, colours = parts.split(self.image, dim=-1)
        visible = (SHARPNESS * (rows[..., :, None] + columns[..., None, :]) - HIDDEN).flatten(2)  # (B,K,HW); the background: 0
        most = visible.detach().amax(1, keepdim=True).clamp_min(0)
        shown, rest = (visible - most).exp(), (-most).exp()  # the softmax, written out: its parts are never copied together
        behind = rest * background.flatten(1, 2).transpose(1, 2)
        drawn = torch.baddbmm(behind, VIVIDNESS * colours.transpose(1, 2), shown) / (rest + shown.sum(1, keepdim=True))
        return drawn.transpose(1, 2).reshape(background.shape)

    @torch.no_grad()
    def start_in(self, colour: Tensor) -> None:
        """Make the untrained layers faint blobs of a colour (C,), in logits, scattered over the image.

        Where they cover the background in that colour they do little harm, so they are not hidden for good.
        """
        bias = self.parts[-1].bias
        assert isinstance(bias, Tensor)
        blobs = [0.25 - ((torch.arange(side) - place * side) / (side / 3)).square() for side, place in self.places()]
        bias.copy_(torch.cat([*blobs, (colour / VIVIDNESS).expand(self.layers, -1)], dim=1).flatten())

    def places(self) -> list[tuple[int, Tensor]]:
        """Sides of the image and where along each of them the blobs lie (K,1), as a share: spread evenly, along a spiral."""
        turn = torch.arange(self.layers)[:, None] * GOLDEN_ANGLE
        radius = 0.35 * ((torch.arange(self.layers)[:, None] + 0.5) / self.layers).sqrt()
        return [(self.image[0], 0.5 + radius * turn.sin()), (self.image[1], 0.5 + radius * turn.cos())]
