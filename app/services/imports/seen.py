"""Who stood in the file already: two words for each address, not the rows themselves (14 MB for 50,000 patients)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

LINE_BITS = 32
LINE_MASK = (1 << LINE_BITS) - 1


@dataclass(slots=True)
class Seen:
    """Addresses and patients of the accepted rows, as hashes that only this process knows.

    `earlier` is what the committed batches saw; what is added here joins it when this batch is committed too.
    """

    earlier: "Seen | None" = None
    marks: dict[int, int] = field(default_factory=dict)

    def find(self, keys: Iterable[object], fingerprint: int) -> tuple[int, bool] | None:
        """The first line that holds one of these, and whether it says exactly the same; None when none does."""
        found = min(self._lookup(keys), default=None)
        if found is None:
            return None
        line, mark = found
        return line, mark >> LINE_BITS == fingerprint & LINE_MASK

    def _lookup(self, keys: Iterable[object]) -> Iterator[tuple[int, int]]:
        before = self.earlier.marks if self.earlier else {}
        for key in keys:
            mark = self.marks.get(hash(key)) or before.get(hash(key))
            if mark:
                yield mark & LINE_MASK, mark

    def add(self, keys: Iterable[object], *, line: int, fingerprint: int) -> None:
        """Keep the first line of each; one integer holds the line and half of the fingerprint."""
        for key in keys:
            self.marks.setdefault(hash(key), (fingerprint & LINE_MASK) << LINE_BITS | line)

    def commit(self) -> None:
        """The batch is stored: what it saw now counts for the batches behind it."""
        if self.earlier:
            for key, mark in self.marks.items():
                self.earlier.marks.setdefault(key, mark)
