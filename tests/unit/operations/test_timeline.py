"""What a timeline tells apart: requests that overlap, reactions, and times that nobody keeps. Without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from services.operations.actors import role_of
from services.operations.overview import Overview
from services.operations.projections import id_of, office_of, subject_of, trace_of
from services.operations.queries import Traced
from services.operations.timeline import decided_at, timeline
from shared.service import ClientSettings
from shared.web.language import Language, Texts
from shared.web.roles import Role

NOW = datetime(2026, 3, 15, 3, tzinfo=UTC)
NOTHING = Overview(services=(), held=())
ID = UUID(int=1, version=4)


def event(position: int, request: UUID, *, command: UUID | None = None, cause: UUID | None = None) -> Traced:
    return Traced(
        log_id="meetings",
        position=position,
        event_id=uuid4(),
        command_id=command or uuid4(),
        n=0,
        correlation_id=request,
        causation_id=cause,
        stream="meeting-1",
        subject=None,
        version=position,
        key="k",
        type="MeetingHeld",
        schema_version=1,
        actor="service:it" if cause else "client:it",
        on_behalf_of=None,
        trace_id=None,
        partition=0,
        record_offset=position,
        recorded_at=NOW + timedelta(seconds=position),
        sent_at=None,
        indexed_at=NOW,
        role=None,
    )


def test_requests_that_overlap_are_told_one_after_the_other_each_whole() -> None:
    one, two, command = uuid4(), uuid4(), uuid4()
    told = timeline([event(1, one, command=command), event(2, two), event(3, one, command=command)], NOTHING)
    assert [asked.first.correlation_id for asked in told] == [one, two]
    assert [[step.event.position for step in command.steps] for command in told[0].commands] == [[1, 3]]


def test_a_reaction_is_no_request_and_names_the_event_that_it_answers() -> None:
    request = uuid4()
    cause = event(1, request)
    first, second = timeline([cause, event(2, request, cause=cause.event_id)], NOTHING)
    assert (first.is_reaction, second.is_reaction) == (False, True)
    assert second.cause == cause


def test_a_decision_has_the_time_of_its_events_id_or_none() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    made = decided_at(UUID(str(uuid7())))
    assert made is not None
    assert before <= made <= datetime.now(UTC) + timedelta(milliseconds=1)
    assert decided_at(uuid4()) is None


@pytest.mark.parametrize(
    ("actor", "office", "of_cell", "role"),
    [
        (f"office:{ID}", "secretary", True, Role.SECRETARY),
        (f"office:{ID}", "secretary", False, Role.APPRAISER),
        (f"office:{ID}", None, None, None),
        ("client:import", None, None, Role.INTEGRATOR),
        ("client:gone", None, None, None),
        (f"member:{ID}", None, None, Role.MEMBER),
        ("service:attendance.redrawing", None, None, "service"),
        ("", None, None, None),
    ],
)
def test_who_acted_is_a_role_or_not_known(
    actor: str, office: str | None, of_cell: bool | None, role: str | None
) -> None:
    clients = {"import": ClientSettings(role=Role.INTEGRATOR)}
    assert role_of(actor, office, of_cell=of_cell, clients=clients) == role


def test_only_what_is_an_id_is_taken_for_one() -> None:
    assert subject_of(f"roll-call-{ID}") == subject_of(f"score-{ID}") == ID
    assert subject_of("criteria-hd01") is None
    assert id_of(str(ID)) == office_of(f"office:{ID}") == ID
    for other in ("membership tree", "-" * 36, f"{ID}x", ""):
        assert id_of(other) is office_of(f"office:{other}") is None
    assert office_of(f"client:{ID}") is None
    assert trace_of(f"00-{'a' * 32}-{'b' * 16}-01") == "a" * 32
    assert trace_of("nonsense") is trace_of(None) is None


def test_an_instant_is_written_to_the_millisecond_in_vietnamese_time() -> None:
    instant = NOW.replace(microsecond=45_678)
    vietnamese, english = Texts({}, Language.VI), Texts({}, Language.EN)
    assert vietnamese.instant(instant) == "10:00:00,045 15/03/2026"
    assert english.instant(instant, day=False) == "10:00:00.045"
    assert vietnamese.instant(None) == "–"
