import torch

from keyin_cli.model.layered_image import VIVIDNESS, LayeredImage


def draw(rows: torch.Tensor, columns: torch.Tensor, colours: torch.Tensor, background: torch.Tensor) -> torch.Tensor:
    """Pixels (H,W,C) that layers draw whose parts are given: (K,H), (K,W), logits (K,C)."""
    height, width, channels = background.shape
    drawing = LayeredImage(8, [16], len(rows), (height, width, channels))
    parts = torch.cat([rows, columns, colours / VIVIDNESS], dim=1).flatten()
    drawing.parts = torch.nn.Sequential(torch.nn.Linear(1, len(parts)))
    torch.nn.init.zeros_(drawing.parts[0].weight)
    drawing.parts[0].bias.data.copy_(parts)
    return drawing(torch.zeros(1, 1), torch.logit(background)[None])[0].sigmoid()


def test_two_parabolas_are_a_disc() -> None:
    """Red where (y - 5)² + (x - 9)² < 3.5², the background elsewhere."""
    background = torch.rand(12, 16, 3) * 0.5 + 0.25
    rows, columns = (5.0**2 - (torch.arange(side) - place).square() for side, place in ((12, 5), (16, 9)))
    drawn = draw(100 * (rows - 25 + 3.5**2)[None], 100 * (columns - 25)[None], torch.tensor([[8.0, -8, -8]]), background)
    inside = (torch.arange(12)[:, None] - 5).square() + (torch.arange(16) - 9).square() < 3.5**2
    red = torch.tensor([8.0, -8, -8]).sigmoid()
    torch.testing.assert_close(drawn, torch.where(inside[..., None], red, background), rtol=1e-4, atol=1e-5)


def test_hidden_layers_show_the_background_and_the_most_visible_one_lies_on_top() -> None:
    background, low, high = torch.rand(4, 8, 3) * 0.5 + 0.25, torch.full((1, 4), -50.0), torch.full((1, 4), 50.0)
    nothing, colours = torch.zeros(2, 8), torch.tensor([[3.0, -3, -3], [-3, -3, 3]])
    torch.testing.assert_close(draw(torch.cat([low, low]), nothing, colours, background), background)
    drawn = draw(torch.cat([high, 2 * high]), nothing, colours, background)
    torch.testing.assert_close(drawn, colours[1].sigmoid().expand(4, 8, 3))


def test_layers_start_as_blobs_of_one_colour_at_places_of_their_own() -> None:
    """Where no background is left to be seen, the picture has that colour; each layer is most visible where its blob lies."""
    drawing, colour = LayeredImage(8, [16], 3, (12, 16, 3)), torch.tensor([1.0, -2, 0.5])
    drawing.start_in(colour)
    bias = drawing.parts[-1].bias.detach().unflatten(0, (3, -1))
    rows, columns, colours = bias.split((12, 16, 3), dim=-1)
    torch.testing.assert_close(VIVIDNESS * colours, colour.expand(3, 3))
    places = torch.stack([rows.argmax(-1), columns.argmax(-1)], dim=-1)
    assert len(torch.unique(places, dim=0)) == 3
    assert (places > 0).all()
    assert (places < torch.tensor([11, 15])).all()
