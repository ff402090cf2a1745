"""A contributor's images: all of them with what each earned, and the page of one."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from attribution.groups import links_now
from marketplace.charts import Chart
from marketplace.core.verdicts import Verdict
from marketplace.models import Asset, Contributor, Download, ScreeningResult, TrainingConsent, TrainingSetMember
from marketplace.permissions import LoggedInRequest, contributor_of
from marketplace.selectors import is_withheld, not_withheld
from payouts.earnings import earned_by_asset, earned_by_line
from payouts.figures import months_chart

IMAGES_A_PAGE = 24
LINES_A_PAGE = 50
STATES = {
    Verdict.ACCEPT: gettext_lazy("accepted"),
    Verdict.HOLD: gettext_lazy("held for a reviewer"),
    Verdict.REJECT: gettext_lazy("rejected"),
    Verdict.UNREADABLE: gettext_lazy("unreadable"),
}
ORDERS = {
    "earned": gettext_lazy("what they earned"),
    "newest": gettext_lazy("the newest first"),
    "state": gettext_lazy("state"),
}


class ShownForm(forms.Form):
    """Which images are shown, in which order."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"), choices=[("", gettext_lazy("all")), *STATES.items()], required=False
    )
    order = forms.ChoiceField(label=gettext_lazy("Order by"), choices=list(ORDERS.items()), required=False)


@require_safe
def images(request: LoggedInRequest) -> HttpResponse:
    """Everything that the contributor submitted, by what it earned unless they want another order."""
    contributor, currency = contributor_of(request.user), settings.SETTLEMENT_CURRENCY
    form = ShownForm(request.GET)
    shown = form.cleaned_data if form.is_valid() else {}
    earned = earned_by_asset(contributor, currency)
    ids = _in_order(contributor, shown.get("state", ""), shown.get("order") or "earned", earned)
    page = Paginator(ids, IMAGES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "rows": _rows(contributor, page, earned, timezone.now()),
        "currency": currency,
        "has_any": bool(ids) or contributor.submissions.exists(),
    }
    return render(request, "payouts/images.html", context)


def _in_order(contributor: Contributor, state: str, order: str, earned: dict[int, int]) -> list[int]:
    """Ids of the submissions, all of them: what an image earned is computed, so the database cannot sort by it."""
    submissions = contributor.submissions.order_by("-pk")
    if state:
        submissions = submissions.filter(verdict=state)
    rows = list(submissions.values_list("pk", "verdict", "asset__pk"))
    if order == "earned":
        rows.sort(key=lambda row: -earned.get(row[2] or 0, 0))
    elif order == "state":
        states = [str(verdict) for verdict in STATES]
        rows.sort(key=lambda row: states.index(row[1]))
    return [pk for pk, _verdict, _asset_id in rows]


def _rows(contributor: Contributor, page: Page[int], earned: dict[int, int], at: datetime) -> list[dict[str, Any]]:
    newest_results = Prefetch("screening_results", ScreeningResult.objects.order_by("-screened_at", "-pk"))
    found = contributor.submissions.select_related("asset").prefetch_related(newest_results).in_bulk(list(page))
    submissions = [found[pk] for pk in page]
    asset_ids = [one.asset.pk for one in submissions if hasattr(one, "asset")]
    copy_ids = set(links_now().filter(asset__in=asset_ids).values_list("asset_id", flat=True))
    shown_ids = set(not_withheld(Asset.objects.filter(pk__in=asset_ids)).values_list("pk", flat=True))
    sets, consents = training_sets_of(asset_ids), consents_of(asset_ids, at)
    return [
        {
            "submission": one,
            "state": STATES[Verdict(one.verdict)],
            "asset": getattr(one, "asset", None),
            "signals": objections(one.screening_results.all()[0]),
            **(
                {
                    "is_copy": one.asset.pk in copy_ids,
                    "is_withheld": one.asset.pk not in shown_ids,
                    "training_sets": sets[one.asset.pk],
                    "consent": consents.get(one.asset.pk),
                    "earned_micro": earned.get(one.asset.pk, 0),
                }
                if hasattr(one, "asset")
                else {}
            ),
        }
        for one in submissions
    ]


def objections(result: ScreeningResult) -> list[dict[str, Any]]:
    """The signals that spoke against accepting."""
    return [signal for signal in result.signals if signal["verdict"] != "accept"]


def training_sets_of(asset_ids: list[int]) -> dict[int, list[str]]:
    """By asset: the names of the frozen training sets that it is in."""
    names = defaultdict(list)
    members = TrainingSetMember.objects.filter(asset__in=asset_ids).select_related("training_set").order_by("pk")
    for member in members:
        names[member.asset_id].append(str(member.training_set))
    return names


def consents_of(asset_ids: list[int], at: datetime) -> dict[int, TrainingConsent]:
    """By asset: the training consent in effect, a yes or a no."""
    in_effect = TrainingConsent.objects.filter(asset__in=asset_ids, effective_at__lte=at)
    counting = in_effect.order_by("asset", "-pk").distinct("asset")  # as in `answers_in_effect`
    return {consent.asset_id: consent for consent in counting}


@require_safe
def image(request: LoggedInRequest, asset_id: int) -> HttpResponse:
    """One image: what it earned by month and download, where it is used, and what is said against it."""
    contributor, now = contributor_of(request.user), timezone.now()
    asset = get_object_or_404(contributor.assets.select_related("submission"), pk=asset_id)
    currency = settings.SETTLEMENT_CURRENCY
    by_period = earned_by_line(contributor, asset, currency)
    lines = [(pk, micro, period) for period, of in by_period.items() for pk, micro in sorted(of.items(), reverse=True)]
    page = Paginator(lines, LINES_A_PAGE).get_page(request.GET.get("page"))
    downloads = Download.objects.in_bulk([pk for pk, _micro, _period in page])
    context = {
        "asset": asset,
        "submission": asset.submission,
        "currency": currency,
        "earned_micro": sum(micro for _pk, micro, _period in lines),
        "chart": _chart({period.month_on: of for period, of in by_period.items()}, currency),
        "page": page,
        "lines": [(downloads[pk], micro, period) for pk, micro, period in page],
        "consent": consents_of([asset.pk], now).get(asset.pk),
        "training_sets": training_sets_of([asset.pk])[asset.pk],
        "is_copy": links_now().filter(asset=asset).exists(),
        "is_withheld": is_withheld(asset),
        "has_copy_links": asset.copy_links.exists(),
        "copy_count": links_now().filter(original=asset).count(),
    }
    return render(request, "payouts/image.html", context)


def _chart(by_month: dict[Any, dict[int, int]], currency: str) -> Chart | None:
    kinds = {on: {_("This image"): sum(of.values())} for on, of in by_month.items()}
    return months_chart(kinds, currency)
