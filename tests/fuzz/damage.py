"""Values that nobody expects, and what becomes of good ones when something in them is replaced, dropped or nested."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

# What breaks parsers, columns and calendars: ends of ranges, look-alikes of numbers, what text columns cannot hold.
ODD_TEXTS = st.sampled_from(
    [
        "", " ", "\x00", "a\x00b", "\ud800", "\u202e", "\ufeff", "é", "e\u0301", "𝟙𝟚", "١٢", "1_000", "+7", "-0",
        "1e3", "0x10", "NaN", "Infinity", "null", "true", "0000-00", "9999-12", "2026-02-30", "{}", "[]", "'; --", "%s",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-05T14:30:00", "2026-W10-4", "20260305", "..",
        "00000000-0000-0000-0000-000000000000", "urn:uuid:00000000-0000-0000-0000-000000000000", "x" * 5000,
    ]
)  # fmt: skip
ODD_NUMBERS = st.sampled_from(
    [0, -1, 1, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**400]
) | st.sampled_from([0.5, -0.0, 1e308, float("inf"), float("-inf"), float("nan")])
ODD = st.one_of(
    st.none(), st.booleans(), ODD_NUMBERS, ODD_TEXTS, st.text(max_size=20), st.lists(st.builds(list), max_size=1),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)  # fmt: skip
# No JSON, or JSON that a parser gives up on.
RAW = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"", b"{", b"[]", b"null", b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 3_000, b'{"a":' * 3_000, b"9" * 5000,
            b'"\\ud800"', b'"\\u0000"', b"1e999", b"NaN", b"-", b"\x00",
        ]
    ),
)  # fmt: skip


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (*at, name)
        yield from _places(inner, (*at, name))


@st.composite
def damaged(draw: st.DrawFn, good: Any) -> Any:
    """A JSON value like `good`, but for one to three places."""
    value = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        if not places:
            return draw(ODD)
        *way, last = draw(st.sampled_from(places))
        holder = value
        for name in way:
            holder = holder[name]
        match draw(st.sampled_from(["replace", "drop", "nest", "add"])):
            case "replace":
                holder[last] = draw(ODD)
            case "drop":
                del holder[last]
            case "nest":
                holder[last] = [holder[last]]
            case _ if isinstance(holder, dict):
                holder[draw(st.text(max_size=5))] = draw(ODD)
            case _:
                holder.append(draw(ODD))
    return value


def damaged_json(good: Any) -> st.SearchStrategy[bytes]:
    """Bytes like the JSON of `good`, or no JSON at all."""
    return st.one_of(damaged(good).map(as_json), damaged(good).map(as_json), RAW)


def as_json(value: Any) -> bytes:
    """Lone surrogates and infinities as Python writes them: others' serialisers do so too."""
    return json.dumps(value).encode()
