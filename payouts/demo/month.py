"""The demo's month, stage by stage. Each stage calls the services that the pages and tasks call."""

import random
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet, Sum

from attribution import tasks as attribution_tasks
from attribution.audit import audit_model
from attribution.audit_report import write_report
from marketplace.catalogue import Listed, read_catalogue
from marketplace.core.periods import Month
from marketplace.core.release import Decision, SaleState
from marketplace.core.terms import Audience
from marketplace.generating import generate_image, generator_of
from marketplace.generator_models import put_on_sale, record_bias_report, save_generator_model
from marketplace.generators.base import Backend
from marketplace.generators.remix import Remix
from marketplace.ingest import Ingested, ingest
from marketplace.models import Asset, Contributor, Customer, Download, Generation, GeneratorModel, User
from marketplace.output_checks import decide_output, sale_states, waiting_for_review
from marketplace.permissions import FINANCE, REVIEWER
from marketplace.services import freeze_training_set, record_download
from marketplace.terms import accept_current_terms
from payouts import bias_report, booking, closing, runs
from payouts import tasks as payout_tasks
from payouts.bias import Subject, bias_figures
from payouts.core.borders import reaches
from payouts.core.ledger import AccountKind
from payouts.core.states import PayoutState, RunState
from payouts.core.tax_forms import EXPIRING, forms_for
from payouts.demo.background import Background
from payouts.gateway import Gateway
from payouts.models import ConnectedAccount, LedgerAccount, Payout, PayoutRun, Period, Policy, RevenueEvent
from payouts.onboarding import connect_account, refresh_account
from payouts.tax_forms import record_tax_form

GENERATIONS = 48
DOWNLOADS = 480
PRICES_MINOR = (900, 1900, 4900)
CUSTOMERS = ("Alder & Finch Publishing", "Bright Harbor Travel", "Café Lumen", "Delta Rail Media", "Eleven Oaks School")
PROMPTS = (
    "a quiet morning",
    "festival poster",
    "travel guide cover",
    "calm background",
    "autumn campaign",
    "book jacket",
)
LEFT_WAITING = 3
UNRELATED_WORKS = 4  # to measure false flags on in earnest takes more, and more time than the demo has
FILLED_PPM = 400_000  # of the area, spanned by the points that agree, which do not reach the rim
UNKNOWN_COUNTRY = "US"
LEFT_UNFINISHED = 2  # contributors who do not finish onboarding, so that the run shows exclusions and their reasons
FEWEST_CONTRIBUTORS = 5  # for that: of fewer, all finish
STALL_SECONDS = 180

Report = Callable[[int, int], None]


class Stalled(RuntimeError):
    """The worker made no progress for three minutes."""


@dataclass(frozen=True)
class Staff:
    """The two finance people whom the books need, who reviews what is held, and a customer with a login."""

    closes: User
    approves: User
    reviews: User
    buys: User


def hire(month: Month) -> Staff:
    """Finance people, a reviewer, customers with one login among them, and the policy in force."""
    finance, _ = Group.objects.get_or_create(name=FINANCE)
    staff = [User.objects.create_user(name, f"{name}@example.com") for name in ("finance", "finance-second")]
    finance.user_set.add(*staff)
    reviewer = User.objects.create_user("reviewer", "reviewer@example.com")
    reviewer.groups.add(Group.objects.get_or_create(name=REVIEWER)[0])
    buyer = User.objects.create_user("customer", "customer@example.com")
    for name in CUSTOMERS:
        Customer.objects.create(
            name=name, joined_at=month.previous.start_at, user=buyer if name == CUSTOMERS[0] else None
        )
    accept_current_terms(buyer, Audience.CUSTOMER, month.previous.start_at)
    Policy.objects.create(
        effective_at=month.previous.start_at, contributor_rate_ppm=400_000, fee_ppm=29_000, threshold_minor=1_000
    )
    return Staff(staff[0], staff[1], reviewer, buyer)


def import_folder(folder: Path, at: datetime, report: Report) -> list[tuple[Listed, Ingested]]:
    """Import a catalogue; returns what became of each file."""
    listed = read_catalogue(folder)
    outcomes = []
    for done, item in enumerate(listed, start=1):
        outcomes.append((item, ingest(item, at)))
        report(done, len(listed))
    return outcomes


def embed_catalogue(worker: Background, report: Report) -> None:
    """Let the worker embed all assets and compare them with one another."""
    attribution_tasks.embed_assets.delay()
    _wait(Asset.objects.filter(duplicate_check__isnull=True), worker, report)


def generate(month: Month, report: Report) -> None:
    """Freeze a training set and let the sample generator make images from it."""
    training_set = freeze_training_set("Sample catalogue", str(month), month.start_at)
    model = GeneratorModel(
        name="Tributary Remix",
        version=Remix.version,
        backend=Backend.REMIX,
        provider="Tributary",
        licence="Sample: for trying Tributary out",
        description=Remix.description,
        data_origin="The catalogue: its contributors agreed to training, image by image. Nothing comes from elsewhere.",
        evaluation="How far estimated shares are from the proportions that it really mixed is in the demo's summary.",
        known_limits="It cuts and blends what it is given: nearly all that it makes holds a piece of some image.",
        training_set=training_set,
        created_at=month.start_at,
    )
    save_generator_model(model, month.start_at)
    generator = generator_of(model)
    for seed in range(GENERATIONS):
        generate_image(model, generator, PROMPTS[seed % len(PROMPTS)], seed, month.start_at)
        report(seed + 1, GENERATIONS)


def check_copies(worker: Background, report: Report) -> None:
    """Let the worker compare the generations with the training set."""
    attribution_tasks.embed_generations.delay()
    _wait(Generation.objects.filter(output_checks__isnull=True), worker, report)


def put_models_on_sale(month: Month, staff: Staff) -> None:
    """Audit the model on all that it made, beside a small sample of unrelated pictures, and put it on sale."""
    for model in GeneratorModel.objects.all():
        audit = audit_model(model, lambda: month.start_at, lambda done, total: None, drawn_works=UNRELATED_WORKS)
        write_report(audit, model, settings.DATA_FOLDER / "audit", month.start_at)
        put_on_sale(model, staff.reviews, month.start_at)


def review(reviewer: User, at: datetime) -> None:
    """Decide of what is held, as somebody with both pictures before them might.

    The sample generator makes its pictures of pieces of the catalogue's, so that nearly all are held: compositions of
    several images are cleared, and those that one image fills are upheld as copies. The last ones are left, so that
    there is something to see.
    """
    for held in list(waiting_for_review())[:-LEFT_WAITING]:
        filled_ppm = list(held.copy_check.matches.values_list("generation_area_ppm", flat=True))
        if len(filled_ppm) == 1 and filled_ppm[0] > FILLED_PPM:
            decide_output(held, Decision.UPHELD, "One image fills the picture: it is a copy.", reviewer, at)
        else:
            reason = "A composition, which no single image fills: what this generator is meant to make."
            decide_output(held, Decision.CLEARED, reason, reviewer, at)


def sell(month: Month) -> None:
    """Customers download the month's generations that are for sale, some of them far more often than others."""
    chance = random.Random(f"downloads of {month}")  # noqa: S311 - repeatable, not secret
    customers, made = list(Customer.objects.order_by("pk")), list(Generation.objects.order_by("pk"))
    states = sale_states(made)
    generations = [generation for generation in made if states[generation.pk] is SaleState.FOR_SALE]
    popularity = [1 / rank for rank in range(1, len(generations) + 1)]
    seconds = int((month.end_at - month.start_at).total_seconds())
    with transaction.atomic():
        for number in range(DOWNLOADS):
            record_download(
                chance.choice(customers),
                chance.choices(generations, popularity)[0],
                gross_minor=chance.choice(PRICES_MINOR),
                currency=settings.SETTLEMENT_CURRENCY,
                at=month.start_at + timedelta(seconds=chance.randrange(seconds)),
                idempotency_key=f"demo:{month}:{number}",
            )


def attribute(worker: Background, report: Report) -> None:
    """Let the worker attribute the downloads, batch by batch."""
    attribution_tasks.attribute_downloads.delay()
    _wait(Download.objects.filter(inspiration_list__isnull=True), worker, report)


def book(worker: Background, report: Report) -> None:
    """Let the worker book the downloads."""
    payout_tasks.book_downloads.delay()
    _wait(Download.objects.filter(revenue_event__isnull=True), worker, report)


def close(month: Month, staff: Staff, at: datetime) -> Period:
    """One person closes the month, another approves it."""
    closing.close_period(month, staff.closes, at)
    return closing.approve_close(month, staff.approves, at)


def report_bias(at: datetime) -> None:
    """Report who was represented, resembled and paid, on the card of each model."""
    for model in GeneratorModel.objects.exclude(training_set=None).select_related("training_set"):
        assert model.training_set
        folder = settings.DATA_FOLDER / "bias-report"
        figures = bias_figures(Subject(model.training_set, model))
        bias_report.write_report(figures, folder, at)
        record_bias_report(model, bias_report.card_summary(figures, folder), at.date())


def collect(period: Period, gateway: Gateway, at: datetime) -> None:
    """The month's sales become available at Stripe. Checkout is not part of the demo: a top-up stands in for it."""
    net_minor = RevenueEvent.objects.filter(period=period).aggregate(net=Sum("net_minor"))["net"] or 0
    if net_minor:
        top_up = gateway.top_up(net_minor, period.currency.lower(), idempotency_key=f"demo:top-up:{period}")
        booking.record_available_funds(net_minor, f"funds_available:{top_up}", at)


def onboard(gateway: Gateway, staff: Staff, at: datetime, report: Report) -> None:
    """Contributors with a balance open their accounts, fill in the onboarding page and send their tax forms.

    Of five or more, two never finish. Whom transfers do not reach has no account.
    """
    owed = LedgerAccount.objects.filter(kind=AccountKind.PAYABLE, balance_micro__gt=0).order_by("contributor_id")
    contributors = list(Contributor.objects.filter(pk__in=owed.values("contributor_id")).order_by("pk"))
    left_unfinished = LEFT_UNFINISHED if len(contributors) >= FEWEST_CONTRIBUTORS else 0
    for done, contributor in enumerate(contributors, start=1):
        if not contributor.country:
            contributor.country = UNKNOWN_COUNTRY
            contributor.save(update_fields=["country"])
        if reaches(settings.PLATFORM_COUNTRY, contributor.country):
            connected = connect_account(contributor, gateway, at)
            if done > left_unfinished:
                _fill_in_onboarding(connected, gateway)
                _send_tax_form(contributor, staff, at)
            refresh_account(connected, gateway, at)
        report(done, len(contributors))


def _send_tax_form(contributor: Contributor, staff: Staff, at: datetime) -> None:
    for kind in forms_for(settings.PLATFORM_COUNTRY, contributor.country)[:1]:
        valid_until_on = date(at.year + 3, 12, 31) if kind in EXPIRING else None
        record_tax_form(contributor, kind, at.date(), valid_until_on, "", staff.closes, at)


def _fill_in_onboarding(connected: ConnectedAccount, gateway: Gateway) -> None:
    url = gateway.onboarding_link(
        connected.stripe_account_id, return_url="http://localhost/", refresh_url="http://localhost/"
    )
    answers = urlencode({"holder_name": connected.contributor.name, "bank_country": connected.country}).encode()
    _opener.open(urllib.request.Request(url, answers))  # noqa: S310 - the sandbox


class _StayHere(urllib.request.HTTPRedirectHandler):
    """The page sends its reader back to the marketplace, which is not running in the demo."""

    def http_error_303(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp

    http_error_302 = http_error_303


_opener = urllib.request.build_opener(_StayHere)


def pay(staff: Staff, worker: Background, at: datetime, report: Report) -> PayoutRun:
    """Draft a payout run, have it approved by the second person, and let the worker send it."""
    run = runs.draft_payout_run(staff.closes, at)
    runs.approve_payout_run(run.pk, staff.approves, at)
    payout_tasks.send_payout_run.delay(run.pk)
    _wait(PayoutRun.objects.filter(pk=run.pk).exclude(state=RunState.SETTLED), worker, report)
    run.refresh_from_db()
    return run


def give_logins() -> None:
    """A login for the contributor who earned most of those who were paid, so that there is something to see."""
    earned = Contributor.objects.annotate(earned=Sum("earnings__amount_micro")).exclude(earned=None)
    paid = earned.filter(pk__in=Payout.objects.filter(state=PayoutState.SENT).values("contributor"))
    best = (paid if paid.exists() else earned).latest("earned")
    best.user = User.objects.create_user("contributor", "contributor@example.com")
    accept_current_terms(best.user, Audience.CONTRIBUTOR, best.joined_at)
    best.save(update_fields=["user"])


def _wait(pending: QuerySet[Any], worker: Background, report: Report) -> None:
    """Wait until no row is pending, as long as there is progress. Raises `Stalled` or `BackgroundFailed`."""
    total = left = pending.count()
    moved_at = time.monotonic()
    for now_left in _counts(pending):
        report(total - now_left, total)
        if now_left == 0:
            return
        if now_left < left:
            left, moved_at = now_left, time.monotonic()
        worker.require_running()
        if time.monotonic() - moved_at > STALL_SECONDS:
            raise Stalled(f"The worker made no progress for {STALL_SECONDS} s; its log: {worker.log}")


def _counts(pending: QuerySet[Any]) -> Iterator[int]:
    while True:
        yield pending.count()
        time.sleep(0.1)
