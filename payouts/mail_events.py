"""Which mail the money writes, to contributors with a login, in the transaction of what it tells."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from marketplace.mailing import mail_to, write_mail
from payouts.core.eligibility import ExclusionReason
from payouts.core.states import PayoutState
from payouts.models import Hold, HoldEnd, Payout, PayoutRun, Period, ShareClaimDecision, Statement

CARRIED_OVER = (ExclusionReason.BELOW_THRESHOLD, ExclusionReason.BELOW_CROSS_BORDER_MINIMUM)


def statements_issued(period: Period, at: datetime) -> None:
    """To everybody who has a statement of a month that is closed now."""
    page = reverse("statement", args=[f"{period.month_on:%Y-%m}"])
    told = {"month_on": period.month_on.isoformat(), "currency": period.currency}
    issued = Statement.objects.filter(period=period, contributor__user__isnull=False)
    rows = issued.values_list("pk", "contributor__user_id", "earned_micro", "closing_micro").order_by("pk")
    write_mail(
        mail_to(
            user_id,
            "statement_issued",
            f"statement_issued:{pk}",
            page,
            at,
            told | {"earned_micro": earned_micro, "closing_micro": closing_micro},
        )
        for pk, user_id, earned_micro, closing_micro in rows.iterator()
    )


def payouts_waiting(run: PayoutRun, at: datetime) -> None:
    """To those who get nothing in a run that is approved now; not where a small balance is just carried over."""
    left_out = run.payouts.filter(state=PayoutState.EXCLUDED, contributor__user__isnull=False)
    rows = left_out.exclude(reason__in=CARRIED_OVER).values_list("pk", "contributor__user_id", "explanation")
    write_mail(
        mail_to(user_id, "payout_waiting", f"payout:{pk}", reverse("payout_history"), at, {"explanation": explanation})
        for pk, user_id, explanation in rows.order_by("pk").iterator()
    )


def payout_sent(payout: Payout, at: datetime) -> None:
    """To whom Stripe made the transfer."""
    _of_payout(payout, "payout_sent", at)


def payout_refused(payout: Payout, at: datetime) -> None:
    """To whom Stripe refused the transfer for good."""
    _of_payout(payout, "payout_refused", at)


def _of_payout(payout: Payout, kind: str, at: datetime) -> None:
    if payout.contributor.user_id is not None:
        told = {
            "amount_minor": payout.amount_minor,
            "currency": payout.run.currency,
            "explanation": payout.explanation,
        }
        key = f"payout:{payout.pk}"
        write_mail([mail_to(payout.contributor.user_id, kind, key, reverse("payout_history"), at, told)])


def holds_placed(holds: Sequence[Hold]) -> None:
    """To those of whose balance a part is on hold from now on."""
    write_mail(
        mail_to(
            hold.contributor.user_id,
            "hold_placed",
            f"hold_placed:{hold.pk}",
            reverse("payout_history"),
            hold.placed_at,
            {"amount_micro": hold.amount_micro, "currency": hold.currency, "reason": hold.reason},
        )
        for hold in holds
        if hold.contributor.user_id is not None
    )


def holds_ended(ends: Sequence[HoldEnd]) -> None:
    """To those whose hold ended."""
    write_mail(
        mail_to(
            end.hold.contributor.user_id,
            "hold_ended",
            f"hold_ended:{end.hold_id}",
            reverse("payout_history"),
            end.ended_at,
            {
                "amount_micro": end.hold.amount_micro,
                "currency": end.hold.currency,
                "outcome": end.outcome,
                "reason": end.reason,
            },
        )
        for end in ends
        if end.hold.contributor.user_id is not None
    )


def claim_decided(decision: ShareClaimDecision) -> None:
    """To whoever claimed a share."""
    claim = decision.claim
    told = {"download": claim.download_id, "title": claim.asset.submission.title, "reason": decision.reason}
    if decision.adjustment is not None:
        adjusted = decision.adjustment
        told |= {"amount_micro": adjusted.amount_micro, "currency": adjusted.entry.period.currency}
    key = f"claim_decided:{claim.pk}"
    write_mail([mail_to(claim.claimed_by_id, "claim_decided", key, reverse("objections"), decision.decided_at, told)])
