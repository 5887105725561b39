"""Words for codes that pages show: types of events, and the reasons that are used most; any other code stands as it is.

Keys are `event:<type>` and `reason:<code>`.
"""

from types import MappingProxyType

from shared.web.language import Words

CODES: Words = MappingProxyType({
    "event:MeetingScheduled": ("Lên lịch", "Scheduled"),
    "event:MeetingRescheduled": ("Đổi lịch", "Rescheduled"),
    "event:NoticeIssued": ("Ra thông báo", "Notice issued"),
    "event:NoticeWithdrawn": ("Rút thông báo", "Notice withdrawn"),
    "event:DocumentPublished": ("Gửi tài liệu", "Document published"),
    "event:DocumentWithdrawn": ("Rút tài liệu", "Document withdrawn"),
    "event:MeetingHeld": ("Đã họp", "Held"),
    "event:MeetingNotHeld": ("Không họp", "Not held"),
    "event:MinutesRecorded": ("Ghi biên bản", "Minutes recorded"),
    "event:MinutesWithdrawn": ("Rút biên bản", "Minutes withdrawn"),
    "event:ResolutionAdopted": ("Thông qua nghị quyết", "Resolution adopted"),
    "event:ResolutionWithdrawn": ("Rút nghị quyết", "Resolution withdrawn"),
    "event:MeetingCorrected": ("Đính chính kỳ sinh hoạt", "Meeting corrected"),
    "event:OutcomeWithdrawn": ("Rút kết quả", "Outcome withdrawn"),
    "event:MeetingWithdrawn": ("Rút kỳ sinh hoạt", "Meeting withdrawn"),
    "event:RosterDrawn": ("Lập danh sách triệu tập", "Roster drawn"),
    "event:RosterAmended": ("Đính chính danh sách", "Roster amended"),
    "event:RosterDiscrepancyFound": ("Danh sách lệch với hồ sơ", "Roster differs from membership"),
    "event:RollCallOpened": ("Mở điểm danh", "Roll call opened"),
    "event:RollCallClosed": ("Đóng điểm danh", "Roll call closed"),
    "event:MemberCheckedIn": ("Điểm danh có mặt", "Member checked in"),
    "event:CheckInWithdrawn": ("Rút điểm danh", "Check-in withdrawn"),
    "event:MemberLeft": ("Về sớm", "Member left early"),
    "event:DepartureWithdrawn": ("Rút ghi về sớm", "Departure withdrawn"),
    "event:AbsenceExplained": ("Ghi lý do vắng", "Absence explained"),
    "event:AbsenceWithdrawn": ("Rút lý do vắng", "Absence withdrawn"),
    "event:GuestsCounted": ("Đếm khách", "Guests counted"),
    "event:EvaluationScored": ("Tự chấm", "Self-scored"),
    "event:ScoreWithdrawn": ("Rút tự chấm", "Self-score withdrawn"),
    "event:SelfScoreVoted": ("Biểu quyết tự chấm", "Vote on the self-score"),
    "event:VoteWithdrawn": ("Rút biểu quyết", "Vote withdrawn"),
    "event:RatingDecided": ("Xếp loại chính thức", "Official rating decided"),
    "event:RatingWithdrawn": ("Rút xếp loại", "Official rating withdrawn"),
    "reason:natural_disaster": ("thiên tai", "natural disaster"),
    "reason:too_few_members": ("quá ít đảng viên dự", "too few members"),
    "reason:reorganisation": ("sắp xếp tổ chức", "reorganisation"),
})  # fmt: skip
