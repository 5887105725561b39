"""A container's health: ready decides it. A process that says it does not live is ended, so that it is started anew.

An engine without an orchestrator restarts what ends, never what is unhealthy.
"""

import os
import signal
import sys
from http.client import HTTPConnection, HTTPException

ADDRESS = ("127.0.0.1", 8000)
ANSWER_WITHIN_SECONDS = 5.0
INIT = 1


def status_of(path: str) -> int | None:
    """None: no answer, as while the process starts."""
    connection = HTTPConnection(*ADDRESS, timeout=ANSWER_WITHIN_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def main() -> int:
    """The exit status that the engine wants: 0 healthy, 1 not."""
    if status_of("/health/live") == 503:
        os.kill(INIT, signal.SIGTERM)
        return 1
    return 0 if status_of("/health/ready") == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
