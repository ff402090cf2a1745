"""How far estimated shares are from true ones, where the truth is known by construction."""

from collections.abc import Mapping, Sequence, Set

from marketplace.core.ppm import WHOLE_PPM


def total_variation(estimated_ppm: Mapping[int, int], true_ppm: Mapping[int, int]) -> float:
    """Return the part of one generation's money that goes to the wrong place: 0 is perfect, 1 is all of it.

    Both map asset ids to shares in ppm; what they leave of 1,000,000 is the unattributed remainder, compared as well.
    Half the sum of absolute differences (total variation distance). Raises ValueError for shares beyond the whole.
    """
    apart = abs(_unattributed(estimated_ppm) - _unattributed(true_ppm)) + sum(
        abs(estimated_ppm.get(asset_id, 0) - true_ppm.get(asset_id, 0))
        for asset_id in estimated_ppm.keys() | true_ppm.keys()
    )
    return apart / (2 * WHOLE_PPM)


def recall_at(k: int, ranked_ids: Sequence[int], source_ids: Set[int]) -> float:
    """Return the part of the true sources among the first `k` ranked assets; raise ValueError without any source."""
    if not source_ids:
        raise ValueError("Recall needs at least one true source.")
    return len(source_ids & set(ranked_ids[:k])) / len(source_ids)


def _unattributed(shares_ppm: Mapping[int, int]) -> int:
    rest_ppm = WHOLE_PPM - sum(shares_ppm.values())
    if rest_ppm < 0 or min(shares_ppm.values(), default=0) < 0:
        raise ValueError(f"Shares lie between 0 and {WHOLE_PPM} ppm together: {dict(shares_ppm)}.")
    return rest_ppm
