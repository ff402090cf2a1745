"""A generation that shows a known mark is held for a reviewer, who sees where; new marks are looked for in old ones."""

from io import BytesIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from attribution.copies import check_copies
from attribution.marks import check_marks, store_mark
from attribution.models import Encoder, KnownMark, MarkSearch
from marketplace.core.release import Decision, Outcome, SaleState
from marketplace.models import Contributor, Generation, GeneratorModel, User
from marketplace.output_checks import decide_output, sale_states
from tests.attribution.copying import (
    drawn,
    holding,
    make_configured_encoder,
    make_drawn_assets,
    make_generation_of,
)
from tests.attribution.marking import draw_logo, draw_word, show
from tests.builders import (
    CLOSED_AT,
    JOINED_AT,
    make_generator_model,
    make_textured_picture,
    make_training_set,
    make_user,
)


@pytest.fixture
def encoder(db: None, settings: LazySettings) -> Encoder:
    settings.SSCD_WEIGHTS = ""
    return make_configured_encoder()


@pytest.fixture
def model(ana: Contributor, ben: Contributor, encoder: Encoder) -> GeneratorModel:
    make_drawn_assets([ana, ben], encoder)
    return make_generator_model(make_training_set())


def png(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def make_mark(picture: Image.Image, name: str = "Zephyr") -> KnownMark:
    return KnownMark.objects.create(name=name, picture=store_mark(png(picture)), recorded_at=JOINED_AT)


def marked(seed: int = 1) -> Image.Image:
    return show(draw_logo(), make_textured_picture(seed), 0.4, 0.6, (0.3, 0.3))


def state(generation: Generation) -> SaleState:
    return sale_states([generation])[generation.pk]


def test_a_generation_that_shows_a_mark_is_held_with_its_region(model: GeneratorModel, encoder: Encoder) -> None:
    mark = make_mark(draw_logo())
    other = make_mark(draw_word(), "Another")
    generation = make_generation_of(marked(), model, encoder)
    assert check_copies(CLOSED_AT) == 1
    assert state(generation) is SaleState.HELD
    check = generation.output_checks.get()
    assert check.evidence.startswith("It shows the mark “Zephyr”.")
    found = check.marks.get()
    assert found.known_mark == mark
    assert found.region[0] == pytest.approx([0.3, 0.3], abs=0.03)
    assert MarkSearch.objects.get(known_mark=other).output_check is None


def test_one_that_shows_none_is_for_sale(model: GeneratorModel, encoder: Encoder) -> None:
    make_mark(draw_logo())
    generation = make_generation_of(make_textured_picture(2), model, encoder)
    check_copies(CLOSED_AT)
    assert state(generation) is SaleState.FOR_SALE


def test_a_mark_that_is_new_is_looked_for_in_earlier_generations_once(model: GeneratorModel, encoder: Encoder) -> None:
    generation = make_generation_of(marked(), model, encoder)
    check_copies(CLOSED_AT)
    assert state(generation) is SaleState.FOR_SALE
    assert check_marks(CLOSED_AT) == 0
    make_mark(draw_logo())
    assert (check_marks(CLOSED_AT), check_marks(CLOSED_AT)) == (1, 0)
    assert state(generation) is SaleState.HELD


def test_a_picture_that_is_away_does_not_hold_up_those_after_it_and_is_tried_again(
    model: GeneratorModel, encoder: Encoder
) -> None:
    away, there = (make_generation_of(marked(seed), model, encoder) for seed in (1, 2))
    check_copies(CLOSED_AT)
    make_mark(draw_logo())
    kept = Path(away.preview.path).rename(Path(away.preview.path).with_suffix(".away"))
    assert (check_marks(CLOSED_AT), check_marks(CLOSED_AT)) == (1, 0)
    assert (state(away), state(there)) == (SaleState.FOR_SALE, SaleState.HELD)
    kept.rename(away.preview.path)
    assert check_marks(CLOSED_AT) == 1
    assert state(away) is SaleState.HELD


def test_a_new_mark_does_not_undo_what_a_reviewer_cleared_elsewhere(model: GeneratorModel, encoder: Encoder) -> None:
    generation = make_generation_of(holding(drawn(0)), model, encoder)
    check_copies(CLOSED_AT)
    decide_output(generation.output_checks.get(), Decision.CLEARED, "Its owner agreed.", _reviewer(), CLOSED_AT)
    make_mark(draw_logo())
    check_marks(CLOSED_AT)
    assert state(generation) is SaleState.FOR_SALE


def test_a_finding_of_a_copy_is_not_forgotten_over_a_mark(model: GeneratorModel, encoder: Encoder) -> None:
    picture = show(draw_logo(), holding(drawn(0)).resize((512, 512)), 0.45, 0.8, (0.3, 0.02))
    generation = make_generation_of(picture, model, encoder)
    check_copies(CLOSED_AT)
    before = generation.output_checks.get()
    assert before.outcome == Outcome.BLOCKED
    make_mark(draw_logo())
    check_marks(CLOSED_AT)
    after = generation.output_checks.latest("pk")
    assert after.evidence == f"It shows the mark “Zephyr”. Found before: {before.evidence}"


def test_a_mark_that_is_not_looked_for_any_more_holds_nothing(model: GeneratorModel, encoder: Encoder) -> None:
    mark = make_mark(draw_logo())
    mark.is_looked_for = False
    mark.save()
    generation = make_generation_of(marked(), model, encoder)
    check_copies(CLOSED_AT)
    assert state(generation) is SaleState.FOR_SALE


def test_the_reviewer_sees_the_region_and_clears_it(model: GeneratorModel, encoder: Encoder, client: Client) -> None:
    generation = make_generation_of(marked(), model, encoder)
    check_copies(CLOSED_AT)
    make_mark(draw_logo())
    check_marks(CLOSED_AT)
    check = generation.output_checks.latest("pk")
    client.force_login(_reviewer())
    page = client.get(f"/review/{check.pk}/").content.decode()
    assert "The mark “Zephyr”" in page
    assert "<polygon" in page
    assert "Compared with" in page
    client.post(f"/review/{check.pk}/decide/", {"decision": "cleared", "reason": "A ring of hills."})
    assert state(generation) is SaleState.FOR_SALE


def test_an_admin_adds_a_mark_with_its_picture_or_reads_why_not(client: Client, db: None) -> None:
    client.force_login(make_user("root", is_superuser=True))
    add = "/admin/attribution/knownmark/add/"
    for data, why in ((b"no picture", "error"), (png(Image.new("L", (90, 90))), "too few edges")):
        page = client.post(add, {"name": "Zephyr", "upload": SimpleUploadedFile("m.png", data), "is_looked_for": "on"})
        assert why in page.content.decode()
    upload = SimpleUploadedFile("m.png", png(draw_logo()))
    client.post(add, {"name": "Zephyr", "upload": upload, "is_looked_for": "on"})
    mark = KnownMark.objects.get()
    assert mark.picture.size > 0
    assert client.get(f"/admin/attribution/knownmark/{mark.pk}/change/").status_code == 200
    client.post(f"/admin/attribution/knownmark/{mark.pk}/change/", {"name": "Zephyr", "note": "Theirs"})
    mark.refresh_from_db()
    assert (mark.note, mark.is_looked_for) == ("Theirs", False)


def _reviewer() -> User:
    return make_user("rita", "reviewer")
