"""Words for the codes of the money: states, reasons and kinds, as finance reads them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payouts.core.eligibility import ExclusionReason
from payouts.core.ledger import AccountKind
from payouts.core.reconciling import FindingKind
from payouts.core.states import PayoutState, RunState
from payouts.models import Earning, Period

_STATES: dict[str, Promise] = {
    Period.OPEN: _("open"),
    Period.CLOSING: _("closing"),
    Period.CLOSED: _("closed"),
    RunState.DRAFT: _("draft"),
    RunState.APPROVED: _("approved"),
    RunState.SENDING: _("sending"),
    RunState.PAUSED: _("paused"),
    RunState.SETTLED: _("settled"),
    RunState.CANCELLED: _("cancelled"),
    PayoutState.DRAFTED: _("drafted"),
    PayoutState.EXCLUDED: _("excluded"),
    PayoutState.RESERVED: _("reserved"),
    PayoutState.SENT: _("sent"),
    PayoutState.REVERSED: _("reversed"),
    PayoutState.REJECTED: _("rejected"),
}
_REASONS: dict[str, tuple[Promise, Promise]] = {
    ExclusionReason.ON_HOLD: (
        _("on hold"),
        _("A part is on hold and the rest is too little. End the hold when its reason is gone."),
    ),
    ExclusionReason.OWES_MONEY_BACK: (
        _("owes money back"),
        _("What they owe after a refund or a lost dispute comes off first, and the rest is too little."),
    ),
    ExclusionReason.BELOW_THRESHOLD: (
        _("below threshold"),
        _("Less than the policy's threshold: the balance is carried over. Nothing to do."),
    ),
    ExclusionReason.BELOW_CROSS_BORDER_MINIMUM: (
        _("below cross border minimum"),
        _("Less than Stripe sends to another country: the balance is carried over. Nothing to do."),
    ),
    ExclusionReason.COUNTRY_NOT_REACHED: (
        _("country not reached"),
        _("Stripe lets us send nothing to their country. Agree on another way with them; the balance stays theirs."),
    ),
    ExclusionReason.NO_CONNECTED_ACCOUNT: (
        _("no connected account"),
        _("They have not connected a Stripe account. Their page offers it; remind them."),
    ),
    ExclusionReason.ONBOARDING_INCOMPLETE: (
        _("onboarding incomplete"),
        _("Stripe still asks them for something, which their page names. Remind them."),
    ),
    ExclusionReason.TAX_FORM: (
        _("tax form"),
        _("No tax form of theirs is in force. Review what they sent under Tax forms."),
    ),
}
_KINDS: dict[str, Promise] = {
    AccountKind.STRIPE_BALANCE: _("Stripe's balance"),
    AccountKind.STRIPE_PENDING: _("pending at Stripe"),
    AccountKind.COLLECTED_ELSEWHERE: _("collected elsewhere"),
    AccountKind.PLATFORM_REVENUE: _("platform revenue"),
    AccountKind.POOL: _("pool"),
    AccountKind.COMMON_FUND: _("common fund"),
    AccountKind.PAYOUT_IN_TRANSIT: _("payouts in transit"),
    AccountKind.FEES: _("fees"),
    AccountKind.BAD_DEBT: _("bad debt"),
    AccountKind.PAYABLE: _("payable"),
    AccountKind.HELD: _("on hold"),
    AccountKind.RECEIVABLE: _("receivable"),
    FindingKind.SENT_UNASKED: _("sent unasked"),
    FindingKind.SENT_TWICE: _("sent twice"),
    FindingKind.TRANSFER_MISSING: _("transfer missing"),
    FindingKind.TRANSFER_DIFFERS: _("transfer differs"),
    FindingKind.REVERSAL_DIFFERS: _("reversal differs"),
    FindingKind.LEDGER_DIFFERS: _("ledger differs"),
    FindingKind.IN_TRANSIT_DIFFERS: _("in transit differs"),
    FindingKind.CASH_DIFFERS: _("cash differs"),
    FindingKind.PENDING_DIFFERS: _("pending differs"),
    FindingKind.CHARGE_UNKNOWN: _("charge unknown"),
    FindingKind.REFUND_FAILED: _("refund failed"),
    Earning.ATTRIBUTION: _("attribution"),
    Earning.DATASET_DEAL: _("dataset deal"),
    "earnings": _("earned"),
    "payout_reserved": _("set aside for a payout"),
    "payout_released": _("back from a payout that failed"),
    "payout_reversed": _("back from a reversed transfer"),
    "receivable_netted": _("netted from what they owed"),
    "hold": _("put on hold"),
    "hold_released": _("released from hold"),
    "hold_taken": _("taken from hold"),
    "adjustment": _("adjustment"),
    "refund": _("refund"),
    "dispute": _("dispute"),
    "dispute_won": _("dispute won"),
    "dispute_lost": _("dispute lost"),
    "takedown": _("takedown"),
    "appeal": _("appeal"),
    "netted": _("netted from the common fund"),
    "released": _("released"),
    "taken": _("taken"),
}


def state(code: str) -> str:
    """The state of a period, a payout run or a payout."""
    return str(_STATES.get(code) or _plain(code))


def reason(code: str) -> str:
    """Why a contributor is left out of a run, or why a payout was rejected."""
    return str(_REASONS[code][0]) if code in _REASONS else _plain(code)


def reason_sentence(code: str) -> str:
    """What that reason means and what to do about it; empty for one that only Stripe knows."""
    return str(_REASONS[code][1]) if code in _REASONS else ""


def kind(code: str) -> str:
    """The kind of an account, an entry, an earning, a finding or an adjustment."""
    return str(_KINDS.get(code) or _plain(code))


def _plain(code: str) -> str:
    return code.replace("_", " ")
