"""From one month's revenue to what each contributor earns, to the micro-unit and always the same way.

Weights are whole numbers, `gross_minor * share_ppm` summed per contributor or per training set, never floats.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from marketplace.core.apportion import apportion
from marketplace.core.money import minor_to_micro
from marketplace.core.ppm import WHOLE_PPM

_COMMON_FUND = (1, 0)  # sorts after every (0, contributor_id): a contributor wins a tie against the fund

_NOTHING: Mapping[int, int] = MappingProxyType({})

MembersBySet = Mapping[int, Mapping[int, int]]
DownloadLine = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PoolSplit:
    """One period's pool in micro-units, by id of the contributors who earn by each of three ways.

    `common_fund_micro` is what the fund had before `netted` was kept back of it, by training set, for what earlier
    months gave back: the three mappings and it together are the pool of downloads and that of dataset deals.
    """

    attributed: Mapping[int, int]
    common_fund: Mapping[int, int]
    dataset_deals: Mapping[int, int]
    common_fund_micro: int
    netted: Mapping[int, int]


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
    pool_micro: int,
    attributed: Mapping[int, int],
    unattributed: Mapping[int, int],
    members: MembersBySet,
    *,
    deals_micro: Mapping[int, int] = _NOTHING,
    owed_micro: Mapping[int, int] = _NOTHING,
) -> PoolSplit:
    """Split a pool over contributors by attributed weight, and what was unattributed by participation.

    `attributed` maps contributor ids to weights, `unattributed` training set ids to weights, `members` each training
    set to its number of assets by contributor. First the pool goes to the contributors and, as one more claimant, the
    common fund; then the fund to the training sets by weight; then each set's part, less what the set still owes
    (`owed_micro`), to its contributors by assets, and so does each set's pool of dataset deals (`deals_micro`).
    A closing does this in the database (`payouts.splitting`); this is the rule that it is held against.
    Raises ValueError for a negative pool, a pool without any weight, or something to share in an empty set.
    """
    smallest_micro = min([pool_micro, *deals_micro.values()])
    if smallest_micro < 0:
        raise ValueError(f"A pool cannot be negative: {smallest_micro} micro-units.")
    claims = {(0, contributor_id): weight for contributor_id, weight in attributed.items()}
    claims[_COMMON_FUND] = sum(unattributed.values())
    parts = apportion(pool_micro, claims)
    common_fund_micro = parts.pop(_COMMON_FUND)
    of_sets = apportion(common_fund_micro, unattributed)
    netted = {pk: min(part, owed_micro[pk]) for pk, part in of_sets.items() if min(part, owed_micro.get(pk, 0))}
    return PoolSplit(
        attributed={contributor_id: part for (_, contributor_id), part in parts.items() if part},
        common_fund=_by_participation({pk: part - netted.get(pk, 0) for pk, part in of_sets.items()}, members),
        dataset_deals=_by_participation(deals_micro, members),
        common_fund_micro=common_fund_micro,
        netted=netted,
    )


def _by_participation(of_sets_micro: Mapping[int, int], members: MembersBySet) -> dict[int, int]:
    """Each training set's amount over its contributors by their number of assets in it, added up."""
    earned: dict[int, int] = {}
    for training_set_id, part_micro in of_sets_micro.items():
        assets = members.get(training_set_id, {})
        if part_micro and not sum(assets.values()):
            raise ValueError(f"Training set {training_set_id} has something to share but no members to share it.")
        for contributor_id, share_micro in apportion(part_micro, assets).items():
            earned[contributor_id] = earned.get(contributor_id, 0) + share_micro
    return {contributor_id: earned[contributor_id] for contributor_id in sorted(earned) if earned[contributor_id]}


def break_down(earned_micro: int, weights: Mapping[DownloadLine, int]) -> dict[DownloadLine, int]:
    """Show what one contributor earned by (download id, asset id): lines in micro-units that sum to `earned_micro`."""
    return apportion(earned_micro, weights)


def weights_hash(
    attributed: Mapping[int, int],
    unattributed: Mapping[int, int],
    members: MembersBySet,
    deals_micro: Mapping[int, int] = _NOTHING,
) -> str:
    """Return the sha256 of the weights as text, one line each in ascending order: equal hashes split a pool alike."""
    lines = [f"attributed {contributor_id} {weight}" for contributor_id, weight in sorted(attributed.items())]
    lines += [f"unattributed {training_set_id} {weight}" for training_set_id, weight in sorted(unattributed.items())]
    lines += [f"deal {training_set_id} {amount_micro}" for training_set_id, amount_micro in sorted(deals_micro.items())]
    lines += [
        f"member {training_set_id} {contributor_id} {assets}"
        for training_set_id, set_members in sorted(members.items())
        for contributor_id, assets in sorted(set_members.items())
    ]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("ascii")).hexdigest()
