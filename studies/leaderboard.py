"""Add a method's rows of `keyin benchmark` to the leaderboard.

    python studies/leaderboard.py artifacts/benchmark/table.json --method mine --by "A. Name" --link https://example.org/mine

The tables of docs/benchmark.md are then written anew by `python studies/tables.py`.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from keyin_cli import __version__, storage
from keyin_cli.discovery.benchmark import leaderboard, result
from keyin_cli.errors import InputError
from keyin_cli.progress import say, speak

BOARD = Path(__file__).parent.parent / "artifacts/released/benchmark/leaderboard.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, help="a table.json of keyin benchmark")
    parser.add_argument("--method", required=True, help="whose rows are added")
    parser.add_argument("--by", required=True, help="who reports them")
    parser.add_argument("--link", required=True, help="where the method is to be found, https://…")
    parser.add_argument("--board", type=Path, default=BOARD, help="the leaderboard (default: the released one)")
    given = parser.parse_args()
    speak()
    today = datetime.now(UTC).date().isoformat()
    try:
        with storage.locked(given.board):
            board = leaderboard.read(given.board) if given.board.exists() else leaderboard.Leaderboard(entries=[])
            told = (given.method, given.by, given.link, __version__, today)
            new = leaderboard.added(board, result.read(given.table), *told)
            storage.write_json(given.board, new.model_dump(mode="json"))
    except InputError as error:
        say(f"leaderboard: {error}")
        raise SystemExit(2) from None
    print(f"{given.board}: {len(new.entries)} rows")


if __name__ == "__main__":
    main()
