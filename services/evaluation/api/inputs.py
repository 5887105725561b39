"""What clients send. A criteria set is sent as its file in `samples/criteria` stands, with the publishing unit."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.evaluation.domain.choices import Choice
from services.evaluation.domain.criteria import PARTS, PublishCriteriaSet
from shared.contracts.evaluation import Band, Group, RequiredDuration
from shared.contracts.fields import Citation, Code, Count, GivenDay, OfficialName, Points
from shared.web.examples import PROVINCE, example
from shared.web.inputs import Input


class CriteriaSetInput(Input):
    """`about`: where the table was found and which settings close its gaps; read by people, not published."""

    model_config = example(
        criteria_set="hai-nhom",
        name="Tiêu chí hai nhóm, để làm ví dụ",
        unit_id=PROVINCE,
        valid_from="2026-02-01",
        scale=100,
        source={"number": "42-HD/BTCTW", "issued_on": "2025-10-28"},
        groups=[
            {
                "code": "1",
                "name": "Công tác chuẩn bị",
                "points": 40,
                "items": [{"code": "1.1", "name": "Chuẩn bị nội dung", "points": 40, "options": []}],
            },
            {
                "code": "2",
                "name": "Chất lượng sinh hoạt",
                "points": 60,
                "items": [{"code": "2.1", "name": "Thảo luận, kết luận", "points": 60, "options": []}],
            },
        ],
        bands=[
            {"rating": "good", "name": "Tốt", "at_least": 80},
            {"rating": "poor", "name": "Kém", "at_least": 0},
        ],
    )

    criteria_set: Code
    name: OfficialName
    unit_id: UUID
    valid_from: GivenDay
    scale: Points
    source: Citation
    about: tuple[str, ...] = ()
    for_parts: tuple[Code, ...] = PARTS
    durations: tuple[RequiredDuration, ...] = ()
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]
    bands: Annotated[tuple[Band, ...], Field(min_length=1)]

    def command(self) -> PublishCriteriaSet:
        said = {name: getattr(self, name) for name in CriteriaSetInput.model_fields if name != "about"}
        return PublishCriteriaSet(**said)


# What an event can hold; whether it is too many says the criteria set.
GivenPoints = Annotated[Decimal, Field(ge=0, max_digits=6, decimal_places=2)]


class ChoiceInput(Input):
    """An option by its code, or points: where the item has no options, or only one option has so many."""

    item: Code
    option: Code | None = None
    points: GivenPoints | None = None

    def choice(self) -> Choice:
        return Choice(self.item, self.option, self.points)


class ScoreInput(Input):
    """Choices for the items that the recorded meeting and roll call do not decide; others may be given and must agree.

    Without `criteria_set`: the nearest committee's set for this kind of meeting that is valid on its day.
    """

    model_config = example(
        criteria_set="hai-nhom", choices=[{"item": "1.1", "points": 35}, {"item": "2.1", "points": 50}]
    )

    criteria_set: Code | None = None
    choices: Annotated[tuple[ChoiceInput, ...], Field(max_length=500)]


class VoteInput(Input):
    """`base`: official members convened, not those present: 294-QĐ/TW (26/5/2025) 9.3."""

    model_config = example(ayes=3, base=3)

    ayes: Count
    base: Annotated[Count, Field(gt=0)]


class RatingInput(Input):
    """`reason`: why it differs from the self-score."""

    model_config = example(rating="poor", reason="inspection")

    rating: Code
    total: GivenPoints | None = None
    reason: Code | None = None


class WithdrawalInput(Input):
    model_config = example(reason="typing_error")

    reason: Code
