"""Three services and everybody's processes: membership and meetings write, attendance answers, reporting counts."""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiokafka import TopicPartition

from tests.simulation.actors import Cluster, run_consumer, run_operator, run_relay
from tests.simulation.handlers import Directory, Facts, Handler, RollCalls
from tests.simulation.schedule import IN_A_TRANSACTION, Schedule
from tests.simulation.service import PARTITIONS, Service
from tests.simulation.users import Users

START = datetime(2026, 3, 1, tzinfo=UTC)
LOGS = ("membership", "meetings", "attendance")
CONSUMERS: dict[str, tuple[type[Handler], int]] = {
    "attendance/directory": (Directory, 1),
    "attendance/roll-calls": (RollCalls, 2),
    "reporting/facts": (Facts, 2),
}
OPERATORS = ("attendance/operator", "reporting/operator")


@dataclass
class World:
    """Time passes with each look at the clock. `handlers`: the consumers, with the service that they belong to."""

    schedule: Schedule
    services: dict[str, Service] = field(init=False)

    def __post_init__(self) -> None:
        self._time = START
        self.services = {name: Service(name, self.schedule, self.now) for name in (*LOGS, "reporting")}
        self.cluster = Cluster(self.schedule, self.services, self.now)
        self.users = Users(self.services["membership"], self.services["meetings"])
        self.handlers = [(kind, self.services[at.partition("/")[0]]) for at, (kind, _) in CONSUMERS.items()]

    def now(self) -> datetime:
        self._time += timedelta(seconds=1)
        return self._time

    def processes(self) -> dict[str, Coroutine[None, None, None]]:
        """By the actor's name: service, then what it is, then its number."""
        found: dict[str, Coroutine[None, None, None]] = {}
        for name in LOGS:
            for n in (1, 2):
                found[f"{name}/relay-{n}"] = run_relay(f"{name}/relay-{n}", self.cluster, self.services[name])
        for at, (kind, count) in CONSUMERS.items():
            service = self.services[at.partition("/")[0]]
            for n in range(1, count + 1):
                found[f"{at}-{n}"] = run_consumer(f"{at}-{n}", self.cluster, service, kind.name)
        for at in OPERATORS:
            found[at] = run_operator(at, self.cluster, self.services[at.partition("/")[0]])
        return found

    async def write(self) -> None:
        """A user's command; now and then an event that some handler cannot take before it is repaired."""
        heads = {name: await self.services[name].log.head() for name in LOGS}
        await self.users.write(self.schedule.random)
        if self.schedule.happens(0.08):
            for name in LOGS:
                for row in await self.services[name].log.read(after=heads[name]):
                    self.schedule.note(f"{name} {row.position} cannot be taken until it is repaired", "poison")
                    self.cluster.poison.add(row.event_id)

    async def restore(self) -> None:
        service = self.services[self.schedule.random.choice((*LOGS, "reporting"))]
        await service.restore(await self.most_seen(service.name))

    async def deliver(self) -> None:
        under_way = [service for service in self.services.values() if service.broker.in_flight or service.log.in_flight]
        if under_way:
            await self.schedule.random.choice(under_way).deliver()

    async def mend(self) -> None:
        for service in self.services.values():
            await service.mend()

    async def most_seen(self, log_id: str) -> int:
        """The last position that a consumer has taken, applied or held, or that a relay has told of."""
        told = self.services[log_id].broker.progress.get(log_id)
        seen = [told.position if told else 0]
        for kind, service in self.handlers:
            positions = await service.store.positions(kind.name)
            seen += [position.position for place, position in positions.items() if place.log_id == log_id]
        return max(seen)

    async def tell_progress(self) -> None:
        """The consumers' readers of the progress topics take the last records."""
        for service in (self.services["attendance"], self.services["reporting"]):
            for log_id in LOGS:
                told = self.services[log_id].broker.progress.get(log_id)
                if told is not None:
                    await service.store.record_progress(told)

    async def rebalance(self) -> None:
        """Partitions are dealt out anew among a consumer's processes: some to both, some to nobody for a while."""
        at = self.schedule.random.choice([at for at, (_, count) in CONSUMERS.items() if count > 1])
        kind, count = CONSUMERS[at]
        places = [TopicPartition(self.services[of].broker.name, n) for of in kind.sources for n in range(PARTITIONS)]
        for n in range(1, count + 1):
            share = frozenset(place for place in places if self.schedule.random.random() < 0.6)
            self.cluster.shares[f"{at}-{n}"] = share
        self.schedule.note(f"the partitions of {at} are dealt out anew", "rebalance")

    async def pause(self) -> None:
        """A process freezes; if it leads, its lock is given to others after a while."""
        actor = self.schedule.pick()
        if actor in self.schedule.paused:
            return
        service = self.services[actor.partition("/")[0]]
        inside = service.store.in_transaction and (self.schedule.where(actor) or "").startswith(IN_A_TRANSACTION)
        await self.schedule.pause(actor, in_transaction=inside)
        if "relay" in actor and self.schedule.random.random() < 0.7:
            service.relays.free_lock()

    async def wake(self) -> None:
        if self.schedule.paused:
            self.schedule.wake(self.schedule.random.choice(self.schedule.paused))

    async def lose_session(self) -> None:
        """The server frees a leader's lock; the leader learns of it at its next call, or never."""
        name = self.schedule.random.choice(LOGS)
        self.services[name].relays.free_lock()
        self.schedule.note(f"the lock of the leading relay of {name} is free", "leader's session lost")

    async def calm_down(self) -> None:
        """No more faults: what is broken is repaired, every name is brought, everybody runs and reads everything."""
        self.schedule.faults = False
        self.schedule.note("no more faults; handlers are repaired, all processes started again")
        self.cluster.poison.clear()
        self.cluster.shares.clear()
        for actor in self.schedule.paused:
            self.schedule.wake(actor)
        await self.users.register_the_rest()
        await self.schedule.crash_all("")
