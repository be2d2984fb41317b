"""Settings that are well, for `chairside doctor` to find ill after a test broke something."""

import gc
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from tests.conftest import make_settings


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What the driver left behind is collected before another test may stumble over it."""
    yield
    gc.collect()


@pytest.fixture
def name() -> str:
    """A database of the test's own."""
    return f"doctor_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def sound(mongodb_uri: str, migrated: str, tmp_path: Path) -> Settings:
    """Settings under which nothing is wrong that matters."""
    return make_settings(mongodb_uri=mongodb_uri, mongodb_database=migrated, chairside_data_dir=tmp_path)
