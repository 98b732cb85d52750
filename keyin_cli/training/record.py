"""What a run writes down while it trains: rows of metrics, time, waiting and memory, through all its phases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from keyin_cli import machine, storage
from keyin_cli.devices import peak_memory
from keyin_cli.errors import InputError
from keyin_cli.training.prefetch import Prefetch


class Record:
    """Writes `metrics.jsonl` of a run and sums up what it took."""

    def __init__(self, run: Path, state: dict[str, Any], device: torch.device, board: Any = None) -> None:
        """
        Args:
            state: seconds, share of them in which steps waited, and memory up to the latest checkpoint.
            board: a TensorBoard writer, which is given the rows too.
        """
        self.run, self.device, self._state, self._board = run, device, state, board
        self._begun = time.monotonic()
        self._waited = 0.0  # seconds, in phases that are over
        self._parts: Prefetch[Any] | None = None  # of the phase that is running
        self._mark = self._begun, 0.0  # time and seconds waited at the latest row

    @contextmanager
    def waiting_for(self, parts: Prefetch[Any]) -> Iterator[None]:
        """Count the seconds that steps wait for `parts`."""
        self._parts = parts
        yield
        self._waited, self._parts = self._seconds_waited(), None

    def write(self, row: dict[str, Any]) -> None:
        """Append a row, with the share of the time since the latest one in which steps waited for their batches."""
        now = time.monotonic(), self._seconds_waited()
        share = (now[1] - self._mark[1]) / max(now[0] - self._mark[0], 1e-9)
        self._mark = now
        row = {**row, "waiting": round(share, 4)}
        storage.append_line(self.run / storage.METRICS, row)
        for name, value in row.items():
            if self._board is not None and name != "step":
                self._board.add_scalar(name, value, row["step"])

    def spent(self) -> dict[str, Any]:
        """Time since the very first step, the share of it in which a step waited for its batch, and memory."""
        state = self._state
        seconds = state["seconds"] + time.monotonic() - self._begun
        waiting = (state["waiting"] * state["seconds"] + self._seconds_waited()) / max(seconds, 1e-9)
        peak = max(state["peak_memory_bytes"], machine.peak_memory())
        return {"seconds": round(seconds, 2), "waiting": round(waiting, 4), "peak_memory_bytes": peak, **peak_memory(self.device)}

    def _seconds_waited(self) -> float:
        return self._waited + (self._parts.waited if self._parts is not None else 0.0)


@contextmanager
def tensorboard(run: Path) -> Iterator[Any]:
    """A TensorBoard writer for a run.

    Raises:
        InputError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError("--tensorboard needs an extra: pip install 'keyin[tensorboard]'") from None
    writer = SummaryWriter(run / "tensorboard")
    try:
        yield writer
    finally:
        writer.close()
