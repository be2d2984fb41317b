"""The image's HEALTHCHECK: exit code 0 while `/health/ready` answers 200, under the server's own name.

Production answers to no other host name than its own, so `localhost` would be refused. Standard library only.
"""

import http.client
import os
import sys
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 8.0


def is_ready(port: int, *, host_name: str) -> bool:
    """Ask the server of this machine once; anything but 200 in time is a no."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health/ready", headers={"Host": host_name})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def own_name() -> str:
    """The first of ALLOWED_HOSTS, else the host of PUBLIC_BASE_URL."""
    allowed = os.environ.get("ALLOWED_HOSTS", "").partition(",")[0].strip()
    return allowed or urlsplit(os.environ.get("PUBLIC_BASE_URL", "")).hostname or "127.0.0.1"


if __name__ == "__main__":
    sys.exit(0 if is_ready(int(sys.argv[1]), host_name=own_name()) else 1)
