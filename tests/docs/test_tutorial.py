"""Every command of docs/tutorial.md does what the page says, in its order, against a running server."""

import os
import re
import subprocess
from pathlib import Path

from tests.server import start_server

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PATIENCE_SECONDS = 150
"""Of the whole page; what its reader waits for takes seconds."""


def test_the_whole_page(mongodb_uri: str, tmp_path: Path) -> None:
    you = {"ADMIN_EMAIL": "you@example.com", "ADMIN_PASSWORD": "a-long-passphrase"}
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    script = tmp_path / "tutorial.sh"
    script.write_text("set -euo pipefail\n" + "\necho ======\n".join(blocks))
    with start_server(mongodb_uri, tmp_path, SCHEDULER="on", **you) as server:
        done = subprocess.run(
            ["bash", str(script)],
            env=os.environ | {"BASE": server.base_url},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.split("======\n")
    assert "Hi Ana," in said[5]
    assert "350 dollars" in said[6]
    assert "/book?t=" in said[7]
    assert "your visit at Willow Street Dental is booked" in said[8]
    assert said[9] == "BOOKING_INITIATED\n"
