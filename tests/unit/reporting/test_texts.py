"""Words, numbers and the choice of language."""

from services.operations.texts import WORDS as OPERATIONS
from services.reporting.facts import MEETING_EVENTS
from services.reporting.texts import WORDS
from shared.web.language import Language, Texts, choose


def test_vietnamese_comes_first() -> None:
    assert choose(WORDS, None, None).language is Language.VI
    assert choose(WORDS, None, "fr-FR,de;q=0.8").language is Language.VI
    assert choose(WORDS, None, "vi-VN,en;q=0.8").language is Language.VI


def test_english_is_given_to_who_asks_for_it() -> None:
    assert choose(WORDS, None, "en-GB,vi;q=0.5").language is Language.EN
    assert choose(WORDS, "en", "vi").language is Language.EN
    assert choose(WORDS, "vi", "en").language is Language.VI


def test_no_word_is_missing_in_a_language() -> None:
    assert [key for words in (WORDS, OPERATIONS) for key, said in words.items() if not all(said)] == []


def test_every_event_that_a_page_can_show_has_its_words() -> None:
    assert [event.__name__ for event in MEETING_EVENTS if f"event:{event.__name__}" not in WORDS] == []


def test_a_code_without_words_is_shown_as_it_is() -> None:
    vietnamese = Texts(WORDS, Language.VI)
    assert (vietnamese.code("reason", "natural_disaster"), vietnamese.code("reason", "flood")) == ("thiên tai", "flood")


def test_numbers_are_written_as_the_language_does() -> None:
    vietnamese, english = Texts(WORDS, Language.VI), Texts(WORDS, Language.EN)
    assert (vietnamese.number(12345), english.number(12345)) == ("12.345", "12,345")
    assert (vietnamese.percent(97.5), english.percent(97.5)) == ("97,5 %", "97.5 %")
    assert vietnamese.number(None) == "–"
