"""The template that each seed gets a copy of: a closed month in which a dataset deal earned everybody something."""

from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

from django.contrib.auth.models import Group
from PIL import Image

from marketplace.core.periods import Month
from marketplace.models import Contributor, User
from marketplace.permissions import FINANCE
from marketplace.services import Details, freeze_training_set, submit_asset
from payouts.booking import record_available_funds
from payouts.campaign.plan import CONTRIBUTORS
from payouts.closing import approve_close, close_period
from payouts.core.tax_forms import TaxFormKind
from payouts.deals import record_dataset_deal
from payouts.gateway import Gateway, StripeGateway
from payouts.models import Policy
from payouts.onboarding import connect_account, refresh_account
from payouts.sandbox import serve
from payouts.sandbox.levers import pull
from payouts.tax_forms import record_tax_form

SANDBOX_KEY = "sk_test_sandbox"  # the sandbox takes any test key; it is no secret
DRAFTER, APPROVER = "drafter", "approver"
DEAL_MINOR = 500_000  # of which contributors get 2,000.00: 250.00 each


def make_template(sandbox_state: Path) -> Month:
    """Fill the database that is connected, and a sandbox's file; returns the month that is closed, the last one."""
    now = datetime.now(UTC)
    month = Month.containing(now).previous
    finance, _ = Group.objects.get_or_create(name=FINANCE)
    drafter, approver = (User.objects.create(username=name, email=name) for name in (DRAFTER, APPROVER))
    finance.user_set.add(drafter, approver)
    Policy.objects.create(
        effective_at=month.start_at, contributor_rate_ppm=400_000, fee_ppm=30_000, threshold_minor=1_000
    )
    contributors = [_contributor(number, month.start_at) for number in range(CONTRIBUTORS)]
    with serve(sandbox_state) as sandbox:
        gateway = StripeGateway(SANDBOX_KEY, sandbox.url)
        training_set = freeze_training_set("campaign", "1", month.start_at)
        record_dataset_deal(training_set, DEAL_MINOR, 0, "campaign", month.start_at)
        gateway.top_up(DEAL_MINOR, "usd", idempotency_key="campaign")
        record_available_funds(DEAL_MINOR, "campaign", month.start_at)
        for contributor in contributors:
            _onboard(contributor, gateway, sandbox.url, drafter, now)
    close_period(month, drafter, now)
    approve_close(month, approver, now)
    return month


def _contributor(number: int, at: datetime) -> Contributor:
    """A contributor with one picture that may be trained on."""
    contributor = Contributor.objects.create(name=f"Contributor {number}", country="DE", joined_at=at)
    picture, file = Image.effect_noise((96, 64), 90).convert("RGB"), BytesIO()
    picture.save(file, "JPEG")
    submit_asset(contributor, file.getvalue(), Details("a.jpg", "A picture", ("sample",), "All rights reserved"), at)
    return contributor


def _onboard(contributor: Contributor, gateway: Gateway, sandbox_url: str, reviewer: User, at: datetime) -> None:
    until = date(at.year + 3, 12, 31)
    record_tax_form(contributor, TaxFormKind.W8BEN, at.date(), until, "", reviewer, at)
    connected = connect_account(contributor, gateway, at)
    pull(sandbox_url, "account", account=connected.stripe_account_id, transfers="active", currently_due=[])
    refresh_account(connected, gateway, at)
