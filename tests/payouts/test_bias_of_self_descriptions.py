"""A bias report counts what contributors say of themselves, in groups in which nobody can be found."""

from pathlib import Path
from typing import Any

from django.core.management import call_command

from marketplace.core.self_descriptions import Gender, Region
from marketplace.models import Asset, Contributor, Customer
from marketplace.self_descriptions import describe_oneself
from payouts.bias import bias_figures, find_subject
from tests.builders import (
    SOLD_AT,
    make_asset,
    make_contributor,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_training_set,
)


def make_images(count: int, gender: str = "", region: str = "") -> list[Asset]:
    """One image each of so many contributors, who say this of themselves."""
    images = []
    for _ in range(count):
        contributor = make_contributor(f"Contributor {Contributor.objects.count()}", has_login=False)
        describe_oneself(contributor, gender, region, SOLD_AT)
        images.append(make_asset(contributor))
    return images


def label_rows(kind: str, name: str = "catalogue") -> dict[str, dict[str, Any]]:
    return {row.pop("label"): row for row in bias_figures(find_subject(name))["labels"][kind]}


def training_percents(kind: str) -> dict[str, int]:
    return {label: row["training_set_ppm"] // 10_000 for label, row in label_rows(kind).items()}


def test_gender_and_region_are_counted_as_contributors_say_them(db: None) -> None:
    make_images(6, Gender.WOMAN, Region.AFRICA)
    make_images(9, Gender.MAN)
    make_images(5)
    make_training_set()
    assert training_percents("gender") == {"man": 45, "woman": 30, "not said or too few": 25}
    assert training_percents("region") == {"Africa": 30, "not said or too few": 70}


def test_fewer_than_five_contributors_are_shown_with_those_who_say_nothing(db: None) -> None:
    make_images(8, region=Region.EUROPE)
    make_images(4, region=Region.ASIA)
    make_images(3, region=Region.AFRICA)
    make_images(5)
    make_training_set()
    assert training_percents("region") == {"Europe": 40, "not said or too few": 60}


def test_a_lone_small_group_is_not_found_by_subtraction(db: None) -> None:
    make_images(10, Gender.MAN)
    make_images(6, Gender.WOMAN)
    make_images(4, Gender.ANOTHER)
    make_training_set()
    assert training_percents("gender") == {"man": 50, "not said or too few": 50}


def test_a_small_group_of_the_catalogue_is_not_found_by_subtraction_where_the_training_set_has_none(db: None) -> None:
    make_images(10, Gender.MAN)
    make_images(6, Gender.WOMAN)
    make_training_set()
    make_images(1, Gender.ANOTHER)
    assert set(label_rows("gender")) == {"man", "not said or too few"}


def test_many_images_of_few_contributors_are_no_group_of_their_own(db: None) -> None:
    contributor = make_images(1, Gender.WOMAN)[0].contributor
    for _ in range(9):
        make_asset(contributor)
    make_images(10, Gender.MAN)
    make_training_set()
    assert training_percents("gender") == {"not said or too few": 100}


def test_a_group_of_whom_fewer_than_five_are_resembled_is_not_shown(carla: Customer) -> None:
    women, men = make_images(6, Gender.WOMAN), make_images(6, Gender.MAN)
    model = make_generator_model(make_training_set())
    assert set(label_rows("gender", model.name)) == {"woman", "man"}, "where nobody is resembled yet, all can be shown"
    shares = dict.fromkeys([*women[:4], *men], 50_000)
    make_inspiration_list(make_download(carla, make_generation(model)), shares, make_encoder())
    assert set(label_rows("gender", model.name)) == {"not said or too few"}


def test_parts_are_whole_percents_so_that_one_person_who_speaks_up_is_seldom_seen(db: None) -> None:
    make_images(5, Gender.WOMAN)
    make_images(7, Gender.MAN)
    make_training_set()
    parts = label_rows("gender")
    assert {label: row["training_set_ppm"] for label, row in parts.items()} == {"man": 580_000, "woman": 420_000}
    assert parts["woman"]["catalogue_ppm"] == 420_000


def test_what_is_taken_back_counts_as_not_said(db: None) -> None:
    images = make_images(5, Gender.WOMAN) + make_images(5, Gender.MAN)
    make_training_set()
    assert set(training_percents("gender")) == {"woman", "man"}
    for image in images:
        describe_oneself(image.contributor, "", "", SOLD_AT)
    assert training_percents("gender") == {"not said or too few": 100}


def test_the_report_says_that_contributors_say_it_and_how_small_groups_are_kept_apart(db: None, tmp_path: Path) -> None:
    make_images(5, Gender.WOMAN, Region.ASIA)
    make_images(5, Gender.MAN, Region.OCEANIA)
    make_training_set()
    call_command("bias_report", "catalogue", output=tmp_path)
    page = (tmp_path / "bias-report.html").read_text()
    for words in (
        "Gender, as contributors say",
        "Region where they work, as they say",
        "a sum over at least five people",
        "woman, training set: 50.00 %",
        "Oceania, training set: 50.00 %",
    ):
        assert words in page
