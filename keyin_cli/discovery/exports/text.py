"""Names that others chose, as text that can be written."""

from __future__ import annotations

UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def plain(text: str) -> str:
    """Text without NUL, which databases and spreadsheets refuse, and without lone surrogates, which UTF-8 has not; U+FFFD
    stands for them."""
    return "".join(UNKNOWN if letter == "\0" or "\ud800" <= letter <= "\udfff" else letter for letter in text)


def one_line(text: str) -> str:
    """Plain text in which single spaces stand for line breaks and other white space."""
    return " ".join(plain(text).split())
