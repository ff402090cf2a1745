"""The contributor's page of training consent: what holds for each image, since when, and what goes on regardless."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from marketplace.consents import ConsentRefused, default_of, record_consent, record_default
from marketplace.core.consents import Answer, Standing, standing
from marketplace.core.model_states import ModelState
from marketplace.models import Asset, GeneratorModel, TrainingConsent, TrainingSetMember
from marketplace.permissions import LoggedInRequest, contributor_of
from marketplace.selectors import not_withheld

IMAGES_A_PAGE = 24
ANSWERS = [("yes", "yes"), ("no", "no")]


class ConsentForm(forms.Form):
    """An answer for one image or, without one, for all; from a day on, or from now."""

    answer = forms.ChoiceField(choices=ANSWERS)
    from_on = forms.DateField(required=False)
    asset = forms.IntegerField(required=False, min_value=1)


class DefaultForm(forms.Form):
    """An answer for what will be uploaded."""

    answer = forms.ChoiceField(choices=ANSWERS)


@dataclass(frozen=True)
class ImageConsent:
    """One image with its answers, the sets that have it and the models that were trained on those."""

    asset: Asset
    standing: Standing
    history: list[Answer]
    training_sets: list[str]
    models: list[GeneratorModel]
    is_withheld: bool


@require_safe
def consents(request: LoggedInRequest) -> HttpResponse:
    """All images of the contributor with what holds for them, and forms to change it."""
    contributor = contributor_of(request.user)
    answers = Prefetch("consents", TrainingConsent.objects.order_by("pk"))
    assets = contributor.assets.select_related("submission").prefetch_related(answers).order_by("-pk")
    page = Paginator(assets, IMAGES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "images": _image_consents(page.object_list, timezone.now()),
        "default": default_of(contributor),
        "today": timezone.now().date().isoformat(),
    }
    return render(request, "marketplace/consents.html", context)


def _image_consents(assets: Iterable[Asset], at: datetime) -> list[ImageConsent]:
    sets_of: dict[int, list[TrainingSetMember]] = defaultdict(list)
    memberships = TrainingSetMember.objects.filter(asset__in=[asset.pk for asset in assets])
    for member in memberships.select_related("training_set").order_by("training_set"):
        sets_of[member.asset_id].append(member)
    models_of: dict[int, list[GeneratorModel]] = defaultdict(list)
    set_ids = {member.training_set_id for members in sets_of.values() for member in members}
    used = GeneratorModel.objects.filter(training_set__in=set_ids, state__in=[ModelState.ON_SALE, ModelState.RETIRED])
    for model in used.order_by("name", "pk"):
        models_of[model.training_set_id or 0].append(model)
    shown = set(not_withheld(Asset.objects.filter(pk__in=[asset.pk for asset in assets])).values_list("pk", flat=True))
    found = []
    for asset in assets:
        history = [Answer(one.granted, one.effective_at, one.recorded_at) for one in asset.consents.all()]
        members = sets_of[asset.pk]
        found.append(
            ImageConsent(
                asset=asset,
                standing=standing(history, at),
                history=history[::-1],
                training_sets=[str(member.training_set) for member in members],
                is_withheld=asset.pk not in shown,
                models=[model for member in members for model in models_of[member.training_set_id]],
            )
        )
    return found


@require_POST
def change(request: LoggedInRequest) -> HttpResponse:
    """Record the contributor's answer for one image or for all."""
    contributor = contributor_of(request.user)
    form, now = ConsentForm(request.POST), timezone.now()
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: choose a day such as 2026-12-31, then press a button."))
        return redirect("consents")
    filled: dict[str, Any] = form.cleaned_data
    assets = contributor.assets.all()
    if filled["asset"]:
        assets = assets.filter(pk=get_object_or_404(assets, pk=filled["asset"]).pk)
    from_on = filled["from_on"]
    from_at = now if from_on in (None, now.date()) else datetime.combine(from_on, time(), UTC)
    try:
        count = record_consent(assets, filled["answer"] == "yes", from_at, now)
    except ConsentRefused as error:
        messages.error(request, str(error))
        return redirect("consents")
    if count:
        told = ngettext("Recorded for %(count)d image.", "Recorded for %(count)d images.", count) % {"count": count}
        messages.success(request, told)
    else:
        messages.success(request, _("Nothing had to be changed: that is what holds already."))
    return redirect("consents")


@require_POST
def change_default(request: LoggedInRequest) -> HttpResponse:
    """Record what the upload page proposes from now on."""
    contributor = contributor_of(request.user)
    form = DefaultForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: press one of the buttons."))
        return redirect("consents")
    record_default(contributor, form.cleaned_data["answer"] == "yes", timezone.now())
    messages.success(request, _("Recorded for what you upload from now on. Images that you have are as they were."))
    return redirect("consents")
