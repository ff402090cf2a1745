"""Pages of the marketplace: the home page, browsing and licensing generations, and the pictures that pages show."""

from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language

from marketplace.core.release import SaleState
from marketplace.delivering import EXTENSIONS
from marketplace.models import Asset, Generation, GeneratorModel, User
from marketplace.output_checks import sale_states
from marketplace.permissions import (
    LoggedInRequest,
    Roles,
    customer_of,
    generations_for,
    may_see_preview,
    may_see_thumbnail,
    require_customer_or_finance,
    roles_of,
)
from marketplace.prices import licence_price
from marketplace.project_views import LicencesForm

GENERATIONS_A_PAGE = 24
DOWNLOADS_A_PAGE = 50
HUMAN_EDIT_CHARACTERS = 2_000
THUMBNAIL_SECONDS = 60 * 60  # after which one that is withheld is gone from everybody's browser, too
PREVIEW_SECONDS = 24 * 60 * 60  # browsers keep previews: the file behind an id never changes


class LicenceForm(forms.Form):
    """A press of the button that licenses; its key makes a second press of the same button no second order."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class BrowseForm(forms.Form):
    """What generations to show; whatever cannot be understood narrows nothing."""

    words = forms.CharField(label=_("Words in the prompt"), max_length=200, required=False)
    model = forms.ModelChoiceField(
        GeneratorModel.objects.order_by("name", "version"),
        label=_("Generator model"),
        required=False,
        empty_label=_("All models"),
    )

    def found(self, generations: QuerySet[Generation]) -> QuerySet[Generation]:
        """Those of the generations whose prompt has all the words, by the model."""
        self.full_clean()
        for word in self.cleaned_data.get("words", "").split():
            generations = generations.filter(prompt__icontains=word)
        model = self.cleaned_data.get("model")
        return generations.filter(generator_model=model) if model else generations


class HumanEditForm(forms.Form):
    """What people did to a picture."""

    description = forms.CharField(
        label=_("What was done, by whom and when"),
        max_length=HUMAN_EDIT_CHARACTERS,
        widget=forms.Textarea({"rows": 5}),
    )


@login_not_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Django's own, which sets a cookie; whoever is logged in gets their mail in that language, too."""
    language = request.POST.get("language")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return set_language(request)


@require_safe
def home(request: LoggedInRequest) -> HttpResponse:
    """Where each role finds its pages; who is finance and nothing else begins with what there is to do."""
    roles = roles_of(request.user)
    if roles == Roles(contributor=False, customer=False, finance=True, reviewer=False):
        return redirect("finance")
    return render(request, "marketplace/home.html", {"roles": roles})


@require_safe
def generations(request: LoggedInRequest) -> HttpResponse:
    """Generations to license, newest first."""
    require_customer_or_finance(request.user)
    form = BrowseForm(request.GET)
    found = form.found(generations_for(request.user)).select_related("generator_model")
    newest = found.order_by("-generated_at", "-pk")
    page = Paginator(newest, GENERATIONS_A_PAGE).get_page(request.GET.get("page"))
    states = sale_states(page)
    not_for_sale = {pk for pk, state in states.items() if state is not SaleState.FOR_SALE}
    context = {"page": page, "not_for_sale": not_for_sale, "price": licence_price(), "form": form}
    return render(request, "marketplace/generations.html", context)


@require_safe
def downloads(request: LoggedInRequest) -> HttpResponse:
    """The customer's licences, newest first."""
    customer = customer_of(request.user)
    mine = customer.downloads.select_related("generation__generator_model").prefetch_related("deliveries")
    page = Paginator(mine.order_by("-downloaded_at", "-pk"), DOWNLOADS_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "extensions": EXTENSIONS, "into_project": LicencesForm(customer)}
    return render(request, "marketplace/downloads.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def human_edits(request: LoggedInRequest, download_id: int) -> HttpResponse:
    """What the customer says that people did to the picture afterwards, and a form to record more of it."""
    customer = customer_of(request.user)
    download = get_object_or_404(customer.downloads, pk=download_id)
    form = HumanEditForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        download.human_edits.create(description=form.cleaned_data["description"], recorded_at=timezone.now())
        messages.success(request, translated("Recorded. It is shown on the page of each certificate of this licence."))
        return redirect("human_edits", download_id)
    context = {
        "download": download,
        "edits": download.human_edits.order_by("pk"),
        "form": form,
        "projects": download.projects.order_by("-pk"),
        "into_project": LicencesForm(customer),
    }
    return render(request, "marketplace/human_edits.html", context)


@require_safe
@cache_control(private=True, max_age=PREVIEW_SECONDS)
def asset_preview(request: LoggedInRequest, asset_id: int) -> FileResponse:
    """An image of the reading contributor's own, or for finance. The original has no address."""
    asset = get_object_or_404(Asset.objects.select_related("contributor"), pk=asset_id)
    if not may_see_preview(request.user, asset):
        raise Http404("No such image of yours.")
    return _jpeg(asset.preview)


@require_safe
@cache_control(private=True, max_age=THUMBNAIL_SECONDS)
def asset_thumbnail(request: LoggedInRequest, asset_id: int) -> FileResponse:
    """Any contributor's image in small, for everybody who is logged in: inspiration lists show it."""
    asset = get_object_or_404(Asset.objects.select_related("contributor"), pk=asset_id)
    if not may_see_thumbnail(request.user, asset):
        raise Http404("This image is withheld.")
    return _jpeg(asset.thumbnail)


@require_safe
@cache_control(private=True, max_age=PREVIEW_SECONDS)
def generation_preview(request: LoggedInRequest, generation_id: int) -> FileResponse:
    """A generation in small, for whoever may look at it."""
    return _jpeg(get_object_or_404(generations_for(request.user), pk=generation_id).preview)


def _jpeg(file: FieldFile) -> FileResponse:
    return FileResponse(file.open("rb"), content_type="image/jpeg")
