"""Days are Vietnamese days: the one place that turns a moment into a date."""

from datetime import date, datetime, timedelta, timezone

# UTC+7 without summer time since 1975, so a fixed offset is exact and needs no time zone database on the machine.
VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


def local_date(moment: datetime) -> date:
    """The day of `moment` (with a zone) in Asia/Ho_Chi_Minh."""
    return moment.astimezone(VIETNAM).date()
