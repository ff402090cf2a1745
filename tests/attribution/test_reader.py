"""A reader says which text a picture is nearest to, and an encoder that knows no words is refused as one."""

from pathlib import Path

import pytest

from attribution.encoders import EncoderUnavailable
from attribution.reader import Reader, load_reader, read
from attribution.recipes import find_recipe
from tests.attribution.tiny_clip import TEXTS, colour_picture, write_tiny_clip


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return load_reader(find_recipe(str(write_tiny_clip(tmp_path_factory.mktemp("clip")))))


def test_pictures_that_the_reader_has_not_seen_are_read_as_what_they_are(reader: Reader) -> None:
    pictures = reader.pictures(colour_picture(colour, number) for number in (101, 102) for colour in ("blue", "red"))
    assert read(pictures, reader.answers(list(TEXTS.values()))).tolist() == [1, 0, 1, 0]
    assert read(pictures, reader.answers(list(TEXTS.values())[::-1])).tolist() == [0, 1, 0, 1]


def test_more_pictures_than_a_batch_keep_their_order(reader: Reader) -> None:
    colours = ["red" if number % 3 else "blue" for number in range(70)]
    pictures = reader.pictures(colour_picture(colour, number) for number, colour in enumerate(colours))
    answers = read(pictures, reader.answers(list(TEXTS.values())))
    assert [list(TEXTS)[answer] for answer in answers] == colours


def test_an_encoder_without_words_is_refused_with_what_to_name_instead() -> None:
    with pytest.raises(EncoderUnavailable, match="recipe compact reads pictures and no text: name one whose"):
        load_reader(find_recipe("compact"))


def test_weights_that_cannot_be_fetched_are_named_with_where_to_get_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr("huggingface_hub.hf_hub_url", lambda *_: "https://127.0.0.1:9/weights")
    with pytest.raises(EncoderUnavailable, match=r"could not be fetched .* Fetch open_clip_model.safetensors of"):
        load_reader(find_recipe("vit-b-16"))
