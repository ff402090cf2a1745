"""What tests of paying share: money owed, money at Stripe, an account to be paid at, and what came of it all."""

from collections.abc import Callable
from datetime import UTC, datetime

from marketplace.core.periods import Month
from marketplace.models import Contributor, Customer
from payouts.booking import record_available_funds
from payouts.core.ledger import Account, AccountKind, PostingLine, sale
from payouts.core.states import PayoutState, RunState
from payouts.gateway import Gateway
from payouts.models import ConnectedAccount, LedgerAccount, PayoutRun, Transfer
from payouts.onboarding import connect_account, disable_account, refresh_account
from payouts.posting import period_of, post
from tests.builders import (
    make_asset,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_policy,
    make_tax_form,
    make_training_set,
)
from tests.payouts.sandbox.client import REFRESH_URL, RETURN_URL, visit

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
NOVEMBER = Month(2026, 11)


def owe(contributor: Contributor, amount_micro: int, key: str = "owed") -> None:
    payable = Account(AccountKind.PAYABLE, contributor.pk)
    revenue = Account(AccountKind.PLATFORM_REVENUE)
    lines = [PostingLine(revenue, -amount_micro, "USD"), PostingLine(payable, amount_micro, "USD")]
    post("earnings", period_of(NOVEMBER), f"{key}:{contributor.pk}", lines, AT)


def fund(gateway: Gateway, amount_minor: int, key: str = "funds") -> None:
    """Money at Stripe that was sold for something that no test looks at."""
    post("sale", period_of(NOVEMBER), f"sale of {key}", sale(amount_minor, 0, "USD"), AT)
    make_available(gateway, amount_minor, key)


def make_available(gateway: Gateway, amount_minor: int, key: str = "funds") -> None:
    """What was sold is in Stripe's balance, there and in our books."""
    gateway.top_up(amount_minor, "usd", idempotency_key=key)
    record_available_funds(amount_minor, key, AT)


def onboard(contributor: Contributor, gateway: Gateway) -> ConnectedAccount:
    """The contributor opens their account, fills in Stripe's page and sends their tax form."""
    make_tax_form(contributor)
    connected = connect_account(contributor, gateway, AT)
    link = gateway.onboarding_link(connected.stripe_account_id, return_url=RETURN_URL, refresh_url=REFRESH_URL)
    visit(link, holder_name=contributor.name, bank_country=contributor.country)
    return refresh_account(connected, gateway, AT)


def cannot_be_paid_any_more(contributor: Contributor, what: str) -> None:
    """Stripe disabled their account, or finance rejected their tax form."""
    if what == "account":
        disable_account(ConnectedAccount.objects.get(contributor=contributor), AT)
    else:
        make_tax_form(contributor, rejected_because="It is not signed.")


def payable_micro(contributor: Contributor) -> int:
    return LedgerAccount.objects.get(kind=AccountKind.PAYABLE, contributor=contributor).balance_micro


def balance_micro(kind: AccountKind) -> int:
    """Zero for an account that nothing was posted to yet."""
    return LedgerAccount.objects.filter(kind=kind).values_list("balance_micro", flat=True).first() or 0


def stripe_transfers(run: PayoutRun, gateway: Gateway) -> dict[str, int]:
    """What Stripe itself says was sent, by the payout it was sent for."""
    listed = gateway.list_transfers(transfer_group=f"payout-run:development:{run.pk}")
    sent_minor = {transfer.metadata["payout"]: transfer.amount_minor for transfer in listed}
    assert len(sent_minor) == len(listed), "a payout was sent twice"
    return sent_minor


def assert_each_was_paid_exactly_once(run: PayoutRun, gateway: Gateway) -> None:
    run.refresh_from_db()
    assert run.state == RunState.SETTLED
    payouts = list(run.payouts.select_related("contributor").order_by("contributor__name"))
    assert [(p.contributor.name, p.amount_minor, p.state) for p in payouts] == [
        ("Ana", 1_234, PayoutState.SENT),
        ("Ben", 500, PayoutState.SENT),
    ]
    assert stripe_transfers(run, gateway) == {str(p.pk): p.amount_minor for p in payouts}
    assert set(Transfer.objects.values_list("payout", "amount_minor")) == {(p.pk, p.amount_minor) for p in payouts}
    assert [payable_micro(p.contributor) for p in payouts] == [5_678, 1]
    assert balance_micro(AccountKind.PAYOUT_IN_TRANSIT) == 0
    assert -balance_micro(AccountKind.STRIPE_BALANCE) == gateway.available_minor("usd") * 10_000


class Crash(BaseException):
    """The worker is killed: nothing that catches ordinary exceptions sees it."""


def crash_after(act: Callable[..., object]) -> Callable[..., object]:
    def act_and_die(*args: object, **kwargs: object) -> None:
        act(*args, **kwargs)
        raise Crash

    return act_and_die


def crash_instead(*args: object, **kwargs: object) -> None:
    raise Crash


def sell_one_download(ana: Contributor, ben: Contributor, carla: Customer) -> None:
    """One attributed download in October, of which Ana and Ben have 40 % each."""
    assets = [make_asset(ana), make_asset(ben)]
    generation = make_generation(make_generator_model(make_training_set()))
    download = make_download(carla, generation)
    make_inspiration_list(download, dict.fromkeys(assets, 400_000), make_encoder())
    make_policy()
