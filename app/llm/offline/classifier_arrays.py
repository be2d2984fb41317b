"""The classifier's weights as plain arrays, read with the standard library alone.

A file is one line of JSON (the header), the feature names (UTF-8, one a line), then a table of unsigned 16-bit numbers,
little-endian: a row per feature, a column per score and one for the square of the feature's own weight.
"""

import json
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FORMAT = 1
FILE = Path(__file__).with_name("classifier.bin")
ZERO = 1 << 15
"""How the number 0 is written: weights are stored shifted, so that none is negative."""
_LANE_BITS = 32
_MAX_ROWS = 1 << (_LANE_BITS - 16)
"""How many rows fit into a sum before a lane overflows; a message has a few thousand features at most."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in the first line of the file."""

    format: int
    labels: tuple[str, ...]
    """Names of the columns, without the last one."""
    training_data: str
    """SHA-256 over the training messages, see `scripts/train_classifier.py`."""
    bias: tuple[float, ...]
    scale: tuple[float, ...]
    """What one step of the stored numbers is worth, a column each, the last one included."""
    thresholds: dict[str, float]
    features: int
    names_bytes: int


@dataclass(frozen=True, slots=True)
class Arrays:
    """A linear model. A row is one integer with a lane of 32 bits per column: a single addition adds all columns."""

    header: Header
    rows: dict[str, int]

    def score(self, blocks: Iterable[Iterable[str]]) -> list[float]:
        """One score per label: the bias and each block's weights, divided by the length of the block's vector."""
        scale, totals = self.header.scale, list(self.header.bias)
        for block in blocks:
            known = [row for name in block if (row := self.rows.get(name)) is not None][:_MAX_ROWS]
            if known:
                *sums, squares = _lanes(sum(known), columns=len(scale), shift=ZERO * len(known))
                length = (squares * scale[-1]) ** 0.5 or 1.0
                totals = [total + s * unit / length for total, s, unit in zip(totals, sums, scale, strict=False)]
        return totals


def _lanes(packed: int, *, columns: int, shift: int) -> list[int]:
    lanes = array("I", packed.to_bytes(columns * _LANE_BITS // 8, "little"))
    if sys.byteorder == "big":
        lanes.byteswap()
    return [lane - shift for lane in lanes]


@cache
def load(file: Path = FILE) -> Arrays:
    """Read the file once; ValueError when it is of another format."""
    content = file.read_bytes()
    line, _, rest = content.partition(b"\n")
    raw = json.loads(line)
    if raw.get("format") != FORMAT:
        raise ValueError(f"{file.name} is of format {raw.get('format')}, not {FORMAT}: run make train")
    header = _header(raw)
    names = rest[: header.names_bytes].decode().split("\n")
    return Arrays(header, dict(zip(names, _packed_rows(rest[header.names_bytes :], len(header.scale)), strict=True)))


def _header(raw: dict[str, Any]) -> Header:
    return Header(**raw | {key: tuple(raw[key]) for key in ("labels", "bias", "scale")})


def _packed_rows(table: bytes, columns: int) -> Sequence[int]:
    numbers = array("H", table)
    if sys.byteorder == "big":
        numbers.byteswap()
    lanes = array("I", numbers)
    if sys.byteorder == "big":
        lanes.byteswap()
    wide, step = lanes.tobytes(), columns * _LANE_BITS // 8
    return [int.from_bytes(wide[at : at + step], "little") for at in range(0, len(wide), step)]
