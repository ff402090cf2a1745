"""Every figure of the table, on a trial in two dimensions that can be worked out by hand."""

from dataclasses import replace

import pytest

from attribution.benchmark.measure import attack, curve, measure, measure_encoder, misallocated, recall, variants_of
from attribution.benchmark.methods import (
    BASELINES,
    PRO_RATA,
    contenders,
    explained,
    images_of,
    pictures_of,
    shares_at,
    tiled_method,
    tuned_energy,
    whole_method,
)
from attribution.benchmark.trial import FAMILIES
from attribution.core.shares import EnergyParameters
from tests.attribution.benchmark.scenes import plane_trial

TRIAL = plane_trial()
ENERGY = tiled_method(EnergyParameters())
VARIANTS = variants_of(TRIAL)


def test_energy_shares_on_the_plane() -> None:
    """Paid 25/169 and 144/169 where 0 and 1 are due: an error of 25/169; on the unrelated picture nothing is paid."""
    row = measure(ENERGY, TRIAL)
    assert row.share_error == pytest.approx(
        {family: 0 if family == "unrelated" else 25 / 169 for family in FAMILIES}, abs=1e-6
    )
    assert row.macro_error == pytest.approx(25 / 169 * 7 / 8, abs=1e-6)
    assert row.paid_on_unrelated == 0
    assert row.paid_to_collage_sources == pytest.approx(144 / 169, abs=1e-6)
    assert row.clone_gain == 0
    assert row.datamodelling == pytest.approx(1)


def test_pro_rata_on_the_plane() -> None:
    """Half to each, whatever the picture; 20 clones raise their owner from 1/2 to 21/22 and earn 20/22 themselves."""
    row = measure(PRO_RATA, TRIAL)
    assert row.macro_error == pytest.approx((7 * 0.5 + 1) / 8)
    assert row.paid_on_unrelated == 1
    assert row.paid_to_collage_sources == 0.5
    assert row.datamodelling == 0
    assert row.clone_gain == pytest.approx(21 / 22 - 1 / 2, abs=1e-5)
    assert attack(PRO_RATA, TRIAL, VARIANTS, TRIAL.found) == pytest.approx((21 / 22 - 1 / 2, 20 / 22), abs=1e-5)


def test_variants_that_are_proved_to_be_copies_earn_nothing() -> None:
    assert attack(ENERGY, TRIAL, VARIANTS, TRIAL.found) == (0, 0)


def test_variants_that_are_not_found_earn() -> None:
    gain, taken = attack(ENERGY, TRIAL, VARIANTS, ~TRIAL.found)
    assert gain > 0
    assert taken > 0


def test_what_is_a_copy_in_the_catalogue_is_no_candidate() -> None:
    assert images_of(replace(TRIAL, originals=[0, 0])).candidates.asset_ids.tolist() == [0]


def test_a_month_that_goes_to_the_right_contributors_has_nothing_misallocated() -> None:
    due = [{0: 500_000, 1: 300_000}, {1: 1_000_000}, {}]
    assert misallocated(due, due, [0, 1]) == 0


def test_the_wrong_image_of_the_right_contributor_is_no_money_misallocated() -> None:
    assert misallocated([{0: 1_000_000}], [{1: 1_000_000}], [0, 0]) == 0


def test_a_month_that_goes_to_the_wrong_contributor_or_past_the_common_fund_is_misallocated_whole() -> None:
    assert misallocated([{0: 1_000_000}], [{1: 1_000_000}], [0, 1]) == pytest.approx(1)
    assert misallocated([{0: 1_000_000}], [{}], [0, 1]) == pytest.approx(1)
    assert misallocated([{}], [{1: 1_000_000}], [0, 1]) == pytest.approx(1)


def test_errors_against_each_other_cancel_only_as_far_as_downloads_do() -> None:
    """Two contributors of whom one has twice the other's downloads, and each gets the other's money: 1/3 is wrong."""
    paid, due = [{0: 1_000_000}, {1: 1_000_000}], [{1: 1_000_000}, {0: 1_000_000}]
    assert misallocated(paid, due, [0, 1]) == pytest.approx(1 / 3)


def test_recall_leaves_out_pictures_without_a_source() -> None:
    assert recall(TRIAL, 1) == {family: 1 for family in FAMILIES if family != "unrelated"}


def test_explained_parts_give_the_shares_at_every_support_and_whole() -> None:
    images = images_of(TRIAL)
    parts = explained(TRIAL.test, images, lo=0.2, r0=0.5)
    for support, whole in ((0.0, 1.0), (0.2, 1.0), (0.2, 0.5)):
        method = tiled_method(EnergyParameters(lo=0.2, r0=0.5, support=support, whole=whole))
        for own, picture in zip(shares_at(parts, support, whole), pictures_of(TRIAL.test), strict=True):
            assert own == pytest.approx(method.share(picture, images), abs=2)


def test_a_picture_that_is_its_only_tile_is_shared_as_a_whole() -> None:
    images, picture = images_of(TRIAL), pictures_of(TRIAL.test)[0]
    shares = whole_method(EnergyParameters()).share(picture, images)
    assert shares == ENERGY.share(picture, images)


def test_tuning_finds_the_first_parameters_that_leave_only_the_right_asset() -> None:
    """The first asset explains .148 of the picture, less than a support of .15; the second explains .852."""
    assert tuned_energy(TRIAL.tuning, images_of(TRIAL)) == EnergyParameters(lo=0.15, r0=0.3, support=0.15, whole=0.5)


def test_every_method_is_a_row_and_the_shipped_parameters_are_one_of_them() -> None:
    rows = contenders(TRIAL)
    assert [row.name for row in rows] == ["pro rata", *BASELINES, "energy shares", "energy shares"]
    assert rows[-2].parameters == "lo 0.35, R₀ 0.45, support 0.1, whole 0.75"


def test_the_curve_weighs_what_is_paid_against_what_is_due() -> None:
    """Without support both are paid: 144/169 of what is paid is right, and of what is due on the related pictures."""
    first = curve(TRIAL)[0]
    assert (first.support, first.whole) == (0, 0.5)
    assert first.precision == pytest.approx(144 / 169, abs=1e-6)
    assert first.coverage == pytest.approx(144 / 169, abs=1e-6)


def test_a_result_has_all_of_it() -> None:
    result = measure_encoder("plane", "f", TRIAL)
    assert len(result.methods) == 7
    assert result.recall[10]["single"] == 1
