"""Who may see and do what, in one place for pages, the API and services.

What somebody may not see does not exist for them: 404, never 403. `require_…` and `…_of` raise `Http404`; `is_…` and
`may_…` answer.
"""

from collections.abc import Collection
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from marketplace.models import (
    Asset,
    Contributor,
    Customer,
    Download,
    Generation,
    Project,
    Role,
    Submission,
    User,
)
from marketplace.selectors import is_withheld

FINANCE = Role.FINANCE.value
REVIEWER = Role.REVIEWER.value


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


def is_operator(user: User) -> bool:
    """Whether they keep the marketplace running: who may enter the admin, and finance, whose work waits for it."""
    return user.is_staff or is_finance(user)


def require_operator(user: User) -> None:
    """Raise `Http404` for everybody but operators."""
    if not is_operator(user):
        raise Http404("Only operators have this page.")


def lacks_second_factor(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether they have a role that needs a second factor, and none set up: nothing of that role opens before."""
    if not isinstance(user, User):
        return False
    in_charge = Q(is_superuser=True) | Q(is_staff=True) | Q(groups__name__in=[FINANCE, REVIEWER])
    with_one = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return User.objects.filter(in_charge, pk=user.pk).exclude(pk__in=with_one.values("user")).exists()


def roles_to_invite_to(user: User) -> list[Role]:
    """Finance invites those whom the marketplace is for; only a superuser makes anybody finance or reviewer.

    Otherwise one person of finance could make up the second one whom closing a month and a payout run need.
    """
    if user.is_superuser:
        return list(Role)
    return [Role.CONTRIBUTOR, Role.CUSTOMER] if is_finance(user) else []


def require_reviewer(user: User) -> None:
    """Let reviewers pass."""
    _require(is_reviewer(user), "Only reviewers have this page.")


def require_finance(user: User) -> None:
    """Let finance pass."""
    _require(is_finance(user), "Only finance has this page.")


def require_reviewer_or_finance(user: User) -> None:
    """Let those pass who review or keep the books."""
    _require(is_reviewer(user) or is_finance(user), "Only reviewers and finance have this page.")


def may_sell_models(user: User) -> bool:
    """Whether they put generator models on sale and retire them: who may edit them in the admin."""
    return user.has_perm("marketplace.change_generatormodel")


def require_seller_of_models(user: User) -> None:
    """Raise `Http404` for everybody else."""
    if not may_sell_models(user):
        raise Http404("Only operators have this page.")


def require_customer_or_finance(user: User) -> None:
    """Let those pass who buy generations or keep the books: prompts are not for contributors."""
    is_customer = Customer.objects.filter(user=user).exists()
    _require(is_customer or is_finance(user), "Only customers have this page.")


def _require(allowed: bool, otherwise: str) -> None:
    if not allowed:
        raise Http404(otherwise)


def contributor_of(user: User) -> Contributor:
    """The contributor that the login belongs to."""
    return get_object_or_404(Contributor, user=user)


def customer_of(user: User) -> Customer:
    """The customer that the login belongs to."""
    return get_object_or_404(Customer, user=user)


def project_of(user: User, project_id: int) -> Project:
    """A project of the customer that the login belongs to: nobody else has it, finance neither."""
    return get_object_or_404(Project.objects.select_related("customer"), pk=project_id, customer__user=user)


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


def may_see_why(user: User, download: Download, contributor_ids: Collection[int]) -> bool:
    """Whether they may see how a download was attributed: who has a share in it, who bought it, and finance."""
    on_the_list = Contributor.objects.filter(user=user, pk__in=contributor_ids).exists()
    return on_the_list or may_have_file(user, download)


def may_see_preview(user: User, asset: Asset) -> bool:
    """Whether they may see the image larger than its thumbnail: whose it is, finance and reviewers."""
    return asset.contributor.user_id == user.pk or is_finance(user) or is_reviewer(user)


def may_see_thumbnail(user: User, asset: Asset) -> bool:
    """Whether they may see the image in small: everybody who is logged in, unless a removal case withholds it."""
    return not is_withheld(asset) or may_see_preview(user, asset)


def may_see_submission(user: User, submission: Submission) -> bool:
    """Whether they may see the picture of an upload: whose it is, and reviewers."""
    return submission.contributor.user_id == user.pk or is_reviewer(user)
