"""Faces are found where they stand; what has none shows none; and weights that are others are refused in words."""

import json
from pathlib import Path

import pytest
from PIL import Image

from attribution import faces
from attribution.checks import check_faces
from attribution.faces import FacesUnavailable, find_faces, require_weights
from tests.attribution.face_drawing import draw_face
from tests.builders import make_textured_picture

PHOTOS = Path(__file__).resolve().parents[2].parent / "shared" / "photos"
LABELS = json.loads(Path(__file__).with_name("photographs_of_people.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("edge", [64, 128, 220])
def test_a_face_is_found_where_it_stands(edge: int) -> None:
    picture = make_textured_picture(3)
    picture.paste(draw_face().resize((edge, edge)), (180, 120))
    (face,) = find_faces(picture)
    (left, top), _, (right, bottom), _ = face.region
    middle = (left + right) / 2 * picture.width, (top + bottom) / 2 * picture.height
    assert middle == pytest.approx((180 + edge / 2, 120 + edge / 2), abs=edge / 8)
    assert edge / 3 < (bottom - top) * picture.height < edge
    assert face.confidence >= faces.LEAST_CONFIDENCES[-1]


def test_each_face_is_found_once_and_the_surest_comes_first() -> None:
    picture = make_textured_picture(3)
    for edge, at in ((150, (20, 30)), (200, (250, 230))):
        picture.paste(draw_face().resize((edge, edge)), at)
    found = find_faces(picture)
    assert len(found) == 2
    assert found[0].confidence >= found[1].confidence


@pytest.mark.parametrize("picture", [make_textured_picture(3), Image.new("RGB", (300, 200)), Image.new("L", (9, 7))])
def test_a_picture_without_a_face_shows_none(picture: Image.Image) -> None:
    assert find_faces(picture) == []


def test_a_face_that_stands_on_its_head_is_one_of_those_that_are_not_found() -> None:
    picture = make_textured_picture(3)
    picture.paste(draw_face().rotate(180), (120, 120))
    assert find_faces(picture) == []


def test_weights_that_are_missing_or_damaged_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_weights()
    assert check_faces(None) == []
    (tmp_path / "assets" / "weights").mkdir(parents=True)
    (tmp_path / "assets" / "weights" / "pnet.lz4").write_bytes(b"damaged")
    package = type("Package", (), {"submodule_search_locations": [str(tmp_path)]})
    monkeypatch.setattr(faces, "find_spec", lambda name: package)
    faces._weights.cache_clear()
    with pytest.raises(FacesUnavailable, match=r"pnet\.lz4 is missing, damaged or of another version"):
        find_faces(make_textured_picture(3))
    monkeypatch.setattr(faces, "find_spec", lambda name: None)
    with pytest.raises(FacesUnavailable, match="mtcnn, whose weights find faces, is not installed"):
        find_faces(make_textured_picture(3))
    assert [message.id for message in check_faces(None)] == ["tributary.W111"]


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the photographs are not here")
@pytest.mark.parametrize("name", LABELS["faces"])
def test_on_photographs_faces_are_found(name: str) -> None:
    assert find_faces(small(PHOTOS / name))


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the photographs are not here")
def test_on_photographs_without_people_hardly_anything_is_taken_for_a_face() -> None:
    of_people = {*LABELS["faces"], *LABELS["people_without_a_face"], *LABELS["statues"]}
    names = sorted(path for path in PHOTOS.iterdir() if path.suffix != ".csv" and path.name not in of_people)
    assert len(names) == 230
    assert sum(bool(find_faces(small(path))) for path in names[::10]) <= 1


def small(path: Path) -> Image.Image:
    """A photograph in the size of a stored preview."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((1024, 1024))
    return picture
