"""Who may see and do what. What somebody may not see does not exist for them: 404, never 403."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from marketplace.models import Asset, Contributor, Customer, Download, Generation, Submission, User

FINANCE = "finance"
REVIEWER = "reviewer"


class LoggedInRequest(HttpRequest):
    """A request as views get it: the login middleware has sent everybody else to the login page."""

    user: User
    htmx: HtmxDetails


@dataclass(frozen=True)
class Roles:
    """What a login is; it may be several things at once."""

    contributor: bool
    customer: bool
    finance: bool
    reviewer: bool


def roles_of(user: User) -> Roles:
    """The roles by which pages offer their links."""
    return Roles(
        contributor=Contributor.objects.filter(user=user).exists(),
        customer=Customer.objects.filter(user=user).exists(),
        finance=is_finance(user),
        reviewer=is_reviewer(user),
    )


def is_finance(user: User) -> bool:
    """Whether they close months and run payouts; a superuser may do what finance may."""
    return user.is_superuser or user.groups.filter(name=FINANCE).exists()


def is_reviewer(user: User) -> bool:
    """Whether they decide what is held; whoever buys may not, for they might want what they decide of."""
    in_charge = user.is_superuser or user.groups.filter(name=REVIEWER).exists()
    return in_charge and not Customer.objects.filter(user=user).exists()


def require_reviewer(user: User) -> None:
    """Raise `Http404` for everybody but reviewers."""
    if not is_reviewer(user):
        raise Http404("Only reviewers have this page.")


def require_reviewer_or_finance(user: User) -> None:
    """Raise `Http404` for those who neither review nor keep the books."""
    if not (is_reviewer(user) or is_finance(user)):
        raise Http404("Only reviewers and finance have this page.")


def require_finance(user: User) -> None:
    """Raise `Http404` for everybody but finance."""
    if not is_finance(user):
        raise Http404("Only finance has this page.")


def may_sell_models(user: User) -> bool:
    """Whether they put generator models on sale and retire them: who may edit them in the admin."""
    return user.has_perm("marketplace.change_generatormodel")


def require_seller_of_models(user: User) -> None:
    """Raise `Http404` for everybody else."""
    if not may_sell_models(user):
        raise Http404("Only operators have this page.")


def require_customer_or_finance(user: User) -> None:
    """Raise `Http404` for those who neither buy generations nor keep the books: prompts are not for contributors."""
    if not (Customer.objects.filter(user=user).exists() or is_finance(user)):
        raise Http404("Only customers have this page.")


def contributor_of(user: User) -> Contributor:
    """The contributor that the login belongs to. Raises `Http404`."""
    return get_object_or_404(Contributor, user=user)


def customer_of(user: User) -> Customer:
    """The customer that the login belongs to. Raises `Http404`."""
    return get_object_or_404(Customer, user=user)


def generations_for(user: User) -> QuerySet[Generation]:
    """The generations that the login may look at.

    What a customer asked for is theirs, and seen by nobody else but finance, reviewers, and, once it is downloaded, by
    the contributors whose images it may resemble.
    """
    if is_finance(user) or is_reviewer(user):
        return Generation.objects.all()
    seen = Q(requests__isnull=True) | Q(requests__customer__user=user)
    if Contributor.objects.filter(user=user).exists():
        seen |= Q(downloads__isnull=False)
    return Generation.objects.filter(pk__in=Generation.objects.filter(seen).values("pk"))


def may_have_file(user: User, download: Download) -> bool:
    """Whether they may have the licensed file: who bought it, and finance."""
    return download.customer.user_id == user.pk or is_finance(user)


def may_see_preview(user: User, asset: Asset) -> bool:
    """Whether they may see the image larger than its thumbnail: whose it is, finance and reviewers."""
    return asset.contributor.user_id == user.pk or is_finance(user) or is_reviewer(user)


def may_see_submission(user: User, submission: Submission) -> bool:
    """Whether they may see the picture of an upload: whose it is, and reviewers."""
    return submission.contributor.user_id == user.pk or is_reviewer(user)
