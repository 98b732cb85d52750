"""`keyin info`: what an artifact is, what made it and from what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keyin_cli.commands.common import Json, bytes_text, emit


def run(
    path: Annotated[Path, typer.Argument(help="A dataset, a run or evaluation directory, a weights file or a recipe.")],
    verify: Annotated[bool, typer.Option("--verify", help="Recompute every checksum.")] = False,
    as_json: Json = False,
) -> None:
    """Say what an artifact is, made by what and from what; --verify checks that it is whole (exit code 2 when it is not)."""
    from keyin_cli.errors import InputError

    result, facts = describe(path, verify)
    if verify and result["verified"] is False:
        from keyin_cli.data.store import rebuild

        again = rebuild(path) if result["kind"] == "dataset" else f"run `{result['created_by']} --overwrite`"
        raise InputError(f"{path} does not match its checksums: {again}")
    verified = {
        None: "not checked, see --verify" if not verify else "there are no checksums to check",
        True: "every checksum matches",
    }
    lines = [
        f"kind        {result['kind']}",
        f"path        {result['path']} ({bytes_text(facts.pop('bytes'))})",
        f"created by  {result['created_by'] or 'unknown'}",
        *(f"from        {name}: {value['path']} {str(value['sha256'])[:16]}" for name, value in (result["inputs"] or {}).items()),
        *(f"{key:<11} {value}" for key, value in facts.items()),
        f"verified    {verified[result['verified']]}",
    ]
    emit(result, as_json, lines)


def describe(path: Path, verify: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The object that `info --json` prints, and further facts for a person.

    Raises:
        InputError: there is nothing, or nothing of ours.
    """
    from keyin_cli import artifacts
    from keyin_cli.errors import InputError

    if not path.exists():
        raise InputError(f"nothing at {path}: `keyin recipes list` shows what can be made")
    if path.suffix == ".yaml":
        kind = _recipe(path)
    elif (path / "zarr.json").is_file():
        kind = _dataset(path, verify)
    elif (path / artifacts.MANIFEST).is_file():
        kind = _run(path, verify)
    else:
        kind = _weights(artifacts.find_weights(path), verify)
    result, facts = kind
    return {"path": str(path), **result}, {"bytes": artifacts.size(path), **facts}


def _result(kind: str, recipe: Any, inputs: Any, created_by: str | None, verified: bool | None) -> dict[str, Any]:
    return {"kind": kind, "recipe": recipe, "inputs": inputs, "created_by": created_by, "verified": verified}


def _recipe(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    from keyin_cli import recipe

    resolved = recipe.load(path)
    return _result("recipe", resolved.model_dump(mode="json"), None, None, True), {"about": recipe.about(path)}


def _dataset(path: Path, verify: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    from keyin_cli.data.store import SPLITS, open_dataset
    from keyin_cli.progress import track

    dataset = open_dataset(path)
    attributes = dataset.attributes
    shards = len(attributes.get("shards", []))
    verified = None
    if verify and shards:
        verified = True
        with track("verifying", shards) as advance:
            for whole in dataset.verify():
                verified = verified and whole
                advance()
    facts = {
        "sequences": f"{dataset.n:,} of {dataset.frames} frames {'x'.join(map(str, dataset.image))}",
        "splits": ", ".join(f"{split} {len(dataset.indices(split)):,}" for split in SPLITS),
        "labels": "yes" if dataset.labelled else "no",
        "sha256": dataset.sha256,
    }
    command = attributes.get("manifest", {}).get("command")
    return _result("dataset", attributes.get("recipe"), None, command, verified), facts


def _run(path: Path, verify: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    from keyin_cli import artifacts

    manifest = artifacts.read_manifest(path)
    verified = None
    if verify and "weights_sha256" in manifest:
        from keyin_cli.training.loop import verify_weights

        verified = verify_weights(path)
    facts = {
        "created": manifest["created"],
        "code": manifest["git"],
        "state": "finished" if "finished" in manifest or manifest["kind"] == "evaluation" else "unfinished",
        "memory": f"{bytes_text(manifest['peak_memory_bytes'])} at most" if "peak_memory_bytes" in manifest else "unknown",
    }
    if "seconds" in manifest:
        steps = f" for {manifest['steps']:,} steps" if "steps" in manifest else ""
        facts["time"] = f"{manifest['seconds']:.0f} s{steps}"
    kind = f"{manifest['kind']} {manifest.get('stage', '')}".strip()
    return _result(kind, manifest["recipe"], manifest["inputs"], manifest["command"], verified), facts


def _weights(path: Path, verify: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    from keyin_cli import artifacts
    from keyin_cli.model.weights import read_weights

    if (path.parent / artifacts.MANIFEST).is_file():
        return _run(path.parent, verify)
    tensors, metadata = read_weights(path)
    facts = {"parameters": f"{sum(value.numel() for value in tensors.values()):,}"}
    return _result(f"weights {metadata['stage']}", metadata["recipe"], None, None, None), facts
