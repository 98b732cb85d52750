"""Label Studio: tasks that fit the labelling interface beside them."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from keyin_cli.discovery.exports import FORMATS
from keyin_cli.discovery.exports.label_studio import CONFIG, tasks, video
from keyin_cli.discovery.found import Found, FoundEpisode

TIMED = FoundEpisode(episode=3, name="cup", frames=118, keyframes=[0, 60], times=[0.0, 2.0], probability=[0.5, 1.0])
BY_HAND = FoundEpisode(episode=4, name="by hand", keyframes=[7])
FOUND = Found(source="videos", method="search", fps=10.0, episodes=[TIMED, BY_HAND])


def test_a_task_for_each_episode() -> None:
    timed, by_hand = tasks(FOUND)
    assert timed["data"] == {"video": "videos/cup", "fps": 30.0, "episode": 3, "name": "cup"}
    (prediction,) = timed["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("keyin search", 0.75)
    assert prediction["result"][1] == {
        "id": "3-60",
        "from_name": "keyframes",
        "to_name": "video",
        "type": "timelinelabels",
        "value": {"ranges": [{"start": 61, "end": 61}], "timelinelabels": ["Keyframe"]},
        "score": 1.0,
    }
    assert prediction["result"][0]["value"]["ranges"] == [{"start": 1, "end": 1}]  # frames count from 1 there
    assert list(by_hand["predictions"][0]) == ["model_version", "result"]  # nobody said a score
    assert by_hand["predictions"][0]["result"][0]["value"]["ranges"] == [{"start": 8, "end": 8}]


def test_an_episode_without_keyframes_has_an_empty_prediction() -> None:
    (task,) = tasks(Found(episodes=[FoundEpisode(episode=0, frames=9, keyframes=[])]))
    assert task["predictions"] == [{"model_version": "keyin", "result": []}]
    assert task["data"] == {"video": "", "fps": 10.0, "episode": 0, "name": ""}


def test_the_interface_has_what_tasks_refer_to() -> None:
    view = ElementTree.fromstring(CONFIG)
    player, timeline = view
    assert (player.tag, timeline.tag) == ("Video", "TimelineLabels")
    (task, _) = tasks(FOUND)
    for attribute in ("value", "frameRate"):
        assert player.attrib[attribute].removeprefix("$") in task["data"]
    for region in task["predictions"][0]["result"]:
        assert region["from_name"] == timeline.attrib["name"]
        assert region["to_name"] == player.attrib["name"] == timeline.attrib["toName"]
        assert region["value"]["timelinelabels"] == [timeline[0].attrib["value"]]
        assert region["type"] == timeline.tag.lower()


def test_no_two_have_the_same_id() -> None:
    regions = [region["id"] for task in tasks(FOUND) for region in task["predictions"][0]["result"]]
    assert len(set(regions)) == len(regions) == 3


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("a/cup.MP4", "cup", "a/cup.MP4"),
        ("videos/", "2024/cup", "videos/2024/cup"),
        ("", "cup", "cup"),
        ("demos.hdf5", "", "demos.hdf5"),
        ("x", "a\0b\ud800", "x/a\ufffdb\ufffd"),
    ],
)
def test_paths_of_videos(source: str, name: str, expected: str) -> None:
    assert video(source, name) == expected


def test_the_suffix_is_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "cup.mov").touch()
    assert video(str(tmp_path), "cup") == f"{tmp_path}/cup.mov"
    assert video(str(tmp_path), "x" * 5000) == f"{tmp_path}/{'x' * 5000}"


@pytest.mark.parametrize("name", ['"x"', "a\nb", "<script>", "a\0b", "\ud800", "../../etc/passwd"])
def test_hostile_names(name: str, tmp_path: Path) -> None:
    hostile = Found(source=name, method=name, episodes=[FoundEpisode(episode=0, name=name, keyframes=[1])])
    FORMATS["label-studio"].write(hostile, tmp_path, None)
    (task,) = json.loads((tmp_path / "tasks.json").read_text())
    expected = name.replace("\0", "�").replace("\ud800", "�")
    assert task["data"]["name"] == expected
    assert task["predictions"][0]["model_version"] == f"keyin {expected}"
    assert (tmp_path / "config.xml").read_text() == CONFIG
