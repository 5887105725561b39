"""What holds after every step and at the end: applied = log, order per key, the watermark, roll-up = recount."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.attendance.aggregates import ROLL_CALL
from services.attendance.domain.roster import row_of
from services.reporting.recount import Recount
from services.reporting.rollup import TreeTally, sums
from shared.contracts import membership
from shared.contracts.envelope import RecordedEvent, from_record
from shared.messaging.store import HeldState
from tests.simulation.figures import MEETING, MONTH, SUMMED, Heads, Tables
from tests.simulation.handlers import Facts, Handler, Past, RollCalls, past_with
from tests.simulation.service import Service, by_key
from tests.simulation.users import PERIODS
from tests.simulation.world import LOGS, World


class Broken(AssertionError):
    """`rule`: which invariant does not hold; a run is shrunk to the shortest one that breaks the same rule."""

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(f"{rule}: {text}")
        self.rule = rule


def hold(rule: str, holds: object, text: str) -> None:
    if not holds:
        raise Broken(rule, text)


class RelayWatch:
    """A naive reader of one topic: no record before its predecessor; and a checkpoint that is fenced and never lies.

    A topic that was made anew by accident, under running relays, may begin in the middle: consumers see a gap and take
    nothing, relays refuse it until it is made anew once more. So such a one is not watched.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._copies = (service.generation, service.log)
        self._claimed = 0
        self._read: Counter[int] = Counter()
        self._seen: defaultdict[int, dict[int, RecordedEvent]] = defaultdict(dict)

    async def check(self) -> None:
        generation, log = self._copies
        if generation != self._service.generation:
            self._read.clear()
            self._seen.clear()
        if (generation, log) != (self._service.generation, self._service.log):
            self._copies = (self._service.generation, self._service.log)
            self._claimed = self._service.relays.checkpoint.position
        if not self._service.torn:
            for partition, records in sorted(self._service.broker.records.items()):
                for record in records[self._read[partition] :]:
                    self._take(partition, *from_record(record))
                self._read[partition] = len(records)
            await self._check_checkpoint(self._service.relays.checkpoint.position)

    def _take(self, partition: int, row: RecordedEvent, prev: int) -> None:
        seen, place = self._seen[partition], f"{self._service.broker.name}/{partition}"
        hold("topic in order", prev == 0 or prev in seen, f"{place}: {row.position} came before its predecessor {prev}")
        hold("topic is a copy", seen.setdefault(row.position, row) == row, f"{place}: two events at {row.position}")

    async def _check_checkpoint(self, now: int) -> None:
        name, before = self._service.name, self._claimed
        hold("fenced checkpoint", now >= before, f"{name}: it moved back from {before} to {now}")
        if now > before:
            claimed = [row.position for row in await self._service.log.read(after=before) if row.position <= now]
            seen = {position for rows in self._seen.values() for position in rows}
            missing = sorted(set(claimed) - seen)
            hold("checkpoint", not missing, f"{name}: it claims {now}, but {missing} are not on the topic")
            self._claimed = now


async def check_consumers(world: World) -> None:
    """Per key a prefix of the log in its order, nothing twice; and a watermark that does not claim too much."""
    for kind, service in world.handlers:
        for name, key in await service.store.held_keys(kind.name):
            poisoned = key.state is HeldState.WAITING or key.reason.startswith("Broken")
            hold("parked for its own reason", poisoned, f"{name}, {key.of}: {key.reason}")
        for log_id in kind.sources:
            await _check_consumer(kind, service, log_id, await world.services[log_id].rows())


async def _check_consumer(kind: type[Handler], service: Service, log_id: str, rows: list[RecordedEvent]) -> None:
    written, applied = by_key([row for row in rows if row.type in kind.types]), _applied(service, kind.name, log_id)
    for key, positions in applied.items():
        expected = written.get(key, [])[: len(positions)]
        hold(
            "applied = log",
            positions == expected,
            f"{kind.name} applied {positions} of {log_id}, key {key[-4:]}; the log begins with {expected}",
        )
    watermark = None if service.store.in_transaction else await service.store.watermark(kind.name, log_id)
    if watermark is None:
        return
    for key, positions in written.items():
        missing = [position for position in positions[len(applied.get(key, [])) :] if position <= watermark.position]
        hold(
            "watermark",
            not missing or key in watermark.held_keys,
            f"{kind.name} claims {log_id} up to {watermark.position}, but {missing} of key {key[-4:]} are neither "
            "applied nor held",
        )


def _applied(service: Service, consumer: str, log_id: str) -> dict[str, list[int]]:
    """Positions by key, in the order in which they were applied."""
    return {
        key[3]: list(positions)
        for key, positions in service.store.effects.items()
        if key[0] == "applied" and key[1:3] == (consumer, log_id)
    }


async def check_reactions(world: World) -> None:
    """No event was answered twice."""
    answered = Counter(row.metadata.causation_id for row in await _roll_calls(world))
    twice = [str(cause) for cause, count in answered.items() if count > 1]
    hold("one reaction per event", not twice, f"answered twice: {twice}")


async def _roll_calls(world: World) -> list[RecordedEvent]:
    return [row for row in await world.services["attendance"].rows() if row.type == "RollCallOpened"]


async def check_figures(world: World) -> None:
    """What reporting says as of its watermarks is what a recount of the logs up to there says."""
    reporting = world.services["reporting"]
    if reporting.store.in_transaction:
        return
    heads, held = dict.fromkeys(LOGS, 0), set()
    for log_id in LOGS:
        watermark = await reporting.store.watermark(Facts.name, log_id)
        if watermark is not None:
            heads[log_id] = watermark.position
            held |= {(log_id, key) for key in watermark.held_keys}
    rows = {log_id: await world.services[log_id].rows() for log_id in LOGS}
    incomplete = {
        body_of for log_id, key in held for row in rows[log_id] if row.key == key and (body_of := _meeting(row))
    }
    _compare_meetings(Tables(reporting.store.effects), rows, heads, incomplete)
    if ("membership", membership.TREE_KEY) not in held:
        _compare_sums(Tables(reporting.store.effects), rows["membership"], heads["membership"])


def _meeting(row: RecordedEvent) -> str | None:
    return row.stream.partition("-")[2] if row.stream.startswith("meeting-") else row.stream.removeprefix("roll-call-")


def _compare_meetings(tables: Tables, rows: dict[str, list[RecordedEvent]], heads: Heads, incomplete: set[str]) -> None:
    stored, again = tables.meetings_known(heads), _recounted(rows, heads).meetings()
    for meeting in sorted((stored.keys() | again.keys()) - incomplete):
        ours: dict[str, Any] = stored.get(meeting) or {}
        theirs = again.get(meeting, {})
        wrong = [
            f"{name} {ours.get(name)} for {theirs.get(name)}" for name in MEETING if ours.get(name) != theirs.get(name)
        ]
        hold("roll-up = recount", not wrong, f"as of {dict(heads)}, meeting {meeting}: {'; '.join(wrong)}")


def _recounted(rows: dict[str, list[RecordedEvent]], heads: Heads) -> Recount:
    recount = Recount()
    for log_id, log in rows.items():
        for row in log:
            if row.position <= heads[log_id] and row.type in Facts.types:
                recount.add(row)
    return recount


def _compare_sums(tables: Tables, tree_log: Sequence[RecordedEvent], head: int) -> None:
    """The same months over our tree and over the second one, for each period's last day."""
    tally = TreeTally()
    for row in tree_log:
        if row.position <= head:
            tally.add(row)
    padded = {place: defaultdict(int, month) for place, month in tables.months.items()}
    for period, day in PERIODS.items():
        ours = tables.sums(tables.months, period, day, head)
        theirs = sums(tally, padded, period, day)
        hold("roll-up = recount", ours.keys() == theirs.keys(), f"units in {period}, tree at {head}: {ours}, {theirs}")
        for unit in sorted(ours):
            sides = [tuple(side[unit].get(name, 0) for name in SUMMED) for side in (ours, theirs)]
            hold("roll-up = recount", sides[0] == sides[1], f"unit {unit[-4:]} in {period}, tree at {head}: {sides}")


async def check_end(world: World) -> None:
    """Everything was applied once, in order; the watermarks say so; figures and rosters are those of all the logs."""
    rows = {log_id: await world.services[log_id].rows() for log_id in LOGS}
    for kind, service in world.handlers:
        for log_id in kind.sources:
            wanted = by_key([row for row in rows[log_id] if row.type in kind.types])
            applied = _applied(service, kind.name, log_id)
            hold("applied = log", applied == wanted, f"{kind.name} applied {applied}, {log_id} has {wanted}")
            watermark = await service.store.watermark(kind.name, log_id)
            said = watermark and (watermark.position, sorted(watermark.held_keys))
            head = rows[log_id][-1].position if rows[log_id] else 0
            hold("watermark", said == (head, []), f"{kind.name} says {said} of {log_id} at the end")
    held = {row.event_id for row in rows["meetings"] if row.type == "MeetingHeld"}
    answered = [row.metadata.causation_id for row in await _roll_calls(world)]
    hold(
        "one reaction per event",
        sorted(held) == sorted(filter(None, answered)),
        f"{len(held)} held, answers {answered}",
    )
    _check_rosters(rows)
    _check_months(Tables(world.services["reporting"].store.effects), rows)


def _check_months(tables: Tables, rows: dict[str, list[RecordedEvent]]) -> None:
    again = _recounted(rows, dict.fromkeys(LOGS, 2**63)).months()
    for place in sorted(tables.months.keys() | again.keys()):
        ours, theirs = ({name: side.get(place, {}).get(name) for name in MONTH} for side in (tables.months, again))
        hold("roll-up = recount", ours == theirs, f"{place}: {ours}, recounted {theirs}")


def _check_rosters(rows: dict[str, list[RecordedEvent]]) -> None:
    """However late a status came: roster and discrepancies together say what all of membership's log says."""
    pasts: dict[UUID, Past] = {}
    for row in rows["membership"]:
        if row.type in ("MemberAdmitted", "MemberStatusChanged"):
            fact = RollCalls.types.decode(row.type, row.schema_version, row.data)
            assert isinstance(fact, membership.MemberAdmitted | membership.MemberStatusChanged)
            pasts[fact.member_id] = past_with(pasts.get(fact.member_id), fact, row.position)
    for stream in sorted({row.stream for row in rows["attendance"]}):
        log = [row for row in rows["attendance"] if row.stream == stream]
        state = ROLL_CALL.decider.fold(ROLL_CALL.types.decode(row.type, row.schema_version, row.data) for row in log)
        for member, past in pasts.items():
            assert state.drawn
            said, true = state.expected_row(member), row_of(member, past, state.drawn.unit_id, state.drawn.held_on)
            hold("late status", said == true, f"{stream} says {said} of {member}, membership {true}")
