"""Finance's corrections of closed months: adjustments that people decide on, and refunds made at Stripe."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from marketplace import formats
from marketplace.core.periods import Month
from marketplace.models import Download
from marketplace.permissions import LoggedInRequest, require_finance
from payouts.adjusting import AdjustmentRefused, record_adjustment
from payouts.models import Adjustment, AdjustmentReason, Period, RevenueEvent
from payouts.money_back import MoneyBackRefused
from payouts.refunds import record_refund
from payouts.views import deciding
from payouts.views.units import micro_field, micro_of, minor_field, minor_of

ADJUSTMENTS_A_PAGE = 50


class ClosedMonthField(forms.ModelChoiceField[Period]):
    """A choice of months, in words."""

    def label_from_instance(self, obj: Period) -> str:
        return formats.month(obj.month_on)


class AdjustmentForm(deciding.ContributorForm):
    """What is corrected of a closed month; a takedown takes back, an appeal credits."""

    reason = forms.ChoiceField(
        label=_("Because of"),
        choices=[
            (AdjustmentReason.TAKEDOWN, _("a takedown, which takes back")),
            (AdjustmentReason.APPEAL, _("a won appeal, which credits")),
        ],
    )
    amount = micro_field(_("Amount, up to six decimals"), settings.SETTLEMENT_CURRENCY, min_value=0)
    month = ClosedMonthField(
        Period.objects.filter(state=Period.CLOSED).order_by("-month_on"),
        label=_("Closed month"),
        empty_label=_("Choose one"),
    )
    note = forms.CharField(label=_("Which one, which the contributor reads"), max_length=deciding.REASON_LETTERS)


class RefundForm(deciding.KeyedForm):
    """What a customer got back at Stripe."""

    download = forms.ModelChoiceField(
        Download.objects.all(),
        widget=forms.NumberInput,
        label=_("Number of the download"),
        error_messages={"invalid_choice": _("There is no download with this number.")},
    )
    amount = minor_field(_("Amount that went back"), settings.SETTLEMENT_CURRENCY)
    refund = forms.CharField(label=_("Id of the refund at Stripe, such as re_…"), max_length=100)


@require_http_methods(["GET", "HEAD", "POST"])
def adjustments(request: LoggedInRequest) -> HttpResponse:
    """Adjustments, newest first; a form that records one, after a look at what that posts."""
    require_finance(request.user)

    def adjust(filled: dict[str, Any], key: str, at: datetime) -> Adjustment:
        reason, month_on = AdjustmentReason(filled["reason"]), filled["month"].month_on
        amount_micro = micro_of(filled["amount"])
        signed_micro = amount_micro if reason is AdjustmentReason.APPEAL else -amount_micro
        month = Month(month_on.year, month_on.month)
        return record_adjustment(
            filled["contributor"], signed_micro, month, reason, filled["note"], request.user, key, at
        )

    form = AdjustmentForm(request.POST or None, initial={"contributor": request.GET.get("contributor")})
    done = translated("The adjustment is recorded. The contributor reads it on their next statement.")
    came_of_it = deciding.press(request, form, adjust, AdjustmentRefused, done)
    if came_of_it.is_done:
        return redirect("adjustments")
    every = Adjustment.objects.select_related(
        "contributor", "training_set", "recorded_by", "entry__period", "entry__origin_period"
    )
    context = {
        "form": form,
        "currency": settings.SETTLEMENT_CURRENCY,
        "previewed": came_of_it.previewed,
        "repeated": came_of_it.repeated,
        "page": Paginator(every.order_by("-pk"), ADJUSTMENTS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "payouts/adjustments.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def refunds(request: LoggedInRequest) -> HttpResponse:
    """A form that records a refund that Stripe made, after a look at who gives back what."""
    require_finance(request.user)

    def refund(filled: dict[str, Any], key: str, at: datetime) -> RevenueEvent:
        amount_minor = minor_of(filled["amount"], filled["download"].currency)
        return record_refund(filled["download"], amount_minor, filled["refund"].strip(), at)

    form = RefundForm(request.POST or None)
    came_of_it = deciding.press(request, form, refund, MoneyBackRefused, translated("The refund is recorded."))
    if came_of_it.is_done:
        return redirect("refunds")
    context = {
        "form": form,
        "currency": settings.SETTLEMENT_CURRENCY,
        "previewed": came_of_it.previewed,
        "repeated": came_of_it.repeated,
    }
    return render(request, "payouts/refunds.html", context)
