"""A scoring table as data, checked before it is published: whatever may happen in a meeting, the total is the scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise, product
from typing import assert_never
from uuid import UUID

from services.evaluation.domain import errors
from services.evaluation.domain.facts import OVERRIDES
from shared.contracts.evaluation import (
    Band,
    Condition,
    CriteriaSetPublished,
    CriteriaSetWithdrawn,
    Group,
    Item,
    Option,
    RequiredDuration,
)
from shared.contracts.event import Event
from shared.contracts.fields import Citation
from shared.decider import Decider

PARTS = ("regular", "thematic")


@dataclass(frozen=True, slots=True)
class PublishCriteriaSet:
    criteria_set: str
    name: str
    unit_id: UUID
    valid_from: date
    scale: Decimal
    source: Citation
    groups: tuple[Group, ...]
    bands: tuple[Band, ...]
    for_parts: tuple[str, ...] = PARTS
    durations: tuple[RequiredDuration, ...] = ()


@dataclass(frozen=True, slots=True)
class WithdrawCriteriaSet:
    criteria_set: str
    revision: int
    reason: str


CriteriaCommand = PublishCriteriaSet | WithdrawCriteriaSet


@dataclass(frozen=True, slots=True)
class CriteriaSet:
    """`revision`: the last number that was given. `live`: revisions that were not withdrawn, the newest last."""

    unit_id: UUID | None = None
    revision: int = 0
    live: tuple[CriteriaSetPublished, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What a meeting has: it decides which items are scored."""

    thematic_part: bool
    has_committee: bool


def decide(command: CriteriaCommand, state: CriteriaSet) -> Sequence[Event]:
    match command:
        case PublishCriteriaSet():
            return publish(command, state)
        case WithdrawCriteriaSet():
            return withdraw(command, state)
        case _:
            assert_never(command)


def publish(command: PublishCriteriaSet, state: CriteriaSet) -> Sequence[Event]:
    """A new revision; nothing when it says what the latest one says. Raises one error that names every fault."""
    if state.unit_id not in (None, command.unit_id):
        raise errors.CriteriaOfAnotherUnit("Mã bộ tiêu chí đã thuộc cấp ủy khác; hãy đặt mã khác.")
    if problems := list(faults(command)):
        raise errors.CriteriaInconsistent("; ".join(problems))
    published = CriteriaSetPublished(
        criteria_set=command.criteria_set,
        revision=state.revision + 1,
        name=command.name,
        unit_id=command.unit_id,
        valid_from=command.valid_from,
        scale=command.scale,
        source=command.source,
        for_parts=command.for_parts,
        groups=command.groups,
        bands=command.bands,
        durations=command.durations,
    )
    says_the_same = [published.model_copy(update={"revision": latest.revision}) == latest for latest in state.live[-1:]]
    return [] if any(says_the_same) else [published]


def withdraw(command: WithdrawCriteriaSet, state: CriteriaSet) -> Sequence[Event]:
    if not 1 <= command.revision <= state.revision:
        raise errors.CriteriaUnknown(f"Không có bản {command.revision} của bộ tiêu chí {command.criteria_set}.")
    if command.revision not in {published.revision for published in state.live}:
        return []
    return [CriteriaSetWithdrawn(criteria_set=command.criteria_set, revision=command.revision, reason=command.reason)]


def evolve(state: CriteriaSet, event: Event) -> CriteriaSet:
    match event:
        case CriteriaSetPublished():
            return CriteriaSet(event.unit_id, event.revision, (*state.live, event))
        case CriteriaSetWithdrawn():
            left = tuple(published for published in state.live if published.revision != event.revision)
            return replace(state, live=left)
        case _:
            return state


def applies(condition: Condition, setting: Setting) -> bool:
    match condition:
        case Condition.ALWAYS:
            return True
        case Condition.THEMATIC_PART:
            return setting.thematic_part
        case Condition.NO_THEMATIC_PART:
            return not setting.thematic_part
        case Condition.HAS_COMMITTEE:
            return setting.has_committee


def points_without(item: Item) -> Decimal:
    """What an item gives when its condition is not met: full marks or nothing."""
    return item.points if item.otherwise_full else Decimal(0)


def faults(command: PublishCriteriaSet) -> Iterator[str]:
    """Every place where the table does not fit together, as `path: what is wrong`."""
    if not command.for_parts or not set(command.for_parts) <= set(PARTS):
        yield "for_parts: chỉ nhận regular, thematic và phải có ít nhất một"
    yield from _repeated("groups", [group.code for group in command.groups])
    yield from _repeated("items", [item.code for group in command.groups for item in group.items])
    for g, group in enumerate(command.groups):
        yield from _total_faults(f"groups[{g}]", group.items, group.points, command.for_parts)
        for i, item in enumerate(group.items):
            yield from _item_faults(f"groups[{g}].items[{i}]", item)
    total = sum((group.points for group in command.groups), Decimal(0))
    if total != command.scale:
        yield f"scale: tổng điểm các nhóm là {total}, thang điểm là {command.scale}"
    yield from _band_faults(command.bands, command.scale)


def _total_faults(path: str, items: Sequence[Item], points: Decimal, for_parts: Sequence[str]) -> Iterator[str]:
    """The group must be worth its points in every kind of meeting, so that the total never silently drops."""
    thematic = [part == "thematic" for part in for_parts]
    for setting in (Setting(*pair) for pair in product(thematic, (True, False))):
        total = sum(
            (item.points if applies(item.condition, setting) else points_without(item) for item in items), Decimal(0)
        )
        if total != points:
            yield f"{path}: tổng các mục là {total}, nhóm có {points} điểm ({setting})"


def _item_faults(path: str, item: Item) -> Iterator[str]:
    if not item.options:
        if item.measure is not None or item.overrides:
            yield f"{path}: mục không có phương án thì không có thước đo hay quy tắc ép"
        return
    yield from _repeated(f"{path}.options", [option.code for option in item.options])
    best = max(option.points for option in item.options)
    if best != item.points:
        yield f"{path}: phương án cao nhất có {best} điểm, mục có {item.points} điểm"
    codes = {option.code for option in item.options}
    for n, override in enumerate(item.overrides):
        if override.option not in codes:
            yield f"{path}.overrides[{n}].option: không có phương án {override.option}"
        if override.when not in OVERRIDES:
            yield f"{path}.overrides[{n}].when: chưa biết điều kiện {override.when}"
    if item.measure is None:
        if any(_has_range(option) for option in item.options):
            yield f"{path}.options: có khoảng giá trị nhưng thiếu thước đo"
    else:
        yield from _range_faults(path, item)


def _range_faults(path: str, item: Item) -> Iterator[str]:
    """From 0 up without hole or overlap; an option without range can only be reached by an override."""
    forced = {override.option for override in item.overrides}
    for option in item.options:
        if not _has_range(option) and option.code not in forced:
            yield f"{path}.options {option.code}: không có khoảng giá trị và không có quy tắc ép nào dẫn tới"
    ranges = sorted((option.at_least or Decimal(0), option.below) for option in item.options if _has_range(option))
    if not ranges:
        yield f"{path}.options: thước đo cần các khoảng giá trị"
        return
    if ranges[0][0] != 0 or ranges[-1][1] is not None:
        yield f"{path}.options: các khoảng phải bắt đầu từ 0 và khoảng cuối không có chặn trên"
    for (_, below), (at_least, _) in pairwise(ranges):
        if below != at_least:
            yield f"{path}.options: hở hoặc chồng giữa {below} và {at_least}"


def _has_range(option: Option) -> bool:
    return option.at_least is not None or option.below is not None


def _band_faults(bands: Sequence[Band], scale: Decimal) -> Iterator[str]:
    yield from _repeated("bands", [band.rating for band in bands])
    starts = [band.at_least for band in bands]
    if not starts or min(starts) != 0:
        yield "bands: mức thấp nhất phải bắt đầu từ 0 điểm"
    if any(start > scale for start in starts) or len(set(starts)) != len(starts):
        yield "bands: các mức phải có ngưỡng khác nhau và không vượt thang điểm"


def _repeated(path: str, codes: Sequence[str]) -> Iterator[str]:
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield f"{path}: mã {code} bị lặp"


DECIDER = Decider(initial=CriteriaSet(), decide=decide, evolve=evolve)
