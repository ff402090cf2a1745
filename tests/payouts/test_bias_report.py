"""A bias report counts what contributors say of themselves, and shows it beside what is attributed and earned."""

import hashlib
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from marketplace.generator_models import retire_model
from marketplace.model_cards import card_document, card_sections
from marketplace.models import Contributor, Customer, GeneratorModel, User
from payouts.bias import bias_figures, find_subject
from tests.builders import (
    CLOSED_AT,
    make_asset,
    make_closed_month,
    make_contributor,
    make_customer,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_policy,
    make_training_set,
)


@pytest.fixture
def model(db: None, fay: User, finn: User) -> GeneratorModel:
    """Three images from Germany and one from Kenya, which is all that sells; a closed month."""
    german, kenyan = make_contributor("Ana"), make_contributor("Wanjiru", country="KE")
    images = [make_asset(german), make_asset(german), make_asset(german), make_asset(kenyan)]
    made = make_generator_model(make_training_set())
    encoder = make_encoder()
    make_policy()
    customer = make_customer("Carla")
    make_inspiration_list(make_download(customer, make_generation(made)), {images[3]: 600_000}, encoder)
    make_inspiration_list(
        make_download(customer, make_generation(made), gross_minor=3_000), {images[0]: 200_000}, encoder
    )
    make_closed_month(fay, finn)
    return made


def test_each_country_has_its_part_of_images_of_shares_and_of_the_pools(model: GeneratorModel) -> None:
    figures = bias_figures(find_subject(model.name))
    germany, kenya = figures["labels"]["country"]
    assert germany == {
        "label": "DE",
        "catalogue_ppm": 750_000,
        "training_set_ppm": 750_000,
        "attributed_ppm": 250_000,
        "pool_weight_ppm": 500_000,
    }
    assert (kenya["label"], kenya["attributed_ppm"], kenya["pool_weight_ppm"]) == ("KE", 750_000, 500_000)
    assert figures["training_set"]["images"] == 4


def test_skew_is_measured_over_everybody_in_the_training_set(model: GeneratorModel) -> None:
    make_contributor("Nobody yet")
    figures = bias_figures(find_subject(model.name))
    assert figures["contributors"] == 2
    assert figures["skew"]["contributed images"] == {
        "gini_ppm": 250_000,
        "top_one_percent_ppm": 750_000,
        "with_nothing": 0,
    }
    assert figures["skew"]["attributed shares"]["top_one_percent_ppm"] == 750_000
    assert figures["skew"]["earnings"]["with_nothing"] == 0
    assert set(figures["months"]) == {"2026-10"}


def test_an_image_with_two_keywords_counts_half_for_each_and_one_without_as_not_said(
    ana: Contributor, carla: Customer
) -> None:
    for keywords in (["sea", "boat"], ["sea"], []):
        submission = make_asset(ana).submission
        submission.keywords = keywords
        submission.save()
    make_training_set("catalogue")
    rows = {row["label"]: row for row in bias_figures(find_subject("catalogue"))["labels"]["keyword"]}
    assert {label: row["training_set_ppm"] for label, row in rows.items()} == {
        "sea": 500_000,
        "not said": 333_333,
        "boat": 166_667,
    }


def test_what_is_rarer_than_the_twenty_most_frequent_keywords_is_shown_together(ana: Contributor) -> None:
    for number in range(25):
        submission = make_asset(ana).submission
        submission.keywords = [f"word {number:02}"]
        submission.save()
    make_training_set("catalogue")
    rows = bias_figures(find_subject("catalogue"))["labels"]["keyword"]
    assert [row["label"] for row in rows][-2:] == ["word 19", "all others"]
    assert rows[-1]["training_set_ppm"] == 200_000


def test_the_command_writes_a_page_with_charts_and_the_same_figures_as_json(
    model: GeneratorModel, tmp_path: Path
) -> None:
    call_command("bias_report", model.name, output=tmp_path / "report")
    page = (tmp_path / "report" / "bias-report.html").read_text()
    figures = json.loads((tmp_path / "report" / "bias-report.json").read_text())
    assert page.count("<svg") == 6
    assert "KE, attributed: 75.00 %" in page
    assert figures["labels"]["country"][1]["attributed_ppm"] == 750_000
    assert {file.name for file in (tmp_path / "report").iterdir()} == {"bias-report.html", "bias-report.json"}


def test_a_report_can_be_put_on_the_card_of_its_model_until_that_is_retired(
    model: GeneratorModel, tmp_path: Path
) -> None:
    call_command("bias_report", model.name, "--on-card", output=tmp_path / "report")
    card = card_document(GeneratorModel.objects.get(pk=model.pk))
    report = card["bias_report"]
    page = (tmp_path / "report" / "bias-report.html").read_bytes()
    assert report["summary"]["report"] == hashlib.sha256(page).hexdigest()
    assert report["summary"]["Gini coefficient of attributed shares, in ppm"] == 250_000
    assert "Gini coefficient of attributed shares: 25.0 %" in dict(card_sections(card)[0][1])["Bias report"]
    assert model.training_set
    with pytest.raises(CommandError, match="is no generator model: only those have cards"):
        call_command("bias_report", model.training_set.name, "--on-card", output=tmp_path / "set")
    retire_model(model, None, CLOSED_AT)
    with pytest.raises(CommandError, match="is retired, and its card is final"):
        call_command("bias_report", model.name, "--on-card", output=tmp_path / "late")


def test_a_set_that_sold_nothing_has_a_report_that_says_so(ana: Contributor, tmp_path: Path) -> None:
    make_asset(ana)
    make_training_set("catalogue")
    call_command("bias_report", "catalogue", output=tmp_path)
    assert "Nothing was downloaded and attributed yet." in (tmp_path / "bias-report.html").read_text()


def test_an_unknown_name_is_answered_with_the_known_ones(model: GeneratorModel, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Known: catalogue, sample"):
        call_command("bias_report", "nonesuch", output=tmp_path / "report")
    assert not (tmp_path / "report").exists()
