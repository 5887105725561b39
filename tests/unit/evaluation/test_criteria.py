"""A published criteria set is consistent: whatever happens in a meeting, its total is the scale."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.evaluation.domain import errors
from services.evaluation.domain.criteria import DECIDER, PublishCriteriaSet, WithdrawCriteriaSet
from shared.contracts.evaluation import (
    Band,
    Condition,
    CriteriaSetPublished,
    CriteriaSetWithdrawn,
    Item,
    Measure,
    Option,
    Override,
)
from shared.contracts.event import Event
from tests.unit.evaluation.sets import SAMPLES, item, published, sample, small


def publish(command: PublishCriteriaSet, *past: Event) -> Sequence[Event]:
    return DECIDER.decide(command, DECIDER.fold(past))


def changed(item: Item, **fields: Any) -> Item:
    return item.model_copy(update=fields)


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.json")))
def test_every_sample_set_is_consistent(name: str) -> None:
    event = published(sample(name))
    assert event.criteria_set == name
    assert event.scale == 100


def test_the_ward_table_is_complete() -> None:
    groups = published(sample("hd42-anphu-2025")).groups
    # The 28 items of the form, its regular item twice: alone and combined with a thematic part.
    assert [len(group.items) for group in groups] == [1, 2, 5, 9, 4, 4, 1, 3]
    assert [group.points for group in groups] == [5, 5, 10, 30, 10, 5, 30, 5]


def test_the_central_frame_has_seven_groups_and_ten_rows() -> None:
    groups = published(sample("hd42-khung-7nhom")).groups
    assert [group.points for group in groups] == [5, 5, 10, 40, 5, 30, 5]
    assert sum(len(group.items) for group in groups) == 10


def test_publishing_again_says_nothing_and_a_change_is_a_new_revision() -> None:
    first = published(small())
    assert publish(small(), first) == []
    (second,) = publish(replace(small(), name="Bộ nhỏ, sửa đổi"), first)
    assert isinstance(second, CriteriaSetPublished)
    assert second.revision == 2


def test_a_revision_published_in_error_is_withdrawn_once_and_its_number_never_comes_again() -> None:
    first = published(small())
    withdrawal = WithdrawCriteriaSet("small", 1, "wrong-date")
    events = DECIDER.decide(withdrawal, DECIDER.fold([first]))
    assert events == [CriteriaSetWithdrawn(criteria_set="small", revision=1, reason="wrong-date")]
    assert DECIDER.decide(withdrawal, DECIDER.fold([first, *events])) == []
    assert publish(small(), first, *events) == [first.model_copy(update={"revision": 2})]


def test_a_withdrawn_revision_leaves_the_one_before_it() -> None:
    first = published(small())
    (second,) = publish(replace(small(), name="Bộ nhỏ, sửa đổi"), first)
    gone = CriteriaSetWithdrawn(criteria_set="small", revision=2, reason="wrong-items")
    assert publish(small(), first, second, gone) == []


@pytest.mark.parametrize("revision", [0, 2])
def test_refuses_to_withdraw_a_revision_that_there_never_was(revision: int) -> None:
    with pytest.raises(errors.CriteriaUnknown):
        DECIDER.decide(WithdrawCriteriaSet("small", revision, "wrong-date"), DECIDER.fold([published(small())]))


def test_a_code_belongs_to_the_committee_that_published_it_first() -> None:
    with pytest.raises(errors.CriteriaOfAnotherUnit):
        publish(replace(small(), unit_id=UUID(int=2)), published(small()))


def options(*ranges: tuple[int | None, int | None]) -> tuple[Option, ...]:
    return tuple(
        Option(
            code=f"o{n}",
            name="Phương án",
            points=Decimal(100 - n),
            at_least=None if low is None else Decimal(low),
            below=None if high is None else Decimal(high),
        )
        for n, (low, high) in enumerate(ranges)
    )


MEASURED = changed(item(), measure=Measure.SPEAKERS_PERCENT)

INCONSISTENT = {
    "items do not add up to the group": small(item(points=90)),
    "groups do not add up to the scale": replace(small(), scale=Decimal(99)),
    "a code twice": small(item(points=50), item(points=50)),
    "a month without a thematic part loses points": small(
        item("1.1", 90), changed(item("1.2", 10), condition=Condition.THEMATIC_PART, otherwise_full=False)
    ),
    "no option gives the full points": small(changed(item(), options=item().options[1:])),
    "a hole between ranges": small(changed(MEASURED, options=options((50, None), (0, 49)))),
    "an overlap of ranges": small(changed(MEASURED, options=options((50, None), (0, 51)))),
    "ranges that end": small(changed(MEASURED, options=options((50, 100), (0, 50)))),
    "an option that nothing reaches": small(changed(MEASURED, options=options((0, None), (None, None)))),
    "ranges without a measure": small(changed(item(), options=options((0, None)))),
    "an override to nowhere": small(
        changed(item(), overrides=(Override(when="any_unexcused_absence", option="lowest"),))
    ),
    "an override by an unknown fact": small(changed(item(), overrides=(Override(when="full_moon", option="none"),))),
    "a measure without options": small(changed(item(), options=(), measure=Measure.ATTENDANCE_PERCENT)),
    "bands that do not begin at 0": replace(small(), bands=(Band(rating="good", name="Tốt", at_least=Decimal(90)),)),
    "a band above the scale": replace(
        small(), bands=(*small().bands, Band(rating="top", name="Xuất sắc", at_least=Decimal(101)))
    ),
    "parts that do not exist": replace(small(), for_parts=("festive",)),
}


@pytest.mark.parametrize("command", INCONSISTENT.values(), ids=INCONSISTENT.keys())
def test_refuses_a_set_that_does_not_fit_together(command: PublishCriteriaSet) -> None:
    with pytest.raises(errors.CriteriaInconsistent):
        publish(command)
