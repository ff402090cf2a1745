"""What goes back of a closed month when a download of it is refunded."""

from collections.abc import Mapping
from typing import TypeVar

from marketplace.core.ppm import WHOLE_PPM

K = TypeVar("K")


def given_back(
    pool_micro: int, gross_minor: int, before_minor: int, refunded_minor: int, shares_ppm: Mapping[K, int]
) -> dict[K, int]:
    """Return what each gives back, in micro-units, when `refunded_minor` more of one download are refunded.

    `pool_micro` was shared by downloads of `gross_minor` together, so each had `pool x paid x share / (gross x
    1,000,000)` of this one. Refunds so far and this one together take that part of what is refunded, rounded down: a
    refund in pieces takes the same as one, and nobody gives back more than they had. Who gives nothing is left out.
    A removed image gives back what is left of a download as if all of it were refunded now.
    Raises ValueError unless something is refunded of a month in which something was shared.
    """
    if before_minor < 0 or refunded_minor <= 0 or gross_minor < before_minor + refunded_minor or pool_micro < 0:
        raise ValueError(
            f"Cannot refund {refunded_minor} minor units after {before_minor} of a month that shared {gross_minor}."
        )
    whole = gross_minor * WHOLE_PPM

    def of(share_ppm: int, minor: int) -> int:
        return pool_micro * minor * share_ppm // whole

    parts = {key: of(ppm, before_minor + refunded_minor) - of(ppm, before_minor) for key, ppm in shares_ppm.items()}
    return {key: micro for key, micro in parts.items() if micro}


def fee_of(refunded_minor: int, before_minor: int, gross_minor: int, fee_minor: int) -> int:
    """Return the part of a sale's fee that belongs to what is refunded now, so that all parts add up to the fee."""
    return fee_minor * (before_minor + refunded_minor) // gross_minor - fee_minor * before_minor // gross_minor
