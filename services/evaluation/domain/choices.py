"""From the cell's choices and the known facts to the points of every item: nothing missing, nothing over, no guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.evaluation.domain import errors
from services.evaluation.domain.criteria import Setting, applies, points_without
from services.evaluation.domain.facts import MeetingFacts, derived_option
from shared.contracts.evaluation import CriteriaSetPublished, Item, Option, ScoredItem


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer to an item: the option's code, or points where the item has no options."""

    item: str
    option: str | None = None
    points: Decimal | None = None


def scored_items(
    criteria: CriteriaSetPublished, choices: Sequence[Choice], facts: MeetingFacts
) -> tuple[ScoredItem, ...]:
    """One per item, in the set's order. Raises ChoiceWrong, PointsOverMaximum, ContradictsFacts."""
    items = [item for group in criteria.groups for item in group.items]
    chosen = _by_item(choices, items)
    setting = Setting(thematic_part=facts.thematic_part, has_committee=facts.has_committee)
    missing: list[str] = []
    scored: list[ScoredItem] = []
    for item in items:
        choice = chosen.get(item.code)
        derived = derived_option(item, criteria.durations, facts)
        if not applies(item.condition, setting):
            scored.append(_not_scored(item, choice))
        elif derived is not None:
            scored.append(_derived(item, derived, choice))
        elif choice is None:
            missing.append(f"{item.code} ({item.name})")
        else:
            scored.append(_chosen(item, choice))
    if missing:
        raise errors.ChoiceWrong(f"choices: còn thiếu {'; '.join(missing)}.")
    return tuple(scored)


def _by_item(choices: Sequence[Choice], items: Sequence[Item]) -> Mapping[str, Choice]:
    known = {item.code for item in items}
    for n, choice in enumerate(choices):
        if choice.item not in known:
            raise errors.ChoiceWrong(f"choices[{n}].item: bộ tiêu chí không có mục {choice.item}.")
    chosen = {choice.item: choice for choice in choices}
    if len(chosen) < len(choices):
        raise errors.ChoiceWrong("choices: mỗi mục chỉ được chấm một lần.")
    return chosen


def _not_scored(item: Item, choice: Choice | None) -> ScoredItem:
    points = points_without(item)
    if choice is not None:
        raise errors.ChoiceWrong(f"Mục {item.code} không chấm ở kỳ này (tự động {points} điểm); hãy bỏ khỏi choices.")
    return ScoredItem(item=item.code, option=None, points=points)


def _derived(item: Item, derived: Option, choice: Choice | None) -> ScoredItem:
    if choice is not None and (given := _option(item, choice)) != derived:
        raise errors.ContradictsFacts(
            f"Mục {item.code}: chọn {given.code} ({given.name}) nhưng theo số liệu đã ghi phải là "
            f"{derived.code} ({derived.name}, {derived.points} điểm); nếu số liệu sai, hãy đính chính số liệu."
        )
    return ScoredItem(item=item.code, option=derived.code, points=derived.points)


def _chosen(item: Item, choice: Choice) -> ScoredItem:
    if item.options:
        option = _option(item, choice)
        return ScoredItem(item=item.code, option=option.code, points=option.points)
    if choice.points is None:
        raise errors.ChoiceWrong(f"Mục {item.code} không có phương án: cần points từ 0 đến {item.points}.")
    _check_maximum(item, choice.points)
    return ScoredItem(item=item.code, option=None, points=choice.points)


def _option(item: Item, choice: Choice) -> Option:
    """The option by its code, or by its points where only one option has them."""
    if choice.points is not None:
        _check_maximum(item, choice.points)
    fitting = [
        option
        for option in item.options
        if choice.option in (None, option.code) and choice.points in (None, option.points)
    ]
    if len(fitting) != 1:
        offered = ", ".join(f"{option.code} ({option.points} điểm)" for option in item.options)
        raise errors.ChoiceWrong(f"Mục {item.code}: hãy chọn một trong {offered}.")
    return fitting[0]


def _check_maximum(item: Item, points: Decimal) -> None:
    if points > item.points:
        raise errors.PointsOverMaximum(f"Mục {item.code}: {points} điểm vượt mức tối đa {item.points} điểm.")
