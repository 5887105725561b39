"""The order of Vietnamese names. PostgreSQL from a wheel has no ICU, so sort keys are made here."""

import re
import unicodedata

# ă, â, đ, ê, ô, ơ, ư are letters of their own, each after its plain one; tones (rank below) only break ties.
LETTERS = {letter: index for index, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}  # huyền, hỏi, ngã, sắc, nặng

SortKey = tuple[tuple[tuple[int, int], ...], tuple[int, ...]]


def sort_key(name: str) -> SortKey:
    """Numbers by value, then letters in the order of the alphabet, then tones: "Thôn 2" before "Thôn 10"."""
    letters: list[tuple[int, int]] = []
    tones: list[int] = []
    for run in re.findall(r"\d+|\D", unicodedata.normalize("NFC", name.lower())):
        if run.isdecimal():
            letters.append((1, int(run)))
            continue
        letter, tone = _split(run)
        # Nothing is left of a mark that stands alone, and some letters are several code points without theirs.
        letters.append((2, LETTERS[letter]) if letter in LETTERS else (0, ord(run)))
        tones.append(tone)
    return tuple(letters), tuple(tones)


def _split(character: str) -> tuple[str, int]:
    parts = unicodedata.normalize("NFD", character)
    tone = next((TONES[mark] for mark in parts if mark in TONES), 0)
    letter = unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in TONES))
    return letter, tone
