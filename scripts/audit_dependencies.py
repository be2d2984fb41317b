"""Looks the locked packages up in the registry's list of known vulnerabilities, and says so when it could not.

pip-audit calls a package that the service does not know "skipped" and ends well, so that a machine whose network knows
no such service would pass without a single look-up: here that is told, and with AUDIT=required it fails (a release).
The floors of trust.md 4.6 need no network and always count.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.services.version_floors import package_problems

LOCK = Path("requirements/dev.lock")
"""Holds what the others hold, and what builds and tests it."""
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
ACCEPTED: dict[str, str] = {}
"""Ids of vulnerabilities that do not concern us, each with its reason."""
WITHIN_SECONDS = 120


def audit(lock: Path) -> list[dict[str, Any]] | None:
    """pip-audit's answer for each package of the lock; None when its service could not be asked at all."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [*command, "--format", "json", "--requirement", str(lock)],
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN_SECONDS,
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
    return found


def below_floors(lock: Path) -> list[str]:
    """Locked packages that are older than they may be; needs no network."""
    locked = {name.lower(): version for name, version in PINNED.findall(lock.read_text(encoding="utf-8"))}
    return package_problems(lambda name: locked.get(name.lower(), "999"))


def report(lock: Path, answer: list[dict[str, Any]] | None) -> tuple[list[str], bool]:
    """`(known vulnerabilities, whether every package was looked up)`, and a line that tells it."""
    packages = answer or []
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    found = [
        f"{each['name']} {each['version']}: {vulnerability['id']}, mended in {', '.join(vulnerability['fix_versions'])}"
        for each in packages
        for vulnerability in each.get("vulns", [])
        if not ACCEPTED.keys() & {vulnerability["id"], *vulnerability.get("aliases", [])}
    ]
    if answer is None:
        print(f"{lock}: NOT AUDITED: the registry's vulnerability service does not answer here")
    elif unknown:
        print(f"{lock}: NOT AUDITED: {len(unknown)} of {len(packages)} packages ({', '.join(unknown[:3])} ...)")
    else:
        print(f"{lock}: {len(packages)} packages looked up, {len(found)} known vulnerabilities")
    return found, bool(packages) and not unknown


def main() -> int:
    """Exit code 1 for a known vulnerability, and with AUDIT=required also for a package that was not looked up."""
    is_required = os.environ.get("AUDIT") == "required"
    found, is_complete = report(LOCK, audit(LOCK))
    trouble = [*found, *below_floors(LOCK)]
    for line in trouble:
        print(f"vulnerable: {line}")
    if not is_complete and is_required:
        print("AUDIT=required: every package must be looked up, where the service answers, before a release.")
    return 1 if trouble or (is_required and not is_complete) else 0


if __name__ == "__main__":
    sys.exit(main())
