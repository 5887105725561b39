"""Words and number formats of pages: Vietnamese first, English second."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import Header, Query

from shared.local_time import VIETNAM

# By key, the Vietnamese words and the English ones: one entry per key, so that no language is forgotten.
Words = Mapping[str, tuple[str, str]]


class Language(StrEnum):
    VI = "vi"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of one language, and how it writes numbers, days and moments."""

    words: Words
    language: Language

    def __getitem__(self, key: str) -> str:
        vietnamese, english = self.words[key]
        return vietnamese if self.language is Language.VI else english

    def code(self, kind: str, code: str) -> str:
        """The word of `kind:code`, or the code as it is: most codes are data that only their catalogue can name."""
        return self[f"{kind}:{code}"] if f"{kind}:{code}" in self.words else code

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

    def instant(self, value: datetime | None, *, day: bool = True) -> str:
        """A moment to the millisecond, for what happens within one second; without its `day` where that is said."""
        if value is None:
            return "–"
        point = "," if self.language is Language.VI else "."
        local = value.astimezone(VIETNAM)
        time = f"{local:%H:%M:%S}{point}{local.microsecond // 1000:03}"
        return f"{time} {local:%d/%m/%Y}" if day else time

    def month(self, period: str) -> str:
        """ "2026-03" as 03/2026."""
        year, month = period.split("-")
        return f"{month}/{year}"


def choose(words: Words, wanted: str | None, accepted: str | None) -> Texts:
    """`wanted`: the query's `lang`. `accepted`: the header Accept-Language, of which the first of ours counts."""
    if wanted in set(Language):
        return Texts(words, Language(wanted))
    ranked = [part.split(";")[0].strip().lower()[:2] for part in (accepted or "").split(",")]
    return Texts(words, next((Language(code) for code in ranked if code in set(Language)), Language.VI))


def texts_of(words: Words) -> Callable[..., Awaitable[Texts]]:
    """A dependency: Vietnamese, unless `?lang=en` or the browser's first language of the two says English."""

    async def texts(
        lang: Annotated[Language | None, Query()] = None,
        accept_language: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Texts:
        return choose(words, lang, accept_language)

    return texts
