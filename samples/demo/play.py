"""One cell's month, step by step, as its secretary, the commune's office and the committee above would enter it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from samples.demo.door import Door
from samples.demo.people import Cell
from samples.month import CellMonth, Correction, Course, Held, Official

CALL_MINUTES = 10
KNOWS = {"meetings": (), "attendance": ("meetings",), "evaluation": ("meetings", "attendance")}
LOWER = {"good": "fair", "fair": "average", "average": "poor"}


@dataclass
class CellPlay:
    """Plays `month` for `cell`. The steps are called one after the other for all cells; each does its part or nothing.

    `items`: codes and conditions of the criteria set's items that nothing recorded decides.
    """

    door: Door
    cell: Cell
    month: CellMonth
    items: Mapping[str, str]
    meeting_id: UUID = field(default_factory=uuid4)
    sitting_id: UUID = field(default_factory=uuid4)
    roster: list[Mapping[str, Any]] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)

    async def schedule(self) -> None:
        """The plan with its place, the notice, the documents; a cell that did not meet says why."""
        if self.month.course is Course.NOT_HELD:
            plan = {"unit_id": str(self.cell.unit_id), "period": self.month.period, "parts": ["regular"]}
            await self._meeting("not-held", {"plan": plan, "reason": self.month.reason})
        if self._held is None:
            return
        held = self._held
        place = f"Nhà văn hóa, {self.cell.name}"
        sitting = {"sitting_id": str(self.sitting_id), "starts_at": held.starts_at.isoformat(), "place": place}
        plan = {"meeting_id": str(self.meeting_id), "unit_id": str(self.cell.unit_id), "period": self.month.period}
        await self._command("/meetings/meetings", {**plan, "parts": self._parts, "sittings": [sitting]})
        notice = {"issued_at": (held.starts_at - timedelta(days=3)).isoformat(), "follower_informed": True}
        await self._meeting("notice", notice)
        for number in range(held.documents):
            await self._meeting("documents", self._document(number))

    async def call_the_roll(self) -> None:
        """Both roll calls, live or from paper; reasons; guests."""
        if self._held is None:
            return
        if self.month.course is Course.HELD_ENTERED_LATE:
            # The first entry draws the roster, against which the paper list is then read.
            await self._roll_call("late-entry", {"call": "start", "guests": self._held.guests})
            await self._read_roster()
            listed = {"check_ins": self._came(early=True), "absences": self._absences()}
            await self._roll_call("late-entry", {"call": "start", **listed})
            await self._roll_call("late-entry", {"call": "end", "check_ins": self._came(early=False), "at": self._ends})
            return
        await self._roll_call("open", {"call": "start", "opened_at": self._starts})
        await self._read_roster()
        await self._check_in("start", self._came(early=True), self._starts)
        if absences_given := self._absences():
            await self._roll_call("absences", {"absences": absences_given})
        await self._roll_call("guests", {"guests": self._held.guests})
        await self._roll_call("close", {"call": "start", "closed_at": self._later(CALL_MINUTES)})
        await self._roll_call("open", {"call": "end", "opened_at": self._later(self._held.minutes - CALL_MINUTES)})
        await self._check_in("end", self._came(early=False), self._ends)
        await self._roll_call("close", {"call": "end", "closed_at": self._ends})

    async def hold(self) -> None:
        """What became of the meeting, its minutes, its resolution."""
        if self._held is None:
            return
        held = self._held
        sitting = {"sitting_id": str(self.sitting_id), "started_at": self._starts, "ended_at": self._ends}
        # One of the mistakes that is put right afterwards: a digit too many.
        speakers = held.speakers * 10 if held.correction is Correction.SPEAKERS else held.speakers
        outcome = {"sittings": [sitting], "speakers": speakers, "superior_attended": held.superior_attended}
        await self._meeting("held", outcome)
        await self._meeting("minutes", {"text": f"Biên bản sinh hoạt tháng 3/2026 của {self.cell.name}."})
        await self._meeting("resolution", self._resolution())
        if held.correction is Correction.SPEAKERS:
            await self._meeting("correction", {"reason": "typing_error", "speakers": held.speakers})

    async def correct_attendance(self) -> None:
        """Check-ins and excuses that were entered wrong."""
        if self._held is None or not self._present:
            return
        if self._held.correction is Correction.CHECK_IN:
            wrong = {"member_id": self._present[0], "call": "start", "reason": "wrong_member"}
            await self._roll_call("check-in-withdrawals", wrong)
            again = {"call": "start", "check_ins": [{"member_id": self._present[0]}], "at": self._starts}
            await self._roll_call("late-entry", again)
        if self._held.correction is Correction.EXCUSE:
            absent = next(absence for absence in self._held.absences if not absence.excused)
            found = {"member_id": self._member(absent.place), "excused": True, "reason": "illness"}
            await self._roll_call("absences", {"absences": [found]})

    async def score(self) -> None:
        """The self-score and the vote on it."""
        if self._held is None:
            return
        if self._held.correction is Correction.SELF_SCORE:
            wrong = [{"item": "5.2", "option": "none"}, *(c for c in self._choices() if c["item"] != "5.2")]
            await self._score("score", {"choices": wrong})
        await self._score("score", {"choices": self._choices()})
        base = sum(1 for row in self.roster if row["votes"])
        await self._score("vote", {"ayes": max(base // 2 + 1, base - self._held.against), "base": base})

    async def rate(self) -> None:
        """The committee that decides agrees, lowers, or lets the cell wait."""
        if self._held is None or self._held.official is Official.AWAITING:
            return
        seen = await self.door.read(f"/evaluation/scores/{self.meeting_id}", self.cell.appraiser)
        rating = seen["scored"]["rating"]
        if self._held.official is Official.LOWERED and rating in LOWER:
            await self._rate({"rating": LOWER[rating], "reason": "inspection"})
            return
        if self._held.correction is Correction.RATING and rating in LOWER:
            await self._rate({"rating": LOWER[rating], "reason": "inspection"})
        await self._rate({"rating": rating})

    @property
    def _held(self) -> Held | None:
        return self.month.held

    @property
    def _parts(self) -> list[str]:
        return ["regular", "thematic"] if self._held and self._held.thematic else ["regular"]

    @property
    def _starts(self) -> str:
        return self._later(0)

    @property
    def _ends(self) -> str:
        return self._later(self._held.minutes if self._held else 0)

    def _later(self, minutes: int) -> str:
        starts_at = self._held.starts_at if self._held else None
        return (starts_at + timedelta(minutes=minutes)).isoformat() if starts_at else ""

    def _member(self, place: int) -> str:
        return self._expected[place % len(self._expected)]

    @cached_property
    def _expected(self) -> list[str]:
        return sorted(row["member_id"] for row in self.roster if row["expected"])

    @cached_property
    def _present(self) -> list[str]:
        absent = {self._member(absence.place) for absence in self._held.absences} if self._held else set()
        return [member for member in self._expected if member not in absent]

    def _came(self, *, early: bool) -> list[dict[str, str]]:
        """Those at the first roll call (`early`), or those still there at the second."""
        left = {self._member(place) for place in self._held.left_early} if self._held else set()
        return [{"member_id": member} for member in self._present if early or member not in left]

    def _absences(self) -> list[dict[str, Any]]:
        """Reasons as they were given. The wrong excuse of a correction is in the plan: an absence without reason."""
        given = self._held.absences if self._held else ()
        return [
            {"member_id": self._member(absence.place), "excused": absence.excused, "reason": absence.reason}
            for absence in given
            if absence.excused is not None
        ]

    def _document(self, number: int) -> dict[str, Any]:
        title = f"Tài liệu {number + 1} sinh hoạt tháng 3/2026"
        days = self._held.published_days_before if self._held else 0
        published = self._held.starts_at - timedelta(days=days, minutes=number) if self._held else None
        return {
            "kind": "agenda" if number == 0 else "report",
            "title": title,
            "content_sha256": hashlib.sha256(f"{self.cell.code} {title}".encode()).hexdigest(),
            "published_at": published.isoformat() if published else None,
        }

    def _resolution(self) -> dict[str, Any]:
        held = self._held
        base = sum(1 for row in self.roster if row["votes"])
        targets = [{"text": f"Chỉ tiêu {number + 1} tháng 4/2026"} for number in range(held.targets if held else 0)]
        issued_on = held.held_on.isoformat() if held else None
        return {
            "document": {"number": "03-NQ/CB", "issued_on": issued_on},
            "text": f"Nghị quyết tháng 3/2026 của {self.cell.name}.",
            "targets": targets,
            "vote": {"ayes": max(base // 2 + 1, base - (held.against if held else 0)), "base": base},
        }

    def _choices(self) -> list[dict[str, str]]:
        lowered = dict(self._held.lowered) if self._held else {}
        given = {
            "always": True,
            "thematic_part": "thematic" in self._parts,
            "no_thematic_part": "thematic" not in self._parts,
            "has_committee": self.cell.has_committee,
        }
        best = {"7.1": "from-90"}
        return [
            {"item": item, "option": lowered.get(item, best.get(item, "full"))}
            for item, condition in self.items.items()
            if given[condition]
        ]

    async def _read_roster(self) -> None:
        seen = await self.door.read(f"/attendance/roll-calls/{self.meeting_id}", self.cell.secretary)
        self.roster = [row["row"] for row in seen["rows"] if row["row"]]

    async def _check_in(self, call: str, members: list[dict[str, str]], at: str) -> None:
        if members:
            entered = [{**member, "at": at, "way": "paper"} for member in members]
            await self._roll_call("check-ins", {"call": call, "check_ins": entered})

    async def _meeting(self, step: str, body: Mapping[str, Any]) -> None:
        await self._command(f"/meetings/meetings/{self.meeting_id}/{step}", body)

    async def _roll_call(self, step: str, body: Mapping[str, Any]) -> None:
        await self._command(f"/attendance/roll-calls/{self.meeting_id}/{step}", body)

    async def _score(self, step: str, body: Mapping[str, Any]) -> None:
        await self._command(f"/evaluation/scores/{self.meeting_id}/{step}", body)

    async def _rate(self, body: Mapping[str, Any]) -> None:
        path = f"/evaluation/scores/{self.meeting_id}/rating"
        await self.door.command(path, body, self.cell.appraiser, at_least=self._learned(path))

    async def _command(self, path: str, body: Mapping[str, Any]) -> None:
        token, behalf = self.cell.secretary, None
        if self.month.on_behalf and self.cell.commune_office:
            token, behalf = self.cell.commune_office, self.cell.unit_id
        accepted = await self.door.command(path, body, token, behalf=behalf, at_least=self._learned(path))
        if accepted["at"]:
            self.written[path.split("/")[1]] = accepted["at"]

    def _learned(self, path: str) -> list[str]:
        """What this cell wrote to other services: the asked one learns it over Kafka, and decides on it."""
        asked = path.split("/")[1]
        return [at for service, at in self.written.items() if service in KNOWS[asked]]
