"""A hash that is near is found by one of its bands, and no band is searched wider than it takes."""

from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.hamming import BAND_BITS, BAND_MASK, BANDS, flips

HASHES = st.integers(-(2**63), 2**63 - 1)
CHANGES = st.sets(st.integers(0, 63), max_size=20)


def changed(hash_: int, bits: set[int]) -> int:
    """The hash with these bits flipped, as the signed integer that is stored."""
    flipped = (hash_ ^ sum(1 << bit for bit in bits)) % 2**64
    return flipped - 2**64 if flipped >= 2**63 else flipped


def band_of(hash_: int, band: int) -> int:
    """As PostgreSQL takes it in `near_hashes`."""
    return (hash_ >> band * BAND_BITS) & BAND_MASK


def is_found(one: int, other: int, bits: int) -> bool:
    return any(band_of(one, band) ^ band_of(other, band) in flips(band, bits) for band in range(BANDS))


@given(HASHES, CHANGES)
def test_every_hash_within_ten_bits_agrees_well_enough_in_some_band(hash_: int, bits: set[int]) -> None:
    assert is_found(hash_, changed(hash_, bits), 10) or len(bits) > 10


@given(HASHES, st.integers(1, 12))
def test_one_bit_more_than_is_looked_for_can_be_missed_so_no_band_is_searched_too_wide(hash_: int, bits: int) -> None:
    spread = {band * BAND_BITS + bit for band in range(BANDS) for bit in range(_fewest_missed(band, bits))}
    assert len(spread) == bits + 1
    assert not is_found(hash_, changed(hash_, spread), bits)


def test_ten_bits_take_428_values_a_hash() -> None:
    assert [len(flips(band, 10)) for band in range(BANDS)] == [137, 137, 137, 17]


def _fewest_missed(band: int, bits: int) -> int:
    return max(flip.bit_count() for flip in flips(band, bits)) + 1 if flips(band, bits) else 0
