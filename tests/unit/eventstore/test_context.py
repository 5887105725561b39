"""Command ids: what makes a repetition a repetition."""

from dataclasses import replace
from uuid import UUID, uuid4

from shared.contracts.envelope import Metadata
from shared.eventstore import Context, MemoryLog, command_id, reaction_context
from tests.conformance.appends import append_of


def test_a_command_id_is_the_same_for_ever() -> None:
    assert command_id("office:1", "POST /meetings", "abc") == UUID("ddf19324-746c-5b11-96e5-86a7203e485f")


def test_another_subject_route_or_key_is_another_command() -> None:
    ids = {command_id(*parts) for parts in (("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("a", "b", "d"))}
    assert len(ids) == 4


def test_ids_of_a_request_repeat_with_it_and_differ_by_name() -> None:
    context = Context(uuid4(), Metadata(correlation_id=UUID(int=1), actor="office:1"))
    again = replace(context)
    assert context.new_id("meeting") == again.new_id("meeting")
    assert len({context.new_id("a"), context.new_id("b"), context.part("a").command_id, context.command_id}) == 4
    assert context.part("a").metadata == context.metadata


async def test_a_reaction_keeps_correlation_and_trace_and_names_its_cause() -> None:
    append = append_of()
    [cause] = await MemoryLog().append(
        replace(append, metadata=replace(append.metadata, traceparent="00-1-2-01", on_behalf_of="cell"))
    )
    context = reaction_context("attendance.roster", cause)
    assert context == reaction_context("attendance.roster", cause)
    assert context.metadata == Metadata(
        correlation_id=cause.metadata.correlation_id,
        actor="service:attendance.roster",
        causation_id=cause.event_id,
        traceparent="00-1-2-01",
    )


async def test_another_consumer_event_or_number_is_another_reaction() -> None:
    one, two = await MemoryLog().append(append_of("a", "b"))
    contexts = [reaction_context("a", one), reaction_context("b", one), reaction_context("a", two)]
    assert len({context.command_id for context in (*contexts, reaction_context("a", one, 1))}) == 4
