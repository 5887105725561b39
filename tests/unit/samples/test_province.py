"""The sample is the same for the same seed, has every shape at every scale, and the published totals at full scale."""

from collections import Counter
from pathlib import Path

import pytest

from samples.month import Correction, Course, Official, plan_month
from samples.province import SCALES, make_province
from samples.province.files import write_files
from samples.province.people import TODAY
from samples.province.units import communes
from shared.contracts.membership import MemberStatus, OfficeRole, Standing

KINDS = {"province", "commune", "block", "grassroots_committee", "sub_committee", "cell", "grassroots_cell"}


def test_the_communes_of_ha_tinh_are_the_69_real_ones() -> None:
    assert len(communes()) == 69
    assert Counter(commune.is_ward for commune in communes()) == {False: 60, True: 9}


@pytest.mark.parametrize("scale", ["small", "default"])
def test_every_scale_has_every_shape(scale: str) -> None:
    province = make_province(scale=scale)
    assert {unit.kind for unit in province.units} == KINDS
    statuses = {member.status for member in province.members}
    assert statuses == set(MemberStatus) - {MemberStatus.DEPARTED}
    assert {member.standing for member in province.members} == set(Standing)
    assert {office.role for office in province.offices} == set(OfficeRole)
    kinds = {unit.code: unit.kind for unit in province.units}
    depths = {kinds[unit.parent] for unit in province.cells() if unit.parent}
    assert depths == {"commune", "block", "grassroots_committee", "sub_committee"}


@pytest.mark.parametrize("scale", SCALES)
def test_codes_are_unique_parents_stand_first_and_offices_name_active_members(scale: str) -> None:
    province = make_province(scale=scale)
    seen: set[str | None] = {None}
    for unit in province.units:
        assert unit.parent in seen
        assert unit.code not in seen
        seen.add(unit.code)
    by_code = {member.code: member for member in province.members}
    assert len(by_code) == len(province.members)
    named = {office.member for office in province.offices if office.member}
    assert all(by_code[code].status is MemberStatus.ACTIVE for code in named)


def test_the_full_scale_has_the_published_totals() -> None:
    province = make_province(scale="full")
    kinds = Counter(unit.kind for unit in province.units)
    assert (kinds["cell"], kinds["commune"]) == (4131, 69)
    assert kinds["grassroots_cell"] > 200
    assert 97_000 < len(province.members) < 100_000


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, second, other = (
        write_files(make_province(seed, "small"), tmp_path / name)
        for seed, name in ((7, "first"), (7, "second"), (8, "other"))
    )
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()
    assert (first / "members.csv").read_bytes() != (other / "members.csv").read_bytes()


def test_a_follower_may_come_from_outside_the_whole_subtree() -> None:
    province = make_province(scale="default")
    homes = {member.code: member.cell for member in province.members}
    blocks = [(homes[given.member].split(".")[1], given.unit.split(".")[1]) for given in province.assignments]
    assert any(home != followed for home, followed in blocks)


@pytest.mark.parametrize("scale", ["small", "default"])
def test_a_month_has_every_course_every_rating_and_every_correction(scale: str) -> None:
    province = make_province(scale=scale)
    month = plan_month(province)
    assert month == plan_month(province)
    assert [cell.cell for cell in month] == [unit.code for unit in province.cells()]
    assert {cell.course for cell in month} == set(Course)
    held = [cell.held for cell in month if cell.held]
    assert {meeting.official for meeting in held} == set(Official)
    assert {meeting.correction for meeting in held} - {None} == set(Correction)
    assert any(cell.on_behalf for cell in month)
    assert {meeting.thematic for meeting in held} == {True, False}


def test_nobody_is_absent_and_present_at_once_or_outside_the_roster() -> None:
    for cell in plan_month(make_province(scale="default")):
        if cell.held:
            absent = {absence.place for absence in cell.held.absences}
            assert not absent & set(cell.held.left_early)
            assert all(0 <= place < cell.held.expected for place in absent | set(cell.held.left_early))
            assert cell.held.speakers <= cell.held.expected - len(absent)
            assert cell.held.held_on > TODAY
