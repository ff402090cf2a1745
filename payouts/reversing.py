"""Taking a transfer back: all of it, once, and never more than was sent."""

from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from payouts.core.ledger import payout_reversed
from payouts.core.states import PayoutState
from payouts.gateway import Gateway, ReversalReceipt
from payouts.models import Payout, Reversal, Transfer
from payouts.posting import open_period, post
from payouts.runs import RunRefused


def reverse_payout(payout_id: int, gateway: Gateway, at: datetime) -> Payout:
    """Take back what is left of a sent payout's transfer; the contributor is owed it again.

    Stripe never reverses more than is left of a transfer, and all that is left is asked for: so a second try after a
    crash, or a second worker, is refused there, and each may have a key of its own. Running this again records what was
    done. Raises `RunRefused` for a payout that was not sent, and the gateway's exceptions.
    """
    transfer = Transfer.objects.select_related("payout").filter(payout=payout_id).first()
    if transfer is None:
        raise RunRefused(f"Payout {payout_id} was not sent: there is nothing to take back.")
    if record_reversals(transfer, gateway.list_reversals(transfer.stripe_transfer_id), at):
        left_minor = _left_minor(transfer)
        key = f"reversal:{settings.DEPLOYMENT}:{payout_id}:{uuid4()}"
        receipt = gateway.reverse_transfer(transfer.stripe_transfer_id, left_minor, idempotency_key=key)
        record_reversals(transfer, [receipt], at)
    return Payout.objects.get(pk=payout_id)


@transaction.atomic
def record_reversals(transfer: Transfer, receipts: list[ReversalReceipt], at: datetime) -> int:
    """Record what came back of a transfer, each reversal once, whoever asked for it; returns what is left in minor."""
    payout = Payout.objects.select_for_update(of=("self",)).select_related("run").get(pk=transfer.payout_id)
    known = set(transfer.reversals.values_list("stripe_reversal_id", flat=True))
    for receipt in receipts:
        if receipt.stripe_reversal_id in known:
            continue
        lines = payout_reversed(payout.contributor_id, receipt.amount_minor, payout.run.currency)
        post("payout_reversed", open_period(at), f"payout_reversed:{receipt.stripe_reversal_id}", lines, at)
        Reversal.objects.create(
            transfer=transfer,
            stripe_reversal_id=receipt.stripe_reversal_id,
            amount_minor=receipt.amount_minor,
            created_at=receipt.created_at,
        )
    left_minor = _left_minor(transfer)
    if not left_minor and payout.state == PayoutState.SENT:
        payout.state = PayoutState.REVERSED
        payout.save(update_fields=["state"])
    return left_minor


def _left_minor(transfer: Transfer) -> int:
    return transfer.amount_minor - int(transfer.reversals.aggregate(back=Sum("amount_minor", default=0))["back"])
