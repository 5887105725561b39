"""Words of the page for operators."""

from types import MappingProxyType

from shared.web.language import Words

WORDS: Words = MappingProxyType({
    "title": ("Vận hành hệ thống", "Operations"),
    "other_language": ("English", "Tiếng Việt"),
    "as_json": ("Dữ liệu (JSON)", "Data (JSON)"),
    "all_well": ("Mọi dịch vụ hoạt động bình thường.", "All services are well."),
    "not_well": ("Có dịch vụ cần xem lại.", "A service needs a look."),
    "services": ("Dịch vụ", "Services"),
    "service": ("Dịch vụ", "Service"),
    "state": ("Tình trạng", "State"),
    "well": ("Bình thường", "Well"),
    "down": ("Không cho biết tình trạng", "Gives no status"),
    "relay": ("Nhật ký đã gửi", "Log relayed"),
    "lag_events": ("Chậm (vị trí)", "Behind (positions)"),
    "lag_seconds": ("Chậm (giây)", "Behind (seconds)"),
    "waiting": ("Đang chờ", "Waiting"),
    "parked": ("Bị giữ", "Parked"),
    "quarantined": ("Cách ly", "Quarantined"),
    "consumers": ("Bộ nhận sự kiện", "Consumers"),
    "consumer": ("Bộ nhận", "Consumer"),
    "source": ("Nguồn", "Source"),
    "watermark": ("Đầy đủ đến", "Complete up to"),
    "source_position": ("Nguồn đã gửi đến", "Source relayed up to"),
    "stopped": ("Đã dừng", "Stopped"),
    "held": ("Sự kiện đang chờ hoặc bị giữ", "Events that wait or are parked"),
    "nothing_held": ("Không có sự kiện nào bị giữ lại.", "No event is held back."),
    "key": ("Khóa", "Key"),
    "events": ("Sự kiện", "Events"),
    "since": ("Từ lúc", "Since"),
    "reason": ("Lý do", "Reason"),
})  # fmt: skip
