"""Nothing that is tested was tuned on or trained on, and the same photographs always give the same benchmark."""

from pathlib import Path

import pytest

from attribution.benchmark.photographs import Parts, deal_parts, read_folder
from attribution.benchmark.trial import COPIES, FAMILIES, Trial, background_images, make_trial
from attribution.compact.pictures import Photograph, split_by_author
from tests.attribution.benchmark.scenes import SMALL, small_folder


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return deal_parts(read_folder(small_folder(tmp_path_factory.mktemp("photos"))))


@pytest.fixture(scope="module")
def trial(parts: Parts) -> Trial:
    return make_trial(parts, SMALL)


def photographs(authors: int) -> list[Photograph]:
    """Photographs by so many authors, three each."""
    return [Photograph(Path(f"{number}.jpg"), f"author {number // 3}", "", "") for number in range(3 * authors)]


def test_no_two_parts_share_an_author_and_every_photograph_has_a_part() -> None:
    listed = photographs(80)
    parts = deal_parts(listed)
    everyone = [{photograph.author for photograph in part} for part in vars_of(parts)]
    assert sum(map(len, everyone)) == len(set().union(*everyone)) == 80
    assert sum(map(len, vars_of(parts))) == len(listed)


def test_what_is_tested_is_by_authors_whom_the_compact_encoder_was_not_trained_on() -> None:
    listed = photographs(80)
    parts = deal_parts(listed)
    trained, _ = split_by_author(listed)
    assert not {each.author for each in parts.sources + parts.outside} & {each.author for each in trained}


def test_too_few_authors_are_refused() -> None:
    with pytest.raises(ValueError, match="more authors"):
        deal_parts(photographs(21))


def test_test_pictures_come_from_test_sources_only_and_tuning_pictures_from_tuning_sources(
    parts: Parts, trial: Trial
) -> None:
    own, tuning = len(parts.sources), len(parts.tuning_sources)
    assert {asset for query in trial.test for asset in query.truth_ppm} <= set(range(own))
    assert {asset for query in trial.tuning for asset in query.truth_ppm} <= set(range(own, own + tuning))
    assert len(trial.catalogue) == own + tuning + len(parts.bystanders)


def test_every_family_is_there_with_as_many_sources_as_its_name_says(trial: Trial) -> None:
    sources = {family: {len(query.truth_ppm) for query in trial.test if query.family == family} for family in FAMILIES}
    assert list(sources.values()) == [{2}, {3}, {4}, {2}, {3}, {1}, {1}, {0}]


def test_true_shares_are_the_whole_unless_part_of_the_picture_is_nobodys(trial: Trial) -> None:
    for query in trial.test + trial.tuning:
        whole = sum(query.truth_ppm.values())
        assert (0 < whole < 1_000_000) if query.family == "inpainted" else whole in (0, 1_000_000)


def test_an_attack_repeats_a_true_source_of_the_picture_that_it_is_measured_on(trial: Trial) -> None:
    (attack,) = trial.attacks
    assert attack.asset in trial.test[attack.query].truth_ppm
    assert len(attack.variants) == COPIES


def test_the_same_photographs_give_the_same_pictures(parts: Parts, trial: Trial) -> None:
    again = make_trial(parts, SMALL)
    assert [query.image.tobytes() for query in again.test] == [query.image.tobytes() for query in trial.test]
    assert [query.truth_ppm for query in again.test] == [query.truth_ppm for query in trial.test]


def test_the_background_holds_nothing_of_the_catalogue_or_the_queries(parts: Parts, trial: Trial) -> None:
    background = {image.tobytes() for image in background_images(parts, SMALL)}
    used = {image.tobytes() for image in trial.catalogue + [query.image for query in trial.test + trial.tuning]}
    assert background
    assert not background & used


def vars_of(parts: Parts) -> list[list[Photograph]]:
    """The parts as a list."""
    return [getattr(parts, name) for name in Parts.__dataclass_fields__]
