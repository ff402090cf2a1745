"""The page of one generation before it is licensed."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from attribution.models import CopyCheck
from attribution.selectors import most_resembled
from marketplace.core.release import WHY_NOT_FOR_SALE
from marketplace.models import OutputDecision
from marketplace.output_checks import sale_states
from marketplace.people_checks import people_facts
from marketplace.permissions import LoggedInRequest, generations_for, require_customer_or_finance, roles_of
from marketplace.prices import licence_price
from marketplace.views import LicenceForm

RESEMBLED = 6


@require_safe
def generation(request: LoggedInRequest, generation_id: int) -> HttpResponse:
    """One generation before it is licensed: the model behind it, what it resembles and what it costs."""
    require_customer_or_finance(request.user)
    one = get_object_or_404(
        generations_for(request.user).select_related("generator_model", "training_set"), pk=generation_id
    )
    context = {
        "generation": one,
        "training_image_count": one.training_set.members.count(),
        "resembled": most_resembled(one, RESEMBLED),
        "copy_check": CopyCheck.objects.filter(generation=one).order_by("-pk").first(),
        "decision": OutputDecision.objects.filter(output_check__generation=one).order_by("-pk").first(),
        "people": people_facts(one),
        "price": licence_price(),
        "not_for_sale": WHY_NOT_FOR_SALE.get(sale_states([one])[one.pk]),
        "form": LicenceForm(),
        "can_buy": bool(settings.STRIPE_API_KEY),
        "roles": roles_of(request.user),
    }
    return render(request, "attribution/generation.html", context)
