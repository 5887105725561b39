"""From Go modules, each with its sum: the API server, built once, and the definitions of CloudNativePG's resources."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

KUBERNETES = ("k8s.io/kubernetes", "v1.32.4", "h1:fRZeSjwVE+dMMSS7Qi6LxOOKpVL+1CPAT/b1Cuo4kns=")
POSTGRES = ("github.com/cloudnative-pg/cloudnative-pg", "v1.30.0", "h1:fnhVq44xXx97MNiuvJsPrX1vSjYbgdyBK5MSGfdHdp0=")
BACKUPS = ("github.com/cloudnative-pg/plugin-barman-cloud", "v0.7.0", "h1:ACA/1Yqmltt5QQ8HdmYQi7qcPRbg4VR1mG8Cqds1Cv8=")
# A module of the same repository, at its own version.
STAGING = re.compile(r"^\t(\S+) => \./staging/", re.MULTILINE)


class Missing(Exception):
    """A program that these tests need is not on the machine; the text says which, and where it comes from."""


def program(name: str, source: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed ({source})")
    return found


def api_server(cache: Path) -> Path:
    """The program. The first time it is built: about 6 minutes of one processor."""
    _, version, _ = KUBERNETES
    built = cache / f"kube-apiserver-{version}"
    if built.exists():
        return built
    source, folder = _fetched(KUBERNETES, cache), cache / "kube-apiserver"
    folder.mkdir(exist_ok=True)
    replaced = [f"\t{name} => {name} v0{version[2:]}" for name in STAGING.findall((source / "go.mod").read_text())]
    module = ["module build", "go 1.23.0", "godebug default=go1.23", f"require k8s.io/kubernetes {version}"]
    (folder / "go.mod").write_text("\n".join([*module, "replace (", *replaced, ")", ""]))
    (folder / "build.go").write_text('package build\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n')
    shutil.copyfile(source / "go.sum", folder / "go.sum")
    named = f"-ldflags=-s -w -X k8s.io/component-base/version.gitVersion={version}"
    part = built.with_suffix(".part")
    _go(folder, "build", "-mod=mod", named, "-o", str(part), "k8s.io/kubernetes/cmd/kube-apiserver")
    part.rename(built)
    return built


def definitions(cache: Path) -> list[Path]:
    """Folders of custom resource definitions."""
    return [_fetched(module, cache) / "config" / "crd" / "bases" for module in (POSTGRES, BACKUPS)]


def _fetched(module: tuple[str, str, str], cache: Path) -> Path:
    name, version, wanted = module
    (cache / "go.mod").write_text("module fetch\n\ngo 1.23.0\n")
    found: dict[str, Any] = json.loads(_go(cache, "mod", "download", "-json", f"{name}@{version}"))
    assert found["Sum"] == wanted, f"{name} {version} is not the module that was locked: do not use its source"
    return Path(found["Dir"])


def _go(folder: Path, *arguments: str) -> str:
    # The sums of these stand above; not every one is in the public list.
    env = {**os.environ, "GONOSUMDB": "github.com/cloudnative-pg/*", "GOFLAGS": "-mod=mod"}
    go = ["nice", "-n", "10", program("go", "1.23 or newer, from go.dev or Debian's golang"), *arguments]
    done = subprocess.run(go, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout
