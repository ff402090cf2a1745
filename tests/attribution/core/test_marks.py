"""A known mark is found where it stands, at any size and opacity; what has no mark in it shows none."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attribution.core.marks import LEAST_CLEARNESS, Grey, best_place, find_mark, require_edges
from tests.attribution.marking import draw_badge, draw_logo, draw_word, show
from tests.builders import make_textured_picture

PHOTOS = Path(__file__).resolve().parents[3].parent / "shared" / "photos"
MARKS = [draw_word(), draw_logo(), draw_badge()]
PLACES = [(0.02, 0.03), (0.25, 0.4)]


def grey(picture: Image.Image) -> Grey:
    return np.asarray(picture.convert("L"))


@pytest.mark.parametrize("tone", [255, 0], ids=["light", "dark"])
@pytest.mark.parametrize("opacity", [0.4, 0.7, 1.0])
@pytest.mark.parametrize("part", [0.3, 0.45, 0.7])
@pytest.mark.parametrize("mark", MARKS, ids=["word", "logo", "badge"])
def test_a_mark_is_found_where_it_stands(mark: Image.Image, part: float, opacity: float, tone: int) -> None:
    place = PLACES[part < 0.6]
    picture = show(mark, make_textured_picture(3), part, opacity, place, tone)
    found = find_mark(grey(mark), grey(picture))
    assert found is not None
    (left, top), _, (right, _), _ = found.region
    assert (left, top, right - left) == pytest.approx((*place, part), abs=0.03)


@pytest.mark.parametrize("mark", MARKS, ids=["word", "logo", "badge"])
@pytest.mark.parametrize("seed", range(6))
def test_a_picture_without_the_mark_shows_none(mark: Image.Image, seed: int) -> None:
    assert find_mark(grey(mark), grey(make_textured_picture(seed))) is None


def test_another_mark_is_not_taken_for_it() -> None:
    picture = grey(show(draw_logo(), make_textured_picture(1), 0.4, 1.0, (0.3, 0.3)))
    assert find_mark(grey(draw_word()), picture) is None
    assert find_mark(grey(draw_badge()), picture) is None


def test_a_fence_is_no_mark_however_many_lines_it_has() -> None:
    fence = Image.fromarray(np.tile(np.repeat(np.array([30, 220], np.uint8), 8), (400, 25)))
    for mark in MARKS:
        assert find_mark(grey(mark), grey(fence)) is None


@pytest.mark.parametrize("mark", [Image.new("L", (200, 80), 255), Image.new("L", (3, 3))], ids=["plain", "tiny"])
def test_a_mark_without_edges_is_refused_in_words(mark: Image.Image) -> None:
    with pytest.raises(ValueError, match="too few edges"):
        require_edges(grey(mark))


def test_a_picture_of_another_shape_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="grey pictures"):
        best_place(grey(MARKS[0]), np.zeros((4, 4, 3), np.uint8))


@pytest.mark.skipif(not PHOTOS.exists(), reason="needs the photographs of the folder shared/photos")
def test_hardly_a_photograph_shows_a_mark_that_is_not_there_and_most_show_one_that_is() -> None:
    """A round plate may pass for the ring of the logo."""
    files = sorted(file for file in PHOTOS.rglob("*") if file.suffix in {".jpg", ".webp", ".png"})[::16]
    hits = false = 0
    for file in files:
        with Image.open(file) as opened:
            photograph = opened.convert("L")
        photograph.thumbnail((768, 768))
        marked = show(draw_logo(), photograph, 0.3, 0.6, (0.2, 0.1))
        hits += best_place(grey(draw_logo()), grey(marked)).clearness >= LEAST_CLEARNESS
        false += best_place(grey(draw_logo()), grey(photograph)).clearness >= LEAST_CLEARNESS
    assert len(files) == 16
    assert (hits >= 14, false <= 1) == (True, True)
