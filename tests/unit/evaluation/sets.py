"""The criteria sets of the samples, and a small one to vary, as commands."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from pydantic import TypeAdapter

from services.evaluation.domain.criteria import DECIDER, PublishCriteriaSet
from shared.contracts.evaluation import Band, CriteriaSetPublished, Group, Item, Option
from shared.contracts.fields import Citation

SAMPLES = Path(__file__).parents[3] / "samples" / "criteria"
UNIT = UUID(int=1)


def sample(name: str) -> PublishCriteriaSet:
    body = json.loads((SAMPLES / f"{name}.json").read_text())
    del body["about"]
    return TypeAdapter(PublishCriteriaSet).validate_python({**body, "unit_id": UNIT})


def published(command: PublishCriteriaSet) -> CriteriaSetPublished:
    (event,) = DECIDER.decide(command, DECIDER.initial)
    assert isinstance(event, CriteriaSetPublished)
    return event


def item(code: str = "1.1", points: int = 100) -> Item:
    full = Option(code="full", name="Đạt", points=Decimal(points))
    none = Option(code="none", name="Không đạt", points=Decimal(0))
    return Item(code=code, name="Mục", points=Decimal(points), options=(full, none))


def small(*items: Item, points: int = 100) -> PublishCriteriaSet:
    return PublishCriteriaSet(
        criteria_set="small",
        name="Bộ nhỏ",
        unit_id=UNIT,
        valid_from=date(2026, 1, 1),
        scale=Decimal(points),
        source=Citation(number="1-QD/TU", issued_on=date(2026, 1, 1)),
        groups=(Group(code="1", name="Nhóm", points=Decimal(points), items=items or (item(),)),),
        bands=(
            Band(rating="good", name="Tốt", at_least=Decimal(90)),
            Band(rating="poor", name="Kém", at_least=Decimal(0)),
        ),
    )
