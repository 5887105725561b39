"""Words of the pages: Vietnamese first, English second. One entry per key, so that no language is forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from shared.local_time import VIETNAM


class Language(StrEnum):
    VI = "vi"
    EN = "en"


# By key, the Vietnamese words and the English ones.
WORDS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "title": ("Sinh hoạt chi bộ", "Party cell meetings"),
    "period": ("Tháng", "Month"),
    "previous": ("Tháng trước", "Previous month"),
    "next": ("Tháng sau", "Next month"),
    "other_language": ("English", "Tiếng Việt"),
    "as_json": ("Dữ liệu (JSON)", "Data (JSON)"),
    "overview": ("Tổng hợp", "Overview"),
    "cells": ("Chi bộ phải sinh hoạt", "Cells that owe a meeting"),
    "met": ("Đã sinh hoạt", "Met"),
    "not_held": ("Không sinh hoạt (có lý do)", "Did not meet (with reason)"),
    "not_reported": ("Chưa báo cáo", "Not reported"),
    "conflicts": ("Kỳ thường kỳ bị trùng", "Conflicting regular meetings"),
    "meetings": ("Kỳ sinh hoạt được tính", "Meetings that count"),
    "thematic_meetings": ("Kỳ có chuyên đề", "With a thematic part"),
    "cells_with_thematic": ("Chi bộ có chuyên đề", "Cells with a thematic part"),
    "committee_meetings": ("Kỳ họp chi ủy", "Committee meetings"),
    "attendance": ("Dự sinh hoạt", "Attendance"),
    "attendance_note": (
        "Lượt đảng viên theo danh sách triệu tập; không tính đảng viên được miễn và khách.",
        "Members on the rosters, once per meeting; exempt members and guests are not in the ratio.",
    ),
    "expected": ("Triệu tập", "Expected"),
    "attended": ("Có mặt", "Attended"),
    "partly": ("Dự một phần", "Partly"),
    "present_full": ("Có mặt đủ các lần điểm danh", "Present at every roll call"),
    "present_part": ("Có mặt một phần", "Present at some"),
    "excused": ("Vắng có lý do", "Absent, excused"),
    "unexcused": ("Vắng không lý do", "Absent, unexcused"),
    "unknown": ("Chưa rõ", "Unknown"),
    "exempt_present": ("Miễn sinh hoạt nhưng có dự", "Exempt, came"),
    "unlisted_present": ("Ngoài danh sách, có dự", "Not on the roster, came"),
    "guests": ("Khách", "Guests"),
    "discrepancies": ("Danh sách lệch với hồ sơ đảng viên", "Roster differs from membership"),
    "attendance_percent": ("Tỷ lệ có mặt", "Attendance rate"),
    "quality": ("Chất lượng", "Quality"),
    "average_minutes": ("Thời lượng bình quân (phút)", "Average duration (minutes)"),
    "minutes": ("Thời lượng (phút)", "Duration (minutes)"),
    "self_score": ("Điểm tự chấm", "Self-score"),
    "speakers": ("Lượt phát biểu", "Speakers"),
    "superior_attended": ("Có cấp trên dự", "A superior attended"),
    "with_documents": ("Có tài liệu", "With documents"),
    "self_scored": ("Đã tự chấm", "Self-scored"),
    "average_self_score": ("Điểm tự chấm bình quân", "Average self-score"),
    "rated": ("Đã xếp loại chính thức", "Officially rated"),
    "awaiting_rating": ("Chờ xếp loại", "Awaiting rating"),
    "rating": ("Xếp loại", "Rating"),
    "self_rating": ("Tự chấm", "Self"),
    "official_rating": ("Chính thức", "Official"),
    "children": ("Đơn vị trực thuộc", "Units directly below"),
    "unit": ("Đơn vị", "Unit"),
    "meetings_list": ("Các kỳ sinh hoạt", "Meetings"),
    "silent": ("Chưa báo cáo", "Not reported"),
    "silent_note": ("Chi bộ chưa báo đã họp hay không họp trong kỳ này.", "Cells that said neither met nor not met."),
    "proof": ("Số liệu này đáng tin đến đâu", "How far these figures can be trusted"),
    "hierarchy_as_of": ("Theo cơ cấu tổ chức ngày", "Organisation as of"),
    "known_as_of": ("Theo dữ liệu biết đến", "By what was known at"),
    "source": ("Nguồn", "Source"),
    "position": ("Vị trí đã nhận", "Position received"),
    "complete_to": ("Đầy đủ đến", "Complete up to"),
    "complete_at": ("Lúc", "At"),
    "held_keys": ("Đang chờ hoặc bị giữ", "Waiting or parked"),
    "provisional": ("Số liệu tạm thời: có nguồn chưa nhận đủ.", "Provisional: a source is not complete yet."),
    "incomplete": (
        "Chưa đầy đủ: dữ liệu của các chi bộ sau đang chờ hoặc bị giữ lại.",
        "Incomplete: events of these cells are waiting or parked.",
    ),
    "complete": ("Không có dữ liệu nào của đơn vị này bị giữ lại.", "No event of this unit is held back."),
    "input_digest": ("Mã kiểm đầu vào", "Input digest"),
    "facts_digest": ("Mã kiểm số liệu", "Facts digest"),
    "events": ("Sự kiện", "Events"),
    "events_of_meeting": ("Các sự kiện làm nên số liệu", "The events that the figures come from"),
    "meeting": ("Kỳ sinh hoạt", "Meeting"),
    "held_on": ("Ngày họp", "Held on"),
    "outcome": ("Kết quả", "Outcome"),
    "held": ("Đã họp", "Held"),
    "planned": ("Đã lên lịch", "Planned"),
    "withdrawn": ("Đã rút", "Withdrawn"),
    "reason": ("Lý do", "Reason"),
    "kind": ("Loại", "Kind"),
    "regular": ("Thường kỳ", "Regular"),
    "thematic": ("Chuyên đề", "Thematic"),
    "body_cell": ("Chi bộ", "Cell"),
    "body_committee": ("Chi ủy", "Committee"),
    "event": ("Sự kiện", "Event"),
    "recorded_at": ("Ghi nhận lúc", "Recorded at"),
    "none": ("Chưa có", "None yet"),
    "chart_units": ("Chi bộ đã sinh hoạt, theo đơn vị", "Cells that met, by unit"),
    "chart_units_some": ("Chi bộ đã sinh hoạt: {n} đơn vị thấp nhất", "Cells that met: the {n} lowest units"),
    "chart_cell": ("Dự sinh hoạt trong tháng", "Attendance this month"),
    "all_meetings": ("Xem toàn bộ các kỳ sinh hoạt", "All meetings"),
    "more": ("Xem tiếp", "More"),
    "choose": ("Chọn tháng", "Choose a month"),
    "no_periods": ("Chưa có kỳ sinh hoạt nào được ghi nhận.", "No meeting has been recorded yet."),
    "whole_system": ("Tài khoản này không gắn với tổ chức nào.", "This account belongs to no unit."),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Texts:
    """The words and number formats of one language."""

    language: Language

    def __getitem__(self, key: str) -> str:
        vietnamese, english = WORDS[key]
        return vietnamese if self.language is Language.VI else english

    def number(self, value: float | None) -> str:
        """Thousands and decimals as the language writes them (counts have none); a dash where there is no value."""
        if value is None:
            return "–"
        written = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        return written.translate(str.maketrans(",.", ".,")) if self.language is Language.VI else written

    def percent(self, value: float | None) -> str:
        return "–" if value is None else f"{self.number(value)} %"

    def day(self, value: date | None) -> str:
        return "–" if value is None else f"{value:%d/%m/%Y}"

    def moment(self, value: datetime | None) -> str:
        return "–" if value is None else f"{value.astimezone(VIETNAM):%H:%M:%S %d/%m/%Y}"

    def month(self, period: str) -> str:
        """ "2026-03" as 03/2026."""
        year, month = period.split("-")
        return f"{month}/{year}"


def choose(wanted: str | None, accepted: str | None) -> Texts:
    """`wanted`: the query's `lang`. `accepted`: the header Accept-Language, of which the first of ours counts."""
    if wanted in set(Language):
        return Texts(Language(wanted))
    ranked = [part.split(";")[0].strip().lower()[:2] for part in (accepted or "").split(",")]
    return Texts(next((Language(code) for code in ranked if code in set(Language)), Language.VI))
