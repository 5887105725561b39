"""Words, numbers and the choice of language."""

from services.reporting.texts import WORDS, Language, Texts, choose


def test_vietnamese_comes_first() -> None:
    assert choose(None, None).language is Language.VI
    assert choose(None, "fr-FR,de;q=0.8").language is Language.VI
    assert choose(None, "vi-VN,en;q=0.8").language is Language.VI


def test_english_is_given_to_who_asks_for_it() -> None:
    assert choose(None, "en-GB,vi;q=0.5").language is Language.EN
    assert choose("en", "vi").language is Language.EN
    assert choose("vi", "en").language is Language.VI


def test_no_word_is_missing_in_a_language() -> None:
    assert [key for key, words in WORDS.items() if not all(words)] == []


def test_numbers_are_written_as_the_language_does() -> None:
    vietnamese, english = Texts(Language.VI), Texts(Language.EN)
    assert (vietnamese.number(12345), english.number(12345)) == ("12.345", "12,345")
    assert (vietnamese.percent(97.5), english.percent(97.5)) == ("97,5 %", "97.5 %")
    assert vietnamese.number(None) == "–"
