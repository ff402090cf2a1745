"""What happens in the demo's month beside its sales: it can be followed on the pages, and in the ledger to the cent."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from attribution.removals import decide_and_tell
from marketplace.consents import record_consent
from marketplace.core.money import Money, format_micro
from marketplace.core.periods import Month
from marketplace.core.prompts import EntryKind
from marketplace.core.release import Decision
from marketplace.core.removals import RemovalKind, RemovalOutcome
from marketplace.models import (
    Asset,
    Contributor,
    CustomerNotice,
    GeneratorModel,
    OutputDecision,
    RegisterEntry,
    TrainingSet,
    User,
)
from marketplace.prompts.checking import PromptNotAllowed
from marketplace.prompts.register import record_entry
from marketplace.removals import ThirdParty, open_case
from marketplace.requesting import request_generation
from marketplace.services import freeze_training_set
from payouts.deals import record_dataset_deal
from payouts.earnings import earned_by_asset
from payouts.models import RemovalSettlement
from payouts.removals import settle_removals

ARTIST = "Ilse Marenholtz"  # made up
PROMPT = f"a lighthouse at dusk, in the style of {ARTIST}"
DEAL_MINOR, DEAL_FEE_MINOR = 250_000, 7_250


@dataclass(frozen=True)
class Incident:
    """One thing that happened, in a sentence, and the page on which it is followed."""

    kind: str
    sentence: str
    page: str


def refuse_a_prompt(customer: User, recorded_by: User, month: Month) -> Incident:
    """An artist who opted out is in the register, and a customer asks for a picture in their style."""
    entry = RegisterEntry(
        kind=EntryKind.STYLE, term=ARTIST, valid_from_on=month.start_at.date(), source="A letter of the artist's agent"
    )
    record_entry(entry, recorded_by, month.start_at)
    model, at = GeneratorModel.objects.latest("pk"), month.start_at + timedelta(days=4)
    try:
        request_generation(customer.customer, model, PROMPT, 1, uuid4(), at)
    except PromptNotAllowed as refused:
        return Incident("prompt refused", f"“{PROMPT}”: {refused}", f"/prompts/{refused.check.pk}/")
    raise AssertionError("the register names the artist, and the prompt was allowed")


def withdraw(asset: Asset, month: Month) -> Incident:
    """A contributor withdraws the consent of one image; the next training set is without it."""
    at = month.start_at + timedelta(days=9)
    record_consent(Asset.objects.filter(pk=asset.pk), granted=False, effective_at=at, at=at)
    trained_on = TrainingSet.objects.earliest("pk")
    following = freeze_training_set(trained_on.name, str(month.next), month.start_at + timedelta(days=19))
    sentence = (
        f"{asset.contributor} withdrew image {asset.pk} from training on {at:%Y-%m-%d}. {following} has "
        f"{following.members.count()} images, {trained_on} {trained_on.members.count()}; models that were trained on "
        "the earlier set go on, and what they bring the image goes on."
    )
    return Incident("withdrawal", sentence, "/contributor/consents/")


def sell_a_training_set(month: Month) -> Incident:
    """Somebody pays a lump sum for the newest training set, which its members share at the month's close."""
    training_set, at = TrainingSet.objects.latest("pk"), month.start_at + timedelta(days=24)
    deal = record_dataset_deal(training_set, DEAL_MINOR, DEAL_FEE_MINOR, f"demo:{month}", at)
    paid, net = Money(deal.gross_minor, deal.currency), Money(deal.net_minor, deal.currency)
    sentence = f"{paid} were paid for {training_set}: {net} after the fee, of which its members share their rate."
    return Incident("training deal", sentence, f"/finance/months/{month}/")


def tell_of_a_copy() -> Incident:
    """What a reviewer upheld as a copy of a training image is never sold."""
    upheld = OutputDecision.objects.filter(decision=Decision.UPHELD)
    first = upheld.select_related("output_check").order_by("pk").first()
    if first is None:
        return Incident("copy", "No generation was found to copy a training image.", "/review/")
    sentence = f"Generation {first.output_check.generation_id} and {upheld.count() - 1} others were upheld as copies."
    return Incident("copy", f"{sentence} The first: {first.reason}", f"/review/{first.output_check_id}/")


def remove(asset: Asset, reviewer: User, month: Month) -> Incident:
    """A stranger reports an image as theirs, a reviewer removes it, and what it earned is taken back."""
    stranger = ThirdParty("studio@example.net", "https://example.net/portfolio/12")
    decided_at = timezone.now()
    reported_at = decided_at - timedelta(days=5)
    case = open_case(asset, RemovalKind.TAKEDOWN, "It is from our portfolio of 2019.", stranger, reported_at)
    reason = "The portfolio has it larger, and dated before the upload."
    decide_and_tell(case, RemovalOutcome.REMOVED, reason, reviewer, decided_at)
    settle_removals(decided_at)
    taken_micro = RemovalSettlement.objects.filter(case=case).aggregate(sum=Sum("amount_micro"))["sum"] or 0
    told = CustomerNotice.objects.filter(case=case).count()
    taken = f"{format_micro(taken_micro)} {settings.SETTLEMENT_CURRENCY}"
    sentence = (
        f"Image {asset.pk} of {asset.contributor} was removed. {taken} that it earned in {month} were taken back by an "
        f"adjusting entry, and {told} customers with affected licences were told."
    )
    return Incident("takedown", sentence, "/removals/")


def image_to_withdraw() -> Asset:
    """One of the first images."""
    return Asset.objects.select_related("contributor").earliest("pk")


def image_to_remove() -> Asset:
    """The image that earned most of the contributor who earned second most, or of the only one."""
    earned = Contributor.objects.annotate(earned=Sum("earnings__amount_micro")).exclude(earned=None)
    contributor = list(earned.order_by("-earned", "pk")[:2])[-1]
    by_asset = earned_by_asset(contributor, settings.SETTLEMENT_CURRENCY)
    best = max(by_asset, key=lambda pk: (by_asset[pk], pk)) if by_asset else contributor.assets.earliest("pk").pk
    return Asset.objects.select_related("contributor").get(pk=best)
