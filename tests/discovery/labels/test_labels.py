"""Labels of people: what was exported comes back the same, edits count, and what holds none is one line."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyin_cli.discovery import labels
from keyin_cli.discovery.exports import FORMATS, Inputs
from keyin_cli.discovery.exports.label_studio import tasks
from keyin_cli.discovery.found import Found, FoundEpisode, write
from keyin_cli.discovery.labels import READERS, read
from keyin_cli.errors import InputError

LISTED = st.dictionaries(st.integers(0, 50), st.lists(st.integers(0, 10**6), unique=True).map(sorted))


def of(listed: dict[int, list[int]], name: str = "") -> Found:
    return Found(episodes=[FoundEpisode(episode=number, name=name, keyframes=at) for number, at in listed.items()])


def annotated(found: Found) -> list[dict[str, Any]]:
    """What Label Studio exports when every prediction was submitted as it was."""
    exported = json.loads(json.dumps(tasks(found)))
    for number, task in enumerate(exported):
        (prediction,) = task["predictions"]
        result = [{**region, "origin": "prediction"} for region in prediction["result"]]
        annotation = {"id": number, "completed_by": 1, "result": result, "was_cancelled": False, "ground_truth": False}
        task |= {"id": number, "annotations": [annotation], "predictions": [7], "meta": {}, "project": 1}
    return exported


@given(LISTED, st.text())
def test_what_was_written_comes_back(tmp_path_factory: pytest.TempPathFactory, listed: dict[int, list[int]], name: str) -> None:
    path, found = tmp_path_factory.mktemp("labels"), of(listed, name)
    write(path / "k.json", found)
    assert read(path / "k.json").keyframes == listed
    FORMATS["csv"].write(found, path, Inputs())
    assert read(path / "keyframes.csv").keyframes == {number: at for number, at in listed.items() if at}  # a row for each
    (path / "tasks.json").write_text(json.dumps(annotated(found)))
    assert read(path / "tasks.json").keyframes == listed


def test_the_checksum_is_that_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "a.json", of({0: [1]}))
    write(tmp_path / "b.json", of({0: [2]}))
    assert read(tmp_path / "a.json").sha256 != read(tmp_path / "b.json").sha256


@pytest.mark.parametrize(
    "text",
    [
        "episode,keyframe\n3,40\n3,12\n3,12\n4,\n",
        "\ufeffname;keyframe;episode;seconds\r\n'=x;12;3;1,2\r\n;40.0;3;\r\n;;4;\r\n;;;\r\n",
        'episode\tname\tkeyframe\n 3 \t"a\nb"\t40\n3\t\t12.\n4\t\t\n',
    ],
)
def test_tables_of_spreadsheets(text: str, tmp_path: Path) -> None:
    (tmp_path / "k.CSV").write_bytes(text.encode())
    assert read(tmp_path / "k.CSV").keyframes == {3: [12, 40], 4: []}


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (
            "episode,keyframe,event\n3,40,let go\n3,12, grasp \n4,,nothing\n4,7,\n3,40,release\n",
            {3: {40: "release", 12: "grasp"}},
        ),
        ("event;keyframe;episode\n'=x;12;3\n", {3: {12: "'=x"}}),
        ("episode,name,keyframe\n3,a film,12\n", {}),  # the name of the episode, as it is exported
        ("episode,keyframe,event\n3,12\n", {}),
    ],
)
def test_what_happens_may_be_said(text: str, events: dict[int, dict[int, str]], tmp_path: Path) -> None:
    (tmp_path / "k.csv").write_text(text)
    assert read(tmp_path / "k.csv").events == events


def test_other_formats_do_not_say_what_happens(tmp_path: Path) -> None:
    write(tmp_path / "k.json", of({0: [1]}))
    assert read(tmp_path / "k.json").events == {}


def studio(path: Path, exported: Any) -> dict[int, list[int]]:
    (path / "x.json").write_text(json.dumps(exported))
    return dict(read(path / "x.json").keyframes)


def test_what_people_do_in_label_studio(tmp_path: Path) -> None:
    exported = annotated(of({3: [0, 60], 4: [7], 5: [1], 6: [2]}))
    by_hand = {"value": {"ranges": [{"start": 31, "end": 31}], "timelinelabels": ["Keyframe"]}, "from_name": "keyframes"}
    other = {"value": {"choices": ["good"]}, "from_name": "quality", "type": "choices"}
    relation = {"from_id": "a", "to_id": "b", "type": "relation", "direction": "right"}
    exported[0]["annotations"][0]["result"] += [{**by_hand, "to_name": "video", "type": "timelinelabels"}, other, relation]
    exported[1]["annotations"] = []  # only predicted: nobody has looked at it
    exported[2]["annotations"][0]["was_cancelled"] = True  # skipped
    exported[3]["annotations"].append(copy.deepcopy(exported[3]["annotations"][0]))
    exported[3]["annotations"][1] |= {"result": [], "ground_truth": True}
    assert studio(tmp_path, exported) == {3: [0, 30, 60], 6: []}


def test_what_is_not_clear_in_label_studio(tmp_path: Path) -> None:
    twice = annotated(of({3: [1]})) * 2
    with pytest.raises(InputError, match=r"x.json has two tasks of episode 3: delete one"):
        studio(tmp_path, twice)
    several = annotated(of({3: [1]}))
    several[0]["annotations"] *= 2
    with pytest.raises(InputError, match="episode 3 has 2 annotations: mark one as ground truth, or delete the others"):
        studio(tmp_path, several)
    long = annotated(of({3: [1]}))
    long[0]["annotations"][0]["result"][0]["value"]["ranges"] = [{"start": 5, "end": 9}]
    with pytest.raises(InputError, match="episode 3 has a range from frame 5 to 9, a keyframe is one frame: make it that short"):
        studio(tmp_path, long)


@pytest.mark.parametrize(
    "exported",
    [
        [3],
        [{"data": {}}],
        [{"data": {"episode": "3"}, "annotations": []}],
        [{"data": {"episode": -1}, "annotations": []}],
        [{"data": {"episode": True}, "annotations": []}],
        [{"data": {"episode": 3}}],
        [{"data": {"episode": 3}, "annotations": [{"result": None}]}],
        [{"data": {"episode": 3}, "annotations": [{"result": [{"from_name": "keyframes"}]}]}],
        [
            {
                "data": {"episode": 3},
                "annotations": [{"result": [{"from_name": "keyframes", "value": {"ranges": [{"start": 0, "end": 0}]}}]}],
            }
        ],
        [{"video": "x", "episode": 3, "keyframes": []}],  # JSON-MIN
        [[]],
    ],
)
def test_what_label_studio_does_not_export(exported: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x.json is not what was expected: tasks of `keyin export --to label-studio`, exported"):
        studio(tmp_path, exported)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("x.csv", b"", "x.csv has no column episode: its first line has to be episode,keyframe"),
        ("x.csv", b"episode,frame\n1,2\n", "x.csv has no column keyframe"),
        ("x.csv", b"episode,keyframe\n1,2\n1,x\n", "x.csv, line 3: keyframe is 'x', expected a number from 0: correct it"),
        ("x.csv", b"episode,keyframe\n,2\n", "x.csv, line 2: episode is '', expected a number"),
        ("x.csv", b"episode,keyframe\n1\n-1,2\n", "x.csv, line 3: episode is '-1', expected a number"),
        ("x.csv", b"episode,keyframe\n1,2.5\n", "keyframe is '2.5'"),
        ("x.csv", b"episode,keyframe\n1,9999999999\n", "keyframe is '9999999999'"),
        ("x.csv", "episode,keyframe\n1,²\n".encode(), r"keyframe is '\\xb2'"),
        ("x.csv", b"episode,keyframe\n1," + b"2" * 200_000 + b"\n", "x.csv, line .*, is no CSV"),
        ("x.csv", b"\xff\xfe\x00", r"x.csv holds no labels \(it is no text\): give a file, csv \(a table"),
        ("x.json", b"", "x.json holds no labels: give a file, csv"),
        ("x.json", b"{", "x.json is no JSON that can be read: export it again"),
        ("x.json", b"[" * 100_000, "x.json is no JSON that can be read"),
        ("x.json", b"[" + b"9" * 5000 + b"]", "x.json is no JSON that can be read"),
        ("x.json", b"{}", "x.json holds no keyframes: episodes: Field required"),
        ("x.json", b'{"episodes": [{"episode": 0, "keyframes": [2, 1]}]}', "keyframes do not increase"),
    ],
)
def test_what_holds_no_labels(name: str, content: bytes, line: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=line) as raised:
        read(tmp_path / name)
    assert len(str(raised.value).splitlines()) == 1


def test_no_file_and_one_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match=r"no labels at .*: give a file, csv"):
            read(path)
    monkeypatch.setattr(labels, "LARGEST", 10)
    write(tmp_path / "k.json", of({0: [1]}))
    with pytest.raises(InputError, match=r"k.json holds no labels .it has more than 10 bytes"):
        read(tmp_path / "k.json")


def test_every_format_is_explained() -> None:
    assert all(reader.help for reader in READERS.values())
