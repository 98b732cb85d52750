import os
import threading
from pathlib import Path

import pytest

from keyin_cli import storage
from keyin_cli.errors import InputError

DEEP = "[" * 60 + "]" * 60


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1,]",
        "\x00",
        "9" * 5000,
        "[9223372036854775808]",
        "-" + "9" * 30,
        "[" * 100_000,
        DEEP,
        '{"a":' * 51 + "1" + "}" * 51,
    ],
)
def test_json_that_no_file_of_ours_has(text: str, tmp_path: Path) -> None:
    for each in (text, text.encode()):
        with pytest.raises(ValueError, match=r"^(?!.*recursion)"):
            storage.parsed(each)
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=r"x.json is damaged: run the command that made it again with --overwrite"):
        storage.read_json(tmp_path / "x.json")
    (tmp_path / "x.jsonl").write_text(f"{text}\n{{}}\n")
    with pytest.raises(InputError, match="line 1 is damaged"):
        storage.read_lines(tmp_path / "x.jsonl")


@pytest.mark.parametrize("tree", [2**63 - 1, -(2**63), 1.5, {"a": [[{}]]}, "ä\u2028", None])
def test_other_json_is_what_it_says(tree: object, tmp_path: Path) -> None:
    storage.write_json(tmp_path / "x.json", tree)
    assert storage.read_json(tmp_path / "x.json") == tree


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "zero").symlink_to("/dev/zero")
    found: list[str] = []

    def read() -> None:
        for name in ("pipe", "zero", "loop", ".", "n" * 300, "a\0b"):
            with pytest.raises(InputError) as error:
                storage.read_json(tmp_path / name)
            found.append(str(error.value))

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    reading.join(10)
    assert len(found) == 6
    assert all("is no file" in line or "cannot be read" in line for line in found)


def test_a_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(InputError, match="expected at most"):
        storage.read_json(tmp_path / "large.json")
