import copy
import pickle

from loyalty.engine.errors import Invalid, TooMany
from loyalty.engine.phrases import Phrase


def test_a_template_without_parameters_is_its_own_english() -> None:
    error = Invalid("A name in {braces} stays.")
    assert error.message == str(error) == "A name in {braces} stays."
    assert type(error.message) is str


def test_numbers_names_and_days_are_written_as_english_writes_them() -> None:
    phrase = Phrase(
        "{name!r} has {count:,} of {most}, since {begun_at}.",
        {"name": "it's", "count": 1_234_567, "most": 2_000, "begun_at": "2026-12-01T09:05:00+00:00"},
    )
    assert phrase == """"it's" has 1,234,567 of 2000, since Tue Dec  1 09:05:00 2026 UTC."""


def test_what_a_merchant_typed_is_not_read_as_a_template() -> None:
    assert Phrase("{reward} is sold out.", {"reward": "{points} off"}) == "{points} off is sold out."


def test_a_phrase_within_a_sentence_is_english_there() -> None:
    error = TooMany("Try again in {wait}.", retry_after_seconds=60, params={"wait": Phrase("{n} minutes", {"n": 2})})
    assert error.message == "Try again in 2 minutes."
    assert error.params["wait"] == "2 minutes"


def test_an_error_raised_again_keeps_what_it_was_made_of() -> None:
    first = Invalid("At most {most:,}.", place="$", params={"most": 1_000})
    again = Invalid(first.phrase, place="colour")
    assert (again.message, again.phrase.template) == ("At most 1,000.", "At most {most:,}.")
    assert again.params == {"most": 1_000}


def test_a_phrase_can_be_copied_and_kept() -> None:
    phrase = Phrase("{n} minutes", {"n": 2})
    for other in (copy.deepcopy(phrase), pickle.loads(pickle.dumps(phrase))):
        assert (other, other.template, other.params) == ("2 minutes", "{n} minutes", {"n": 2})
