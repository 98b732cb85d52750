"""YAML that two readers would understand differently is refused, and what would never end."""

from pathlib import Path

import pytest
import yaml

from keyin_cli.errors import InputError
from keyin_cli.recipe import plain

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join(['*' + each] * 10)}]\n" for each, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1.5e3", 1500.0),
        (".5", 0.5),
        ("-7", -7),
        ("50_000", 50_000),
        ("0x10", 16),
        ("1:30", "1:30"),
        ("2020-01-01", "2020-01-01"),
        ("'017'", "017"),
        ("0", 0),
        ("0.5", 0.5),
        ("true", True),
        ("null", None),
        ("", None),
        ("[1, {a: b}]", [1, {"a": "b"}]),
        ("{a: &x [1], b: *x}", {"a": [1], "b": [1]}),
        ("{a: &x {c: 1, d: 2}, b: {<<: *x, d: 3}}", {"a": {"c": 1, "d": 2}, "b": {"c": 1, "d": 3}}),
    ],
)
def test_what_is_read(text: str, value: object) -> None:
    found = plain.read(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: 1\nb: 2\na: 3\n", "the key a stands twice, in lines 1 and 3"),
        ("a: {b: 1, b: 1}", "the key b stands twice"),
        ("seed: 017", "017 is octal to some and decimal to others: write 17"),
        ("seed: 00", "write 0"),
        ("&a {b: *a}", "contains itself"),
        ("&a [*a]", "contains itself"),
        (BOMB[: BOMB.index("f:")], "more than 20,000 values"),  # would end
        (BOMB, "more than 20,000 values"),
        ("[" * 31 + "]" * 31, "deeper than 30 levels"),
        ("[" * 100_000, "deeper than 30 levels"),
        ("!!python/object/apply:os.system [true]", "the tag"),
        ("!!binary aGVsbG8=", "the tag"),
        ("{? [1] : 2}", "a key is no word"),
        ("{1: 2}", "a key is no word"),
        ("9" * 5000, "a number of 5,000 digits"),
        ('"\\UFFFFFFFF"', ""),
        ("a: *b", "undefined alias"),
        ("--- 1\n--- 2", "single document"),
    ],
)
def test_what_is_refused(text: str, part: str) -> None:
    with pytest.raises(plain.Unreadable) as refused:
        plain.read(text)
    assert part in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_bytes(b"#" * (plain.LARGEST + 1))
    with pytest.raises(InputError, match="larger than 256 kB"):
        plain.read_file(tmp_path / "large.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        plain.read_file(tmp_path)


@pytest.mark.parametrize("word", ["017", "1e5", "1:30", "yes", "2020-01-01", "0x1f", "null", ".inf", "é", "a: b", ""])
def test_words_stay_words_for_every_reader(word: str) -> None:
    text = plain.write({"a": word, word: [1e-5, 3, True]})
    assert plain.read(text) == yaml.safe_load(text) == {"a": word, word: [1e-5, 3, True]}
