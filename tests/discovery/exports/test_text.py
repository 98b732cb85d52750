"""Names of others: what cannot be written is replaced, all else stays."""

from hypothesis import given
from hypothesis import strategies as st

from keyin_cli.discovery.exports.text import one_line, plain

ANY = st.text(st.characters(codec=None, exclude_categories=()))


@given(ANY)
def test_every_text_can_be_written(text: str) -> None:
    assert "\0" not in plain(text)
    assert len(plain(text)) == len(text)
    assert len(f"x{one_line(text)}".splitlines()) == 1
    plain(text).encode()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_what_can_be_written_stays(text: str) -> None:
    assert plain(text) == text


def test_what_stands_for_what() -> None:
    assert plain("a\0b\ud800c\udfff") == "a�b�c�"
    assert one_line(" a\r\n\tb\u2028c ") == "a b c"
