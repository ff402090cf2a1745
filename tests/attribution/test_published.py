"""The error that the public page names is the one that was measured."""

from attribution.benchmark.embedding import EmbeddedTrial
from attribution.benchmark.measure import measure
from attribution.benchmark.methods import tiled_method
from attribution.core.shares import EnergyParameters
from attribution.published import FILE, published_error
from tests.attribution.benchmark.test_regression import ROUNDING, STORED


def test_the_published_error_of_the_shipped_encoder_is_measured_again() -> None:
    published = published_error("compact")
    assert published is not None
    trial = EmbeddedTrial.read(STORED)
    measured = measure(tiled_method(EnergyParameters()), trial)
    assert abs(published.macro_error - measured.macro_error) <= ROUNDING
    assert abs(published.misallocated - measured.misallocated) <= ROUNDING
    assert abs(published.paid_on_unrelated - measured.paid_on_unrelated) <= ROUNDING


def test_what_is_published_is_what_the_table_says() -> None:
    table = (FILE.parents[1] / "README.md").read_text(encoding="utf-8")
    published = published_error("clip-blocks-whitened")
    assert published is not None
    row = next(
        line for line in table.splitlines() if line.startswith("| clip-blocks-whitened | energy shares (lo 0.35")
    )
    assert f"**{published.macro_error:.3f}**".replace("0.", ".") in row
    assert f"{published.misallocated:.1%}".replace("%", " %") in row


def test_an_encoder_that_nobody_measured_has_no_published_error() -> None:
    assert published_error("nobody measured this") is None
