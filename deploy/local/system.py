"""The whole system on this machine: servers, databases, topics, services, front door, each under the supervisor."""

import asyncio
import json
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from aiokafka.errors import KafkaError

from deploy.local import ports
from deploy.local.errors import LocalStackError
from deploy.local.front_door import front_door
from deploy.local.servers import Servers
from deploy.local.stopping import run
from deploy.local.supervisor import Program, Supervisor
from shared.database.migrate import SHARED_MIGRATIONS, MigrationFailed, migrate
from shared.database.pool import API_ROLE, RELAY_ROLE
from shared.messaging.brokers import Brokers
from shared.messaging.provision import provision
from shared.messaging.topic import TopicMisconfigured

# Producers before those that read them: services are upgraded in the reverse order.
SERVICES = ("membership", "meetings", "attendance", "evaluation", "reporting", "operations")
PUBLISHERS = ("membership", "meetings", "attendance", "evaluation")
PARTITIONS = 12
FRONT_DOOR_PORT = 8080
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class System:
    """Addresses of a running system. `databases` are of each service's own login, `postgres` of the superuser.

    `environments`: the variables that each service runs with; its commands want the same.
    """

    front_door: str
    issuer: str
    issuer_folder: Path
    kafka: str
    postgres: str
    services: Mapping[str, str]
    databases: Mapping[str, str]
    environments: Mapping[str, Mapping[str, str]]
    servers: Servers

    def write(self, path: Path, tokens: Mapping[str, str]) -> None:
        """`stack.json`, readable by its owner alone: it holds passwords and tokens."""
        path.touch(mode=0o600)
        addresses = {
            "front_door": self.front_door,
            "issuer": self.issuer,
            "kafka": self.kafka,
            "postgres": self.postgres,
            "services": dict(self.services),
            "databases": dict(self.databases),
            "environments": {name: dict(variables) for name, variables in self.environments.items()},
            "tokens": dict(tokens),
        }
        path.write_text(json.dumps(addresses, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def running_system(
    folder: Path,
    clients: Mapping[str, Mapping[str, str]],
    step: Callable[[str], None],
    port: int | None = None,
) -> Iterator[System]:
    """Starts everything with its data in `folder`, yields the addresses, stops everything in reverse order.

    `clients`: registered machines and operators, id to role. `step` is told what happens. Raises LocalStackError.
    """
    front_port = ports.claim("the front door", port or FRONT_DOOR_PORT)  # before anything is started for nothing
    with ExitStack() as stack:
        servers = Servers(folder, step)
        stack.callback(servers.stop)
        step("Migrations and topics")
        databases = prepared(servers)
        step("Services")
        system, programs = plan(folder, servers, databases, clients, front_port)
        supervisor = stack.enter_context(Supervisor(folder / "processes"))
        supervisor.start(*programs)
        yield system


def prepared(servers: Servers, code: Path = ROOT) -> dict[str, str]:
    """Databases and topics, made and migrated: the address of each service's login on its own database.

    `code`: the folder of the release whose schema the databases get. Raises LocalStackError with what the first said.
    """
    try:
        return run(_prepare(servers, code))
    except* (MigrationFailed, TopicMisconfigured, KafkaError, asyncpg.PostgresError) as group:
        raise LocalStackError(f"databases and topics: {_first(group)}") from None


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _prepare(servers: Servers, code: Path) -> dict[str, str]:
    """A database and a login per service, migrated; the topics of every log."""
    async with asyncio.TaskGroup() as group:
        databases = {name: group.create_task(_database(servers.postgres, name, code)) for name in SERVICES}
        for name in PUBLISHERS:
            group.create_task(
                provision(
                    Brokers(servers.kafka),
                    name,
                    partitions=PARTITIONS,
                    replication=servers.replication,
                    min_insync=servers.min_insync,
                )
            )
    return {name: task.result() for name, task in databases.items()}


def migrations(service: str, code: Path = ROOT) -> Sequence[Path]:
    """The folders of migrations of a service, in the release whose folder is `code`."""
    shared = [code / folder.relative_to(ROOT) for folder in SHARED_MIGRATIONS]
    return [*shared, code / "services" / service / "sql" / "migrations"]


async def _database(postgres: str, service: str, code: Path) -> str:
    """The address of the service's login on its own database. The login can do what a service needs, no more."""
    owner = _address(postgres, path=f"/{service}")
    password = secrets.token_hex(16)
    connection = await asyncpg.connect(postgres)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", service):
            await connection.execute(f'CREATE DATABASE "{service}"')
        await migrate(owner, *migrations(service, code))
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", service):
            await connection.execute(f'CREATE ROLE "{service}" LOGIN')
        await connection.execute(f'GRANT {API_ROLE}, {RELAY_ROLE} TO "{service}"')
        await connection.execute(f"ALTER ROLE \"{service}\" PASSWORD '{password}'")
    finally:
        await connection.close()
    return _address(owner, user=f"{service}:{password}")


def _address(url: str, *, path: str | None = None, user: str | None = None) -> str:
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(path=path or parts.path, netloc=f"{user or login}@{host}"))


def plan(
    folder: Path,
    servers: Servers,
    databases: Mapping[str, str],
    clients: Mapping[str, Mapping[str, str]],
    front_port: int,
) -> tuple[System, list[Program]]:
    """Addresses of a system, and the programs to start for it, in this order."""
    service_ports = {name: ports.free_port() for name in (*SERVICES, "issuer")}
    addresses = {name: f"http://{ports.LOOPBACK}:{port}" for name, port in service_ports.items()}
    system = System(
        front_door=f"http://{ports.LOOPBACK}:{front_port}",
        issuer=addresses["issuer"],
        issuer_folder=folder / "issuer",
        kafka=servers.kafka,
        postgres=servers.postgres,
        services={name: addresses[name] for name in SERVICES},
        databases=databases,
        environments=_environments(servers, databases, addresses, clients),
        servers=servers,
    )
    programs = [_issuer(system, service_ports["issuer"])]
    programs += [_service(name, service_ports[name], system) for name in SERVICES]
    programs.append(front_door(front_port, service_ports, folder))
    return system, programs


def _environments(
    servers: Servers,
    databases: Mapping[str, str],
    addresses: Mapping[str, str],
    clients: Mapping[str, Mapping[str, str]],
) -> dict[str, dict[str, str]]:
    shared = {
        "KAFKA_BOOTSTRAP": servers.kafka,
        "TOPIC_REPLICATION": str(servers.replication),
        "TOPIC_MIN_INSYNC": str(servers.min_insync),
        "OIDC_ISSUER": addresses["issuer"],
        "OIDC_JWKS_URL": f"{addresses['issuer']}/jwks.json",
        "CLIENTS": json.dumps(clients),
    }
    own = {
        name: {"DATABASE_URL": databases[name], "PORT": addresses[name].rpartition(":")[2], "ROOT_PATH": f"/{name}"}
        for name in SERVICES
    }
    own["membership"]["IDENTITY_SECRET"] = secrets.token_hex(32)
    own["operations"]["SERVICES"] = json.dumps({name: addresses[name] for name in SERVICES})
    return {
        name: {f"{name.upper()}_{setting}": value for setting, value in (shared | settings).items()}
        for name, settings in own.items()
    }


def _issuer(system: System, port: int) -> Program:
    arguments = ["--folder", str(system.issuer_folder), "--port", str(port)]
    return Program(
        "issuer",
        [sys.executable, "-m", "shared.web.issuer", *arguments],
        port=port,
        ready_url=f"{system.issuer}/health/ready",
    )


def _service(name: str, port: int, system: System) -> Program:
    return Program(
        name,
        [sys.executable, "-m", f"services.{name}", "all"],
        env=system.environments[name],
        port=port,
        ready_url=f"{system.services[name]}/health/ready",
    )
