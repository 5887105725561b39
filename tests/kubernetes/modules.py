"""From Go modules, each with its sum: the API server, built once, and the definitions of CloudNativePG's resources."""

import re
from pathlib import Path

from tests.fixtures.go_modules import built, fetched

KUBERNETES = ("k8s.io/kubernetes", "v1.32.4", "h1:fRZeSjwVE+dMMSS7Qi6LxOOKpVL+1CPAT/b1Cuo4kns=")
POSTGRES = ("github.com/cloudnative-pg/cloudnative-pg", "v1.30.0", "h1:fnhVq44xXx97MNiuvJsPrX1vSjYbgdyBK5MSGfdHdp0=")
BACKUPS = ("github.com/cloudnative-pg/plugin-barman-cloud", "v0.7.0", "h1:ACA/1Yqmltt5QQ8HdmYQi7qcPRbg4VR1mG8Cqds1Cv8=")
# A module of the same repository, at its own version.
STAGING = re.compile(r"^\t(\S+) => \./staging/", re.MULTILINE)


def api_server(cache: Path) -> Path:
    """The program. The first time it is built: about 6 minutes of one processor."""
    _, version, _ = KUBERNETES
    staging = STAGING.findall((fetched(KUBERNETES, cache) / "go.mod").read_text())
    replaced = [f"\t{name} => {name} v0{version[2:]}" for name in staging]
    directives = ["go 1.23.0", "godebug default=go1.23", "replace (", *replaced, ")"]
    named = f"-ldflags=-s -w -X k8s.io/component-base/version.gitVersion={version}"
    return built(KUBERNETES, "cmd/kube-apiserver", cache, directives=directives, flags=[named])


def definitions(cache: Path) -> list[Path]:
    """Folders of custom resource definitions."""
    return [fetched(module, cache) / "config" / "crd" / "bases" for module in (POSTGRES, BACKUPS)]
