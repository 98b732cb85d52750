"""`keyin info`: what an artifact is, what made it and from what."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keyin_cli.commands.common import Json, emit
from keyin_cli.machine import sized

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes.layout import Episodes

DRAWN = ("dataset", "episodes")


def run(
    path: Annotated[Path, typer.Argument(help="A dataset, a run or evaluation directory, a weights file or a recipe.")],
    verify: Annotated[bool, typer.Option("--verify", help="Recompute every checksum.")] = False,
    figures: Annotated[bool, typer.Option("--figures", help="Draw the dataset and write its statistics.")] = False,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where figures go; default <name>-figures beside the dataset.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what an artifact is, and what made it from what; --verify checks that it is undamaged (exit code 2 when it is not)."""
    from keyin_cli.errors import InputError

    if out and not figures:
        raise InputError("--out says where figures go: give --figures too")
    result, facts = describe(path, verify)
    if verify and result["verified"] is False:
        from keyin_cli.datasets.checking import rebuild

        again = "make it again with the command that made it, and --overwrite"  # which is data, and not for us to advise
        if result["kind"] in ("dataset", "episodes"):
            again = rebuild(path) if result["kind"] == "dataset" else "copy or import it again"
            if result["kind"] == "episodes" and isinstance(result["recipe"], dict) and "seed" in result["recipe"]:
                again = "make it again with `keyin gen-data --overwrite`"
        raise InputError(f"{path} does not match its checksums: {again}")
    if figures and result["kind"] not in DRAWN:
        raise InputError(f"--figures draws datasets, {path} is a {result['kind']}: give it a dataset, or leave --figures out")
    verified = {
        None: "not checked, see --verify" if not verify else "there are no checksums to check",
        True: "every key is valid" if path.suffix == ".yaml" else "every checksum matches",
    }
    lines = [
        f"kind        {result['kind']}",
        f"path        {result['path']} ({sized(facts.pop('bytes'))})",
        f"created by  {result['created_by'] or 'unknown'}",
        *(f"from        {name}: {value['path']} {str(value['sha256'])[:16]}" for name, value in (result["inputs"] or {}).items()),
        *(f"{key:<11} {value}" for key, value in facts.items()),
        f"verified    {verified[result['verified']]}",
    ]
    if figures:
        drawn, found = _draw(path, out)
        result |= drawn
        lines += found
    emit(result, as_json, lines)


def _draw(path: Path, out: Path | None) -> tuple[dict[str, Any], list[str]]:
    """Draw a dataset: what that adds to the printed object and lines."""
    from keyin_cli.datasets.episodes.layout import is_episodes, open_episodes
    from keyin_cli.datasets.store import open_dataset
    from keyin_cli.figures import overview

    folder = path if path.name else path.absolute()  # `.` has no name
    out = out or folder.with_name(f"{folder.stem}-figures")
    if is_episodes(path):
        sheet = overview.draw_episodes(open_episodes(path), out)
        return {"figures": [str(sheet)]}, [f"picture: {sheet}"]
    statistics, pictures = overview.draw(open_dataset(path), out)
    lines = [
        *_counted(statistics),
        f"statistics: {out / overview.STATISTICS}",
        *(f"picture: {picture}" for picture in pictures),
    ]
    return {"statistics": statistics, "figures": [str(picture) for picture in pictures]}, lines


def _counted(statistics: dict[str, Any]) -> list[str]:
    """Statistics of a dataset for a person."""
    lines = []
    if "keyframes_per_sequence" in statistics:
        apart = _extent(statistics["frames_between_keyframes"])
        lines.append(f"keyframes   {statistics['keyframes_per_sequence']:.2f} per sequence, {apart} frames apart")
    if pushing := statistics.get("pushing"):
        sides = {side: f"{100 * share:.1f} %" for side, share in pushing["sides"].items()}
        blocked, success = (f"{100 * pushing[share]:.1f} %" for share in ("straight_line_blocked", "success_rate"))
        puck, shortest = (
            f"{length['mean']:.2f} ({length['min']:.2f} to {length['max']:.2f})"
            for length in (pushing["lengths"]["puck"], pushing["lengths"]["shortest"])
        )
        lines += [
            f"pushes      {pushing['pushes_per_sequence']} per sequence, of {_extent(pushing['frames_per_push'])} frames",
            f"paths       {puck} long, the shortest possible {shortest}",
            f"wall        blocks {blocked} of straight lines; {sides['left']} pass it on the left, {sides['right']} on the right",
            f"attempts    {success} of the demonstrator's succeed",
        ]
    return lines


def _extent(histogram: list[int]) -> str:
    """The range of what was counted: [0, 0, 3, 1] -> '2 to 3'."""
    some = [str(value) for value, count in enumerate(histogram) if count]
    return " to ".join(dict.fromkeys((some[0], some[-1]))) if some else "no"


def describe(path: Path, verify: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The object that `info --json` prints, and further facts for a person.

    Raises:
        InputError: there is nothing, or nothing of ours.
    """
    from keyin_cli import storage
    from keyin_cli.datasets.episodes.layout import is_episodes
    from keyin_cli.datasets.groups.headers import OF_GROUPS
    from keyin_cli.errors import InputError
    from keyin_cli.methods import checkpoints

    if not path.exists():
        raise InputError(f"nothing at {path}: `keyin recipes list` shows what can be made")
    if path.suffix == ".yaml":
        kind = _recipe(path)
    elif any((path / name).is_file() for name in OF_GROUPS):
        kind = _episodes(path, verify) if is_episodes(path) else _dataset(path, verify)
    elif (path / storage.MANIFEST).is_file():
        kind = _run(path, verify)
    else:
        kind = _weights(checkpoints.find_weights(path), verify)
    result, facts = kind
    return {"path": str(path), **result}, {"bytes": storage.size(path), **facts}


def _result(kind: str, recipe: Any, inputs: Any, created_by: str | None, verified: bool | None) -> dict[str, Any]:
    return {"kind": kind, "recipe": recipe, "inputs": inputs, "created_by": created_by, "verified": verified}


def _recipe(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    from keyin_cli import recipe

    resolved = recipe.load(path)
    return _result("recipe", resolved.model_dump(mode="json"), None, None, True), {"about": recipe.about(path)}


def _dataset(path: Path, verify: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    from keyin_cli.datasets.sequences import SPLITS
    from keyin_cli.datasets.store import open_dataset

    dataset = open_dataset(path)
    facts = {
        "sequences": f"{dataset.n:,} of {dataset.frames} frames {'x'.join(map(str, dataset.image))}",
        "splits": ", ".join(f"{split} {len(dataset.indices(split)):,}" for split in SPLITS),
        "labels": "yes" if dataset.labelled else "no",
        "sha256": dataset.sha256,
    }
    attributes = dataset.attributes
    verified = _verified(dataset.verify(), len(attributes.get("shards", []))) if verify else None
    return _result("dataset", attributes.get("recipe"), None, _command(attributes), verified), facts


def _episodes(path: Path, verify: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    from keyin_cli.datasets.episodes.layout import open_episodes
    from keyin_cli.datasets.sequences import SPLITS
    from keyin_cli.errors import shown

    episodes = open_episodes(path)
    attributes, lengths, splits = episodes.attributes, episodes.lengths, episodes.splits
    counts = [episodes.n] * len(SPLITS) if splits is None else [int((splits == place).sum()) for place in range(len(SPLITS))]
    signals = ", ".join(f"{name} ({size})" for name, size in episodes.signals.items())
    facts = {
        "source": f"{shown(attributes.get('source', 'unknown'))} ({shown(attributes.get('format', 'made elsewhere'))})",
        "episodes": f"{episodes.n:,} of {lengths.min():,} to {lengths.max():,} frames {'x'.join(map(str, episodes.image))}",
        "rate": f"{episodes.fps:g} frames a second",
        "signals": shown(signals or "none"),
        "splits": ", ".join(f"{split} {count:,}" for split, count in zip(SPLITS, counts, strict=True)),
        "labels": _labels(episodes),
        "sha256": shown(episodes.sha256),
    }
    verified = _verified(episodes.verify(), len(episodes.records)) if verify else None
    made_from = attributes.get("settings", attributes.get("recipe"))
    return _result("episodes", made_from, None, _command(attributes), verified), facts


def _labels(episodes: Episodes) -> str:
    """Whether there are any, and how many events are known by name."""
    events = sum(len(record.get("events", [])) for record in episodes.records)
    return ("yes" + (f", {events:,} events" if events else "")) if episodes.labelled else "no"


def _command(attributes: dict[str, Any]) -> str | None:
    """The command that made a dataset; None where that is not said."""
    from keyin_cli.errors import shown

    manifest = attributes.get("manifest")
    return shown(manifest["command"]) if isinstance(manifest, dict) and "command" in manifest else None


def _verified(parts: Iterator[bool], count: int) -> bool | None:
    """Whether every part of a dataset is whole; None where there are no checksums."""
    from keyin_cli.progress import track

    whole = True
    with track("verifying", count) as advance:
        for part in parts:
            whole = whole and part
            advance()
    return whole if count else None


def _run(path: Path, verify: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    from keyin_cli import storage

    manifest = storage.read_manifest(path)
    verified = None
    if verify and "weights_sha256" in manifest:
        from keyin_cli.training.loop import verify_weights

        verified = verify_weights(path)
    facts = {
        "created": manifest["created"],
        "code": manifest["git"],
        "state": "finished" if "finished" in manifest or manifest["kind"] == "evaluation" else "unfinished",
        "memory": f"{sized(manifest['peak_memory_bytes'])} at most" if "peak_memory_bytes" in manifest else "unknown",
    }
    if "seconds" in manifest:
        steps = f" for {manifest['steps']:,} steps" if "steps" in manifest else ""
        facts["time"] = f"{manifest['seconds']:.0f} s{steps}"
    kind = f"{manifest['kind']} {manifest.get('stage', '')}".strip()
    return _result(kind, manifest["recipe"], manifest["inputs"], manifest["command"], verified), facts


def _weights(path: Path, verify: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    from keyin_cli import storage
    from keyin_cli.model.weights import read_header

    if (path.parent / storage.MANIFEST).is_file():
        return _run(path.parent, verify)
    kinds, metadata = read_header(path)
    facts = {"parameters": f"{sum(math.prod(kind.shape) for kind in kinds.values()):,}"}
    return _result(f"weights {metadata['stage']}", metadata["recipe"], None, None, None), facts
