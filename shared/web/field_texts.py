"""What is wrong with a field, in Vietnamese: pydantic says it in English."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core import core_schema

# By pydantic's type of error, or its first words: "date" is for date_type, date_parsing and the like.
TEXTS: Mapping[str, str] = {
    "missing": "thiếu trường này",
    "extra_forbidden": "không có trường nào tên như vậy",
    "none_required": "phải để trống (null)",
    "json": "JSON sai cú pháp",
    "recursion": "dữ liệu lồng vào nhau quá nhiều tầng",
    "string": "phải là chuỗi ký tự",
    "string_too_short": "phải có ít nhất {min_length} ký tự",
    "string_too_long": "chỉ được có nhiều nhất {max_length} ký tự",
    "string_pattern_mismatch": "không đúng dạng {pattern}",
    "bool": "phải là true hoặc false",
    "int": "phải là số nguyên",
    "float": "phải là số",
    "decimal": "phải là số thập phân",
    "decimal_max_digits": "chỉ được có nhiều nhất {max_digits} chữ số",
    "decimal_max_places": "chỉ được có nhiều nhất {decimal_places} chữ số sau dấu phẩy",
    "decimal_whole_digits": "chỉ được có nhiều nhất {whole_digits} chữ số trước dấu phẩy",
    "finite_number": "phải là số hữu hạn",
    "greater_than": "phải lớn hơn {gt}",
    "greater_than_equal": "phải từ {ge} trở lên",
    "less_than": "phải nhỏ hơn {lt}",
    "less_than_equal": "phải từ {le} trở xuống",
    "multiple_of": "phải là bội số của {multiple_of}",
    "date": "phải là ngày, dạng 2026-03-31",
    "time": "phải là giờ, dạng 19:30",
    "datetime": "phải là ngày giờ, dạng 2026-03-31T19:30:00+07:00",
    "timezone": "phải là ngày giờ kèm múi giờ, dạng 2026-03-31T19:30:00+07:00",
    "uuid": "phải là mã định danh (UUID)",
    "url": "phải là địa chỉ web (URL)",
    "enum": "phải là một trong: {expected}",
    "literal_error": "phải là một trong: {expected}",
    "union_tag_invalid": "{discriminator} phải là một trong: {expected_tags}",
    "union_tag_not_found": "thiếu {discriminator}, cho biết đây là loại gì",
    "too_short": "phải có ít nhất {min_length} phần tử",
    "too_long": "chỉ được có nhiều nhất {max_length} phần tử",
    "list": "phải là danh sách",
    "tuple": "phải là danh sách",
    "set": "phải là danh sách",
    "frozen_set": "phải là danh sách",
    "dict": "phải là đối tượng JSON",
    "model": "phải là đối tượng JSON",
    "value_error": "{error}",
}
OTHERWISE = "giá trị chưa hợp lệ"
OF_PYDANTIC = frozenset(get_args(core_schema.ErrorType))


def field_text(error: Mapping[str, Any]) -> str:
    """The text of one of pydantic's errors. What our own validators raise is Vietnamese, and stays as it is."""
    kind, context = error["type"], error.get("ctx", {})
    if kind not in OF_PYDANTIC:
        return str(error["msg"])
    words = kind.split("_")
    names = ("_".join(words[:count]) for count in range(len(words), 0, -1))
    text = next((TEXTS[name] for name in names if name in TEXTS), OTHERWISE)
    return text.format(**{name: str(value).replace(" or ", " hoặc ") for name, value in context.items()})
