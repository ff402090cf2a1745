"""Public pages of generator models with their cards; operators put them on sale and retire them there."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.core.model_states import ModelRefused, ModelState
from marketplace.generator_models import put_on_sale, retire_model, why_not_sold
from marketplace.model_cards import card_document, card_sections
from marketplace.models import GeneratorModel, ModelCard, User
from marketplace.permissions import LoggedInRequest, may_sell_models, require_seller_of_models
from marketplace.said import said

PUBLIC_STATES = (ModelState.ON_SALE, ModelState.RETIRED)


class SaleForm(forms.Form):
    """What becomes of a model."""

    state = forms.ChoiceField(choices=[(state.value, state.value) for state in PUBLIC_STATES])


def _seen_by(request: HttpRequest) -> QuerySet[GeneratorModel]:
    """Everybody sees what is on sale or was; operators see all."""
    known = GeneratorModel.objects.select_related("training_set")
    sees_all = isinstance(request.user, User) and may_sell_models(request.user)
    return known if sees_all else known.filter(state__in=PUBLIC_STATES)


@login_not_required
@require_safe
def generator_models(request: HttpRequest) -> HttpResponse:
    """The generator models that images can be licensed of, then others."""
    models = sorted(_seen_by(request), key=lambda model: (model.state != ModelState.ON_SALE, model.name, -model.pk))
    return render(request, "marketplace/generator_models.html", {"models": models})


@login_not_required
@require_safe
def model_card(request: HttpRequest, model_id: int) -> HttpResponse:
    """One model's card as it is now, with what was on sale when, and the cards that it had."""
    model = get_object_or_404(_seen_by(request), pk=model_id)
    context = {
        "model": model,
        "sections": card_sections(card_document(model)),
        "cards": model.cards.order_by("-pk"),
        "changes": model.state_changes.select_related("changed_by").order_by("pk"),
        "may_sell": isinstance(request.user, User) and may_sell_models(request.user),
        "why_not_sold": why_not_sold(model, timezone.now()),
    }
    return render(request, "marketplace/model_card.html", context)


@login_not_required
@require_safe
def card_json(request: HttpRequest, sha256: str) -> HttpResponse:
    """A card as it was at some time: the very bytes whose SHA-256 certificates name."""
    card = get_object_or_404(ModelCard.objects.filter(generator_model__in=_seen_by(request)), sha256=sha256)
    return HttpResponse(card.text, content_type="application/json")


@require_POST
def sell(request: LoggedInRequest, model_id: int) -> HttpResponse:
    """Put a model on sale, or retire it."""
    require_seller_of_models(request.user)
    model = get_object_or_404(GeneratorModel, pk=model_id)
    form = SaleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: press one of the buttons."))
        return redirect("model_card", model.pk)
    change = put_on_sale if form.cleaned_data["state"] == ModelState.ON_SALE else retire_model
    try:
        change(model, request.user, timezone.now())
    except ModelRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("%(model)s is %(state)s.") % {"model": model, "state": said(form.cleaned_data["state"])}
        )
    return redirect("model_card", model.pk)
