"""A term is found however it is written, with the characters that name it, and in no innocent text."""

import unicodedata
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.prompt_text import LEET, LOOK_ALIKES, NotATerm, Span, find_term, fold
from marketplace.core.prompts import pieces

WORDS = st.text(ascii_lowercase, min_size=3, max_size=12)
INVISIBLE = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\ufe0f"]
LOOKS_LIKE = {
    letter: [other for other, latin in LOOK_ALIKES.items() if latin == letter]
    for letter in "abcdefghijklmnopqrstuvwxyz"
}


def found(term: str, prompt: str) -> list[str]:
    """The characters of the prompt that name the term."""
    return [prompt[span.start : span.end] for span in find_term(term, fold(prompt))]


@st.composite
def disguised(draw: st.DrawFn) -> tuple[str, str]:
    """A word, and the word with each letter in another case, width, script or with an accent or a dot after it."""
    word = draw(WORDS)
    written = ""
    for letter in word:
        ways = [letter, letter.upper(), chr(ord(letter) + 0xFEE0), letter + "\u0301", letter + ".", letter + "-"]
        ways += [letter + invisible for invisible in INVISIBLE] + LOOKS_LIKE[letter][:20]
        written += draw(st.sampled_from(ways))
    return word, written


@given(disguised())
def test_a_word_is_found_in_every_letter_that_looks_like_its_own(pair: tuple[str, str]) -> None:
    word, written = pair
    assert len(found(word, f"a picture of {written} at night")) == 1


@given(disguised(), st.text("abc 12,.\u200b", max_size=10), st.text(" ,.", max_size=3))
def test_what_is_named_as_evidence_holds_the_word_and_nothing_before_it(
    pair: tuple[str, str], before: str, between: str
) -> None:
    word, written = pair
    prompt = f"{before} {between}{written}"
    spans = find_term(word, fold(prompt))
    assert spans
    assert found(word, prompt[spans[-1].start : spans[-1].end])
    assert not found(word, prompt[spans[-1].start + 1 : spans[-1].end]) or len(set(word)) < len(word)


@given(WORDS)
def test_a_word_in_pieces_of_one_letter_is_found(word: str) -> None:
    assert found(word, f"the {' '.join(word)} style") == [" ".join(word)] or len(word) < 3


@given(WORDS, st.data())
def test_a_word_with_up_to_half_of_its_letters_in_leetspeak_is_found(word: str, data: st.DataObject) -> None:
    places = [place for place, letter in enumerate(word) if letter in LEET][: len(word) // 2]
    written = list(word)
    for place in places:
        written[place] = data.draw(st.sampled_from(LEET[word[place]]))
    assert found(word, f"in {''.join(written)} colours")


@given(WORDS, st.text(ascii_lowercase, min_size=1, max_size=5))
def test_a_word_inside_another_word_is_not_found(word: str, more: str) -> None:
    assert find_term(word, fold(f"{more}{word}")) == [] or f"{more}{word}".startswith(word)
    assert find_term(word, fold(f"{word}{more}")) == [] or f"{word}{more}".endswith(word)


@given(st.text(max_size=200), WORDS)
def test_no_text_is_too_strange_and_spans_lie_in_it(prompt: str, word: str) -> None:
    folded = fold(prompt)
    assert len(folded.text) == len(folded.places)
    for span in find_term(word, folded):
        assert 0 <= span.start < span.end <= len(prompt)


@given(st.text(max_size=60))
def test_composed_and_decomposed_text_are_the_same(prompt: str) -> None:
    assert fold(unicodedata.normalize("NFC", prompt)).text == fold(unicodedata.normalize("NFD", prompt)).text


TRICKS = """d i s n e y|dis-ney|D1SN3Y|DlSNEY|dlsney|DІSNEY|ｄｉｓｎｅｙ|dіѕnеу|d\u200bisney|dísnéy|d1$ney|di sn ey
𝒟𝒾𝓈𝓃ℯ𝓎|ⓓⓘⓢⓝⓔⓨ|🅳🅸🆂🅽🅴🆈|d.i.s.n.e.y|DISNEY|d_i_s_n_e_y|disnеy""".replace("\n", "|")


@pytest.mark.parametrize("written", TRICKS.split("|"))
def test_each_known_trick_is_seen_through(written: str) -> None:
    assert found("Disney", f"a castle, {written}-like") == [written]


@pytest.mark.parametrize(
    ("term", "prompt"),
    [
        ("ali", "all of it"),
        ("photoshop", "a photo shop in an old town"),
        ("cunt", "a street in Scunthorpe"),
        ("ass", "a classic c1assic glass, b@ssoon and ch4ssis"),
        ("therapist", "the rapist in the dock"),
        ("sos", "route 505"),
        ("nike", "Nikea, a mountain"),
        ("disney", "a disn ey"),
        ("pixar", "a pixel art parrot"),
        ("apple", "a pineapple"),
        ("banksy", "banks, yachts and a quay"),
    ],
)
def test_innocent_neighbours_of_a_term_are_left_alone(term: str, prompt: str) -> None:
    assert found(term, prompt) == []


def test_a_term_of_several_words_is_found_whatever_stands_between_them() -> None:
    assert found("Mickey Mouse", "m-i-c-k-e-y mouse, MickeyMouse and mickey  mouse") == [
        "m-i-c-k-e-y mouse",
        "MickeyMouse",
        "mickey  mouse",
    ]


def test_a_name_in_a_script_without_spaces_is_found_inside_a_sentence() -> None:
    assert found("宮崎駿", "風景、宮崎駿風の絵") == ["宮崎駿"]


def test_a_name_with_a_sign_in_it_is_found_in_plain_letters() -> None:
    assert found("Ke$ha", "a portrait of Kesha") == ["Kesha"]


@pytest.mark.parametrize("term", ["", "ab", "..", "a b", "12345", "宮"])
def test_a_term_too_short_to_look_for_is_refused_in_words(term: str) -> None:
    with pytest.raises(NotATerm, match="too short"):
        find_term(term, fold("anything"))


def test_a_long_prompt_of_one_character_is_read_at_once() -> None:
    """A pattern that backtracks would not end before the test's time limit."""
    for character in ("d", "i", "!", ".", " ", "1", "$"):
        assert find_term("disney iiillliii", fold(character * 4_000)) == []


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))))
def test_the_pieces_of_a_prompt_are_the_prompt(prompt: str, places: list[tuple[int, int]]) -> None:
    spans = [Span(min(place), max(place)) for place in places]
    cut = pieces(prompt, spans)
    assert "".join(piece for piece, _ in cut) == prompt
    assert all(cut[number][1] != cut[number + 1][1] for number in range(len(cut) - 1))
