"""What codecs have in common: their sections are a recipe's, and reading one needs no torch."""

import subprocess
import sys

import pytest

from keyin_cli.model.codecs.codec import Codec
from keyin_cli.recipe import CodecSection, Model, check, model_section
from keyin_cli.registry import CODECS

NAMES = ("mlp", "conv", "layers", "components")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_the_kind_of_its_section(name: str) -> None:
    codec: Codec[CodecSection] = CODECS.get(name)
    section = codec.section(kind=name)
    assert (codec.name, section.kind) == (name, name)
    assert (codec.help, codec.order) == (CODECS.cards[name].help, CODECS.cards[name].order)
    assert codec.help
    assert type(check({"name": "x", "model": {"codec": {"kind": name}}}).model.codec) is codec.section
    with pytest.raises(ValueError, match="kind"):
        codec.section(kind="another")


def test_the_first_codec_is_the_default() -> None:
    first = CODECS.get(NAMES[0]).section()
    assert tuple(CODECS.cards) == NAMES
    assert check({"name": "x"}).model.codec == Model().codec == first


def test_the_keys_of_a_codec_come_first_in_its_section() -> None:
    """So that recipes that are written out look alike, whatever the codec."""
    for codec in CODECS.all():
        assert list(codec.section.model_fields)[:2] == ["kind", "embedding"]
    assert list(model_section().model_fields) == list(Model.model_fields)


@pytest.mark.parametrize("first", ["keyin_cli.model.codecs.conv", "keyin_cli.model.codecs.codec"])
def test_recipes_are_read_without_torch_whatever_is_imported_first(first: str) -> None:
    code = f"import sys, {first}; from keyin_cli.recipe import load; load('pushing'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
