"""Near hashes by their bands, without comparing all: multi-index hashing (Norouzi, Punjani, Fleet, CVPR 2012).

Two hashes of 64 bits that differ in few bits differ in very few within at least one of four bands of 16 bits. So only
hashes need comparing that have, in some band, one of the values so near to the other's.
"""

from itertools import combinations

BANDS = 4
BAND_BITS = 16
BAND_MASK = (1 << BAND_BITS) - 1


def flips(band: int, bits: int) -> list[int]:
    """What must be tried in a band, as the bits that differ, to find every hash within `bits` bits.

    With bits = 4q + r, it is all of at most q bits in the first r + 1 bands and of fewer than q in the others: a hash
    that none of these finds differs in at least (r + 1)(q + 1) + (3 - r)q = bits + 1 bits.
    """
    quotient, remainder = divmod(bits, BANDS)
    most = quotient if band <= remainder else quotient - 1
    return [
        sum(1 << bit for bit in changed)
        for count in range(most + 1)
        for changed in combinations(range(BAND_BITS), count)
    ]
