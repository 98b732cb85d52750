"""The numbers of the README and of the recipe's header are those of the committed result file."""

import json
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = "artifacts/released/brownian/eval_f1.json"


def test_the_numbers_are_those_of_the_result_file() -> None:
    readme = (ROOT / "README.md").read_text()
    assert f"<!-- table: {RESULTS} -->" in readme
    rows = json.loads((ROOT / RESULTS).read_text())["rows"]
    assert {row["method"] for row in rows} == {"keyin", "search", "constant", "random"}
    header = (ROOT / "recipes/brownian.yaml").read_text()
    for row in rows:
        assert f"{row['method'].replace('keyin', 'KeyIn F1')} {row['f1']['0']:.3f}" in header
        low, high = row["ci95"]["0"]
        scores = f"{row['f1']['0']:.3f} | {low:.3f} to {high:.3f} | {row['f1']['1']:.3f} | {row['keyframes_per_sequence']:.2f}"
        assert f"| {row['method']} | {scores} |" in readme


def test_released_weights_are_small_and_whole() -> None:
    from keyin_cli.model.weights import load_model

    for weights in (ROOT / "artifacts/released").rglob("*.safetensors"):
        assert weights.stat().st_size < 5e6
        load_model(weights)
