"""From one month's revenue to what each contributor earns, to the micro-unit and always the same way.

Weights are whole numbers, `gross_minor * share_ppm` summed per contributor or per training set, never floats.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.core.apportion import apportion
from marketplace.core.money import minor_to_micro

WHOLE_PPM = 1_000_000
_COMMON_FUND = (1, 0)  # sorts after every (0, contributor_id): a contributor wins a tie against the fund

MembersBySet = Mapping[int, Mapping[int, int]]
DownloadLine = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PoolSplit:
    """One period's pool in micro-units, by id of the contributors who earn: the two mappings together are the pool."""

    attributed: Mapping[int, int]
    common_fund: Mapping[int, int]
    common_fund_micro: int


def pool_of(net_minor: int, contributor_rate_ppm: int, currency: str) -> int:
    """Return the revenue pool in micro-units, rounded down: what is left of the net revenue stays with the platform.

    Raises ValueError for a negative net revenue or a rate outside 0 to 1,000,000 ppm.
    """
    if net_minor < 0:
        raise ValueError(f"Net revenue is {net_minor} minor units: a period with more refunds than sales has no pool.")
    if not 0 <= contributor_rate_ppm <= WHOLE_PPM:
        raise ValueError(f"The contributor rate must be 0 to {WHOLE_PPM} ppm, not {contributor_rate_ppm}.")
    return minor_to_micro(net_minor, currency) * contributor_rate_ppm // WHOLE_PPM


def split_pool(
    pool_micro: int, attributed: Mapping[int, int], unattributed: Mapping[int, int], members: MembersBySet
) -> PoolSplit:
    """Split a pool over contributors by attributed weight, and what was unattributed by participation.

    `attributed` maps contributor ids to weights, `unattributed` training set ids to weights, `members` each training
    set to its number of assets by contributor. First the pool goes to the contributors and, as one more claimant, the
    common fund; then the fund to the training sets by weight; then each set's part to its contributors by assets.
    Raises ValueError for a negative pool, a pool without any weight, or an unattributed weight in an empty set.
    """
    if pool_micro < 0:
        raise ValueError(f"A pool cannot be negative: {pool_micro} micro-units.")
    claims = {(0, contributor_id): weight for contributor_id, weight in attributed.items()}
    claims[_COMMON_FUND] = sum(unattributed.values())
    parts = apportion(pool_micro, claims)
    common_fund_micro = parts.pop(_COMMON_FUND)
    return PoolSplit(
        attributed={contributor_id: part for (_, contributor_id), part in parts.items() if part},
        common_fund=_split_common_fund(common_fund_micro, unattributed, members),
        common_fund_micro=common_fund_micro,
    )


def _split_common_fund(
    common_fund_micro: int, unattributed: Mapping[int, int], members: MembersBySet
) -> dict[int, int]:
    earned: dict[int, int] = {}
    for training_set_id, part_micro in apportion(common_fund_micro, unattributed).items():
        assets = members.get(training_set_id, {})
        if unattributed[training_set_id] and not sum(assets.values()):
            raise ValueError(f"Training set {training_set_id} has an unattributed weight but no members to share it.")
        for contributor_id, share_micro in apportion(part_micro, assets).items():
            earned[contributor_id] = earned.get(contributor_id, 0) + share_micro
    return {contributor_id: earned[contributor_id] for contributor_id in sorted(earned) if earned[contributor_id]}


def break_down(earned_micro: int, weights: Mapping[DownloadLine, int]) -> dict[DownloadLine, int]:
    """Show what one contributor earned by (download id, asset id): lines in micro-units that sum to `earned_micro`."""
    return apportion(earned_micro, weights)


def weights_hash(attributed: Mapping[int, int], unattributed: Mapping[int, int], members: MembersBySet) -> str:
    """Return the sha256 of the weights as text, one line each in ascending order: equal hashes split a pool alike."""
    lines = [f"attributed {contributor_id} {weight}" for contributor_id, weight in sorted(attributed.items())]
    lines += [f"unattributed {training_set_id} {weight}" for training_set_id, weight in sorted(unattributed.items())]
    lines += [
        f"member {training_set_id} {contributor_id} {assets}"
        for training_set_id, set_members in sorted(members.items())
        for contributor_id, assets in sorted(set_members.items())
    ]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("ascii")).hexdigest()
