"""Whether an image shows people is what its contributor says, in English or German, and never guessed."""

import pytest

from attribution.core.people import keyword_of_people


@pytest.mark.parametrize("keyword", ["people", "Portrait", "young woman", "Männer", "child, laughing", "FRAU"])
def test_a_contributor_who_says_that_people_are_in_it_is_believed(keyword: str) -> None:
    assert keyword_of_people(["harbour", keyword, "man"]) == keyword


@pytest.mark.parametrize(
    "keyword", ["harbour", "no people", "ohne Menschen", "keine Personen", "manhole", "mannequin", "childhood", ""]
)
def test_what_says_nothing_of_people_or_that_there_are_none_is_not_taken_for_it(keyword: str) -> None:
    assert keyword_of_people([keyword]) == ""
