"""`make check` tells what it looked up and what it could not: a vulnerable package never passes in silence."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import audit_dependencies

ROOT = Path(__file__).parents[1]
LOCK = Path("requirements/dev.lock")
CLEAN = {"name": "anyio", "version": "4.16.0", "vulns": []}
SKIPPED = {"name": "babel", "skip_reason": "Dependency not found on PyPI and could not be audited: babel (2.18.0)"}
VULNERABLE = {
    "name": "starlette",
    "version": "0.40.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.3.1"], "aliases": ["CVE-2026-48710"], "description": "..."}],
}
"""As pip-audit 2.10 writes them."""


@pytest.mark.parametrize(
    ("answer", "found", "is_complete", "says"),
    [
        ([CLEAN], 0, True, "1 packages looked up, 0 known"),
        ([CLEAN, VULNERABLE], 1, True, "1 known vulnerabilities"),
        ([CLEAN, SKIPPED], 0, False, "NOT AUDITED: 1 of 2 packages (babel"),
        ([SKIPPED, VULNERABLE], 1, False, "NOT AUDITED"),
        ([], 0, False, "looked up"),
        (None, 0, False, "does not answer here"),
    ],
)
def test_what_was_looked_up_is_told(
    answer: list[dict[str, Any]] | None,
    found: int,
    is_complete: bool,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    vulnerable, complete = audit_dependencies.report(LOCK, answer)
    assert (len(vulnerable), complete) == (found, is_complete)
    assert says in capsys.readouterr().out
    if vulnerable:
        assert vulnerable == ["starlette 0.40.0: PYSEC-2026-1, mended in 1.3.1"]


def test_a_locked_package_below_its_floor_needs_no_network(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text("starlette==1.0.0 \\\n    --hash=sha256:0\nPyJWT==2.15.1 \\\n    --hash=sha256:0\n")
    (sentence,) = audit_dependencies.below_floors(lock)
    assert sentence.startswith("starlette 1.0.0 is older than 1.3.1")
    assert audit_dependencies.below_floors(ROOT / LOCK) == []


def test_the_list_of_what_the_image_holds(tmp_path: Path) -> None:
    """`make sbom` names every locked package with its hashes."""
    file = tmp_path / "sbom.cdx.json"
    tool = Path(sys.executable).parent / "cyclonedx-py"
    command = [str(tool), "requirements", "requirements/runtime.lock", "--pyproject", "pyproject.toml"]
    subprocess.run([*command, "--output-file", str(file)], cwd=ROOT, check=True, capture_output=True, timeout=120)
    components = json.loads(file.read_text())["components"]
    locked = dict(audit_dependencies.PINNED.findall((ROOT / "requirements/runtime.lock").read_text()))
    assert {each["name"]: each["version"] for each in components} == locked
    assert all(each["externalReferences"][0]["hashes"] for each in components)
