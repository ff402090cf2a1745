"""Every figure of the table, on a trial in two dimensions that can be worked out by hand."""

from dataclasses import replace

import pytest

from attribution.benchmark.measure import attack, curve, measure, measure_encoder, misallocated, recall
from attribution.benchmark.methods import (
    BASELINES,
    PRO_RATA,
    catalogue_of,
    contenders,
    energy_method,
    explained,
    shares_at,
    tuned_energy,
)
from attribution.benchmark.trial import FAMILIES
from attribution.core.shares import EnergyParameters
from tests.attribution.benchmark.scenes import plane_trial

TRIAL = plane_trial()
ENERGY = energy_method(EnergyParameters())


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
    assert attack(PRO_RATA, TRIAL, TRIAL.variants, TRIAL.found) == pytest.approx((21 / 22 - 1 / 2, 20 / 22), abs=1e-5)


def test_variants_that_are_proved_to_be_copies_earn_nothing() -> None:
    assert attack(ENERGY, TRIAL, TRIAL.variants, TRIAL.found) == (0, 0)


def test_variants_that_are_not_found_earn() -> None:
    gain, taken = attack(ENERGY, TRIAL, TRIAL.variants, ~TRIAL.found)
    assert gain > 0
    assert taken > 0


def test_what_is_a_copy_in_the_catalogue_is_no_candidate() -> None:
    assert catalogue_of(replace(TRIAL, originals=[0, 0])).asset_ids.tolist() == [0]


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


def test_energies_give_the_shares_at_every_r0() -> None:
    candidates = catalogue_of(TRIAL)
    energies = explained(TRIAL.test, candidates, lo=0.2)
    for r0 in (0.3, 0.7, 1.0):
        method = energy_method(EnergyParameters(lo=0.2, r0=r0))
        for own, query in zip(shares_at(energies, r0), TRIAL.test.vectors, strict=True):
            assert own == pytest.approx(method.share(query, candidates), abs=2)


def test_tuning_finds_the_floor_that_leaves_only_the_right_asset() -> None:
    """Similarities are .38 and .92: from lo .4 on, the second asset alone is paid."""
    assert tuned_energy(TRIAL) == EnergyParameters(lo=0.4, r0=0.3)


def test_every_method_is_a_row_and_the_shipped_parameters_are_one_of_them() -> None:
    rows = contenders(TRIAL)
    assert [row.name for row in rows] == ["pro rata", *BASELINES, "energy shares", "energy shares"]
    assert rows[-2].parameters == "lo 0.2, R₀ 0.5"


def test_the_curve_weighs_what_is_paid_against_what_is_due() -> None:
    """At lo .05 both are paid: 144/169 of what is paid is right, and of what is due on the related pictures."""
    first = curve(TRIAL)[0]
    assert (first.lo, first.r0) == (0.05, 0.3)
    assert first.precision == pytest.approx(144 / 169, abs=1e-6)
    assert first.coverage == pytest.approx(144 / 169, abs=1e-6)


def test_a_result_has_all_of_it() -> None:
    result = measure_encoder("plane", "f", TRIAL)
    assert len(result.methods) == 6
    assert result.recall[10]["single"] == 1
