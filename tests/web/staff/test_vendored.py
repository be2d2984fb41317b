"""The vendored scripts of the dashboard are those whose checksums were written down, with their licences."""

import hashlib
import re

import pytest

from app.web.static_files import STATIC

VENDOR = STATIC / "vendor"
SCRIPTS = {
    "htmx": ("htmx.min.js", "LICENSE", "Zero-Clause BSD"),
    "chartjs": ("chart.umd.min.js", "LICENSE.md", "The MIT License (MIT)"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_the_file_that_was_written_down(name: str) -> None:
    script, licence, says = SCRIPTS[name]
    folder = VENDOR / name
    sums = re.findall(r"^ +([0-9a-f]{64})  (\S+)$", (folder / "README.md").read_text(), re.MULTILINE)
    assert sums == [(hashlib.sha256((folder / script).read_bytes()).hexdigest(), script)]
    assert says in (folder / licence).read_text()


@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_else_lies_beside_it_and_nothing_else_is_loaded(name: str) -> None:
    script, licence, _ = SCRIPTS[name]
    assert {file.name for file in (VENDOR / name).iterdir()} == {script, licence, "README.md"}
    text = (VENDOR / name / script).read_text()
    assert "sourceMappingURL" not in text
    assert not re.search(r"""(?:src|href|import\()\s*[=(]?\s*["']https?:""", text)


def test_every_vendored_folder_is_checked() -> None:
    assert {folder.name for folder in VENDOR.iterdir()} == {*SCRIPTS, "swagger-ui"}
