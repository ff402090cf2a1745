"""Playing a seed: rounds in which everything goes wrong, then the same errands without faults until all is settled."""

from dataclasses import dataclass, field
from pathlib import Path

from marketplace.core.periods import Month
from marketplace.models import Contributor, User
from payouts.adjusting import record_adjustment
from payouts.attempts import transfer_group
from payouts.campaign.judging import Due, Verdict, judge
from payouts.campaign.month import APPROVER, DRAFTER
from payouts.campaign.parts import Postgres
from payouts.campaign.plan import (
    A_DAY_AND_MORE_S,
    HALF_AN_HOUR_AND_MORE_S,
    Act,
    Errand,
    Plan,
    Round,
    plan_of,
)
from payouts.campaign.workers import work
from payouts.campaign.world import IMPATIENT_S, PATIENT_S, World, world
from payouts.core.ledger import AccountKind
from payouts.core.states import PayoutState, RunState
from payouts.models import AdjustmentReason, LedgerAccount, Payout, PayoutRun, Period
from payouts.runs import approve_payout_run, draft_payout_run, resume_payout_run
from payouts.sandbox.deliveries import Manner

MOST_RECOVERIES = 12
TRUSTED = (Manner.AGAIN, Manner.REORDERED)
REFUSED = 400


@dataclass
class Game:
    """A seed while it is played: its payouts in the order of contributors, and what was found wrong on the way."""

    plan: Plan
    world: World
    run: PayoutRun
    due: list[Due]
    withdrawn_minor: int = 0
    killed: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def to_reverse(self) -> list[int]:
        """The payouts that we take back."""
        return [self.due[number].payout_id for number in sorted(self.plan.reversed_by_us)]

    def work(self, *errands: Errand, read_timeout_s: float = PATIENT_S) -> None:
        """Let workers do errands at once."""
        killed, wrong = work(errands, self.world, self.run, self.to_reverse, read_timeout_s)
        self.killed += killed
        self.wrong += wrong


def play(seed: int, postgres: Postgres, sandbox_state: Path) -> Verdict:
    """Play a seed to its end and judge it."""
    plan = plan_of(seed)
    with world(seed, postgres, sandbox_state) as its_world:
        game = _begun(plan, its_world)
        its_world.begin_faults(seed)
        for number, one in enumerate(plan.rounds):
            _play_round(game, number, one)
        met = its_world.end_faults()
        _recover(game)
        return judge(its_world, game.run, game.due, game.wrong, killed=game.killed, met=met)


def _begun(plan: Plan, its_world: World) -> Game:
    """An approved run, of amounts that differ between seeds; one account may take no transfers since."""
    at = its_world.clock.now()
    month_on = Period.objects.get(state=Period.CLOSED).month_on
    month = Month(month_on.year, month_on.month)
    drafter, approver = (User.objects.get(username=name) for name in (DRAFTER, APPROVER))
    for contributor, change_micro in zip(Contributor.objects.order_by("pk"), plan.changes_micro, strict=True):
        reason = AdjustmentReason.APPEAL if change_micro > 0 else AdjustmentReason.TAKEDOWN
        key = f"campaign {contributor.pk}"
        record_adjustment(contributor, change_micro, month, reason, "campaign", drafter, key, at)
    run = approve_payout_run(draft_payout_run(drafter, at).pk, approver, at)
    due = [_due(number, payout, plan) for number, payout in enumerate(run.payouts.order_by("contributor"))]
    if plan.refused is not None:
        account = due[plan.refused].stripe_account_id
        its_world.pull("account", account=account, transfers="inactive", currently_due=["individual.id_number"])
    return Game(plan, its_world, run, due)


def _due(number: int, payout: Payout, plan: Plan) -> Due:
    assert payout.connected_account is not None
    payable = LedgerAccount.objects.get(kind=AccountKind.PAYABLE, contributor=payout.contributor_id)
    return Due(
        payout_id=payout.pk,
        contributor_id=payout.contributor_id,
        stripe_account_id=payout.connected_account.stripe_account_id,
        payable_micro=payable.balance_micro,
        is_refused=number == plan.refused,
        reversed_minor=payout.amount_minor if number in plan.reversed_by_us else int(number == plan.reversed_at_stripe),
    )


def _play_round(game: Game, number: int, one: Round) -> None:
    if number == 1:
        _withdraw(game)
    resume_payout_run(game.run.pk)
    game.work(*one.errands, read_timeout_s=IMPATIENT_S)
    if one.stops_database:
        game.world.postgres.restart_hard()
    if number == 1:
        _top_up(game)
    _deliver(game, one.webhooks)
    game.world.advance(one.pause_s)


def _withdraw(game: Game) -> None:
    """Leave in Stripe's balance what the next few transfers need, and a little: as a dispute does."""
    unpaid = Payout.objects.filter(run=game.run, state__in=[PayoutState.DRAFTED, PayoutState.RESERVED]).order_by("pk")
    left_minor = sum(unpaid.values_list("amount_minor", flat=True)[: game.plan.covered])
    funds = game.world.pull("balance", change_minor=0, currency="usd")
    game.withdrawn_minor = max(funds["usd"] - left_minor, 0)
    game.world.pull("balance", change_minor=-game.withdrawn_minor, currency="usd")


def _top_up(game: Game) -> None:
    game.world.pull("balance", change_minor=game.withdrawn_minor, currency="usd")


def _deliver(game: Game, manner: Manner) -> None:
    """Send every event so far once more; what must not be accepted may not be."""
    statuses = game.world.pull("deliveries", manner=manner, seed=game.plan.seed)["statuses"]
    if manner not in TRUSTED and set(statuses) - {REFUSED}:
        game.wrong.append(f"Webhooks that were sent {manner} were answered {sorted(set(statuses))}.")


def _recover(game: Game) -> None:
    """The same errands, two workers at once, until nothing is left to do; then everything once more, a day later."""
    errands = tuple(Errand(act) for act in (Act.SEND, Act.SEND, Act.HANDLE_WEBHOOKS))
    for _ in range(MOST_RECOVERIES):
        resume_payout_run(game.run.pk)
        game.work(*errands)
        game.world.advance(HALF_AN_HOUR_AND_MORE_S)
        game.run.refresh_from_db()
        if game.run.state == RunState.SETTLED:
            break
    _reverse_at_stripe(game)
    game.work(Errand(Act.REVERSE), Errand(Act.REVERSE))
    _deliver(game, Manner.REORDERED)
    game.world.advance(A_DAY_AND_MORE_S)
    game.work(*errands, Errand(Act.REVERSE))
    game.work(Errand(Act.RECONCILE))


def _reverse_at_stripe(game: Game) -> None:
    """Somebody takes one minor unit back at Stripe: we learn of it by webhook or reconciliation."""
    account = game.due[game.plan.reversed_at_stripe].stripe_account_id
    gateway = game.world.gateway()
    sent = gateway.list_transfers(transfer_group=transfer_group(game.run.pk), stripe_account_id=account)
    if sent:
        gateway.reverse_transfer(sent[0].stripe_transfer_id, 1, idempotency_key="by somebody at Stripe")
