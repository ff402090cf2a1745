"""The ledger in a few dictionaries: what everybody should have after each step, without a database.

The rules of `core` say how much; this says whose, when, and out of what.
"""

from collections import Counter
from dataclasses import dataclass, field

from marketplace.core.ppm import WHOLE_PPM
from payouts.core.pool import pool_of, split_pool
from payouts.core.refunds import fee_of, given_back

RATE_PPM = 400_000
FEE_PPM = 29_000
THRESHOLD_MINOR = 500
FUND = 0  # whose part of a sale nobody's image has; contributors' ids are positive
SET = 1

Image = tuple[int, int]
"""Of whom, and which of theirs."""
UNATTRIBUTED = (FUND, 0)


@dataclass(eq=False)
class Sale:
    """One download; by month: what is left in its pool, what was there when it closed, what is gone since."""

    gross_minor: int
    shares_ppm: dict[Image, int]
    left: Counter[int]
    shared: dict[int, int] = field(default_factory=dict)
    gone: Counter[int] = field(default_factory=Counter)

    def take(self, minor: int) -> tuple[int, int]:
        """Take so much out of the newest month that has some: that month, and the fee that was part of it."""
        before = self.gross_minor - self.left.total()
        home = max(month for month, left in self.left.items() if left)
        self.left[home] -= minor
        return home, fee_of(minor, before, self.gross_minor, self.gross_minor * FEE_PPM // WHOLE_PPM)


@dataclass(eq=False)
class Dispute:
    """An open dispute: of which sale and month, and what of it was a fee."""

    sale: Sale
    minor: int
    fee_minor: int
    home: int


@dataclass(eq=False)
class Hold:
    """A part of somebody's balance that is not payable, for a dispute or because finance said so."""

    who: int
    micro: int
    dispute: Dispute | None = None


@dataclass
class Model:
    """Balances in micro-units by contributor; `members` is how many assets each has in the training set."""

    members: dict[int, int]
    month: int = 0
    payable: Counter[int] = field(default_factory=Counter)
    owed: Counter[int] = field(default_factory=Counter)
    fund_owed: int = 0
    sales: list[Sale] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    net: Counter[int] = field(default_factory=Counter)
    closed: dict[int, tuple[int, int]] = field(default_factory=dict)
    """The pool and the gross of each closed month."""
    removed: set[Image] = field(default_factory=set)
    settled: set[tuple[Image, int]] = field(default_factory=set)
    """Which images gave back what they earned in which month."""

    def held(self, who: int) -> int:
        return sum(hold.micro for hold in self.holds if hold.who == who)

    def sell(self, gross_minor: int, shares_ppm: dict[Image, int]) -> None:
        shares = shares_ppm | {UNATTRIBUTED: WHOLE_PPM - sum(shares_ppm.values())}
        self.sales.append(Sale(gross_minor, shares, Counter({self.month: gross_minor})))
        self.net[self.month] += gross_minor - gross_minor * FEE_PPM // WHOLE_PPM

    def refund(self, sale: Sale, minor: int) -> None:
        home, fee_minor = sale.take(minor)
        self.net[home] -= minor - fee_minor
        if home in self.closed:
            self._give_back(self._parts(sale, home, minor), sale, home, minor)

    def dispute(self, sale: Sale, minor: int) -> Dispute:
        home, fee_minor = sale.take(minor)
        self.net[home] -= minor - fee_minor
        dispute = Dispute(sale, minor, fee_minor, home)
        self.disputes.append(dispute)
        if home in self.closed:
            for who, part in self._parts(sale, home, minor).items():
                if who != FUND and min(part, self.payable[who]):
                    self.hold(who, min(part, self.payable[who]), dispute)
        return dispute

    def settle(self, dispute: Dispute, *, is_won: bool, was_closed: bool) -> None:
        """`was_closed`: whether the month was closed when the dispute began."""
        self.disputes.remove(dispute)
        for hold in [hold for hold in self.holds if hold.dispute is dispute]:
            self.end_hold(hold, is_released=True)
        if is_won:
            home = dispute.home if was_closed or dispute.home not in self.closed else self.month
            dispute.sale.left[home] += dispute.minor
            self.net[home] += dispute.minor - dispute.fee_minor
        elif was_closed:
            parts = self._parts(dispute.sale, dispute.home, dispute.minor)
            self._give_back(parts, dispute.sale, dispute.home, dispute.minor)

    def hold(self, who: int, micro: int, dispute: Dispute | None = None) -> Hold:
        self.payable[who] -= micro
        self.holds.append(Hold(who, micro, dispute))
        return self.holds[-1]

    def end_hold(self, hold: Hold, *, is_released: bool) -> None:
        self.holds.remove(hold)
        self.payable[hold.who] += hold.micro if is_released else 0

    def adjust(self, who: int, micro: int) -> None:
        if micro > 0:
            self.payable[who] += micro
        else:
            self._take(who, -micro)

    def settle_removals(self) -> None:
        """Each removed image gives back what it still has of each closed month, once."""
        for image, month in {(image, month) for image in self.removed for month in self.closed} - self.settled:
            for sale in self.sales:
                if left := sale.shared.get(month, 0) - sale.gone[month]:
                    mine = {image: sale.shares_ppm.get(image, 0)}
                    self._take(image[0], given_back(*self.closed[month], sale.gone[month], left, mine).get(image, 0))
            self.settled.add((image, month))

    def close(self) -> None:
        of_pool = [(sale, sale.left[self.month]) for sale in self.sales if sale.left[self.month]]
        weights: Counter[int] = Counter()
        for sale, left in of_pool:
            sale.shared[self.month] = left
            for (who, _), ppm in sale.shares_ppm.items():
                weights[who] += left * ppm
        weights = +weights
        pool = pool_of(self.net[self.month], RATE_PPM, "USD")
        fund = {SET: weights.pop(FUND)} if FUND in weights else {}
        done = split_pool(pool, weights, fund, {SET: self.members}, owed_micro={SET: self.fund_owed})
        self.payable.update(done.attributed)
        self.payable.update(done.common_fund)
        self.fund_owed -= sum(done.netted.values())
        for who, owed in self.owed.items():
            netted = min(owed, self.payable[who])
            self.owed[who] -= netted
            self.payable[who] -= netted
        self.closed[self.month] = pool, sum(left for _, left in of_pool)
        self.month += 1

    def pay(self) -> dict[int, int]:
        """What each is sent, in minor units."""
        free = {who: max(self.payable[who] - self.owed[who], 0) // 10_000 for who in self.members}
        sent = {who: minor for who, minor in free.items() if minor >= THRESHOLD_MINOR}
        self.payable.subtract({who: minor * 10_000 for who, minor in sent.items()})
        return sent

    def reverse(self, who: int, minor: int) -> None:
        self.payable[who] += minor * 10_000

    def _parts(self, sale: Sale, home: int, minor: int) -> dict[int, int]:
        still = {image: ppm for image, ppm in sale.shares_ppm.items() if (image, home) not in self.settled}
        parts: Counter[int] = Counter()
        for (who, _), micro in given_back(*self.closed[home], sale.gone[home], minor, still).items():
            parts[who] += micro
        return parts

    def _give_back(self, parts: dict[int, int], sale: Sale, home: int, minor: int) -> None:
        self.fund_owed += parts.pop(FUND, 0)
        for who, part in parts.items():
            self._take(who, part)
        sale.gone[home] += minor

    def _take(self, who: int, micro: int) -> None:
        taken = min(micro, self.payable[who])
        self.payable[who] -= taken
        self.owed[who] += micro - taken
