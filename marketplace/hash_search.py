"""SQL that finds stored perceptual hashes near to others by an index on each of their bands, without comparing all."""

from marketplace.core.hamming import BAND_BITS, BAND_MASK, BANDS, flips


def near_bands(table: str, key: str) -> str:
    """A query of `key` and `distance` for the rows of `table` that share a band with one of the hashes `%(ways)s`.

    Its other parameters are those of `flips_within`; of what it gives, rows within that many bits are complete.
    """
    return " UNION ALL ".join(
        f"""
        SELECT known.{key}, bit_count((known.hash # way)::bit(64)) AS distance
        FROM unnest(%(ways)s::bigint[]) AS way CROSS JOIN unnest(%(flips_{band})s::bigint[]) AS flip
        JOIN {table} AS known
        ON (known.hash >> {band * BAND_BITS}) & {BAND_MASK} = ((way >> {band * BAND_BITS}) & {BAND_MASK}) # flip
        """  # noqa: S608 -- of names in our own code only
        for band in range(BANDS)
    )


def flips_within(bits: int) -> dict[str, list[int]]:
    """The parameters by which `near_bands` finds every hash that differs in at most so many bits."""
    return {f"flips_{band}": flips(band, bits) for band in range(BANDS)}
