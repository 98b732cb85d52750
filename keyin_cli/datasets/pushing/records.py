"""Rows of frozen dataclasses whose fields are arrays of n rows (or such dataclasses again)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Record = TypeVar("Record", bound=Any)


def take(record: Record, index: NDArray[np.integer[Any]]) -> Record:
    """The rows `index` of every field."""
    parts = ((field.name, getattr(record, field.name)) for field in fields(record))
    return replace(record, **{name: take(part, index) if is_dataclass(part) else part[index] for name, part in parts})


def concatenate(records: Sequence[Record]) -> Record:
    """The rows of all records, in order."""
    columns = {field.name: [getattr(record, field.name) for record in records] for field in fields(records[0])}
    joined = {name: concatenate(parts) if is_dataclass(parts[0]) else np.concatenate(parts) for name, parts in columns.items()}
    return replace(records[0], **joined)
