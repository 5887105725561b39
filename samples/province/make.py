"""Puts the sample together: the same seed and scale give the same province, for ever."""

from random import Random

from samples.province.model import Province
from samples.province.offices import assignments, offices
from samples.province.people import members
from samples.province.scale import SCALES
from samples.province.units import units


def make_province(seed: int = 7, scale: str = "default") -> Province:
    """`scale`: one of `SCALES`. Each part has its own random source, so that one can change without the others."""
    size = SCALES[scale]
    province = Province(units=units(size, Random(f"{seed} units")))
    province.members = list(members(list(province.cells()), size, Random(f"{seed} members")))
    province.offices = list(offices(province))
    province.assignments = list(assignments(province))
    return province
