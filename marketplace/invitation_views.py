"""Inviting people, and accepting an invitation: the only way to a login."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import BaseUserCreationForm
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from marketplace.invitations import Invited, NotInvited, accept_invitation, find_invitation, invite, open_invitations
from marketplace.models import Contributor, Customer, Invitation, Role, User
from marketplace.permissions import LoggedInRequest, roles_to_invite_to

MOST_NAMED = 10


class WithoutLogin(forms.CharField):
    """A contributor or customer who has no login, by name or number: an import may bring thousands."""

    def __init__(self, records: QuerySet[Any], **options: Any) -> None:
        super().__init__(help_text=gettext_lazy("By name or number."), max_length=200, required=False, **options)
        self.records = records.filter(user=None)

    def clean(self, value: Any) -> Any:
        """The record, or None for nothing. Raises ValidationError where nobody is meant, or more than one could be."""
        written = super().clean(value)
        if not written:
            return None
        found = list(self.records.filter(name__iexact=written).order_by("pk")[:MOST_NAMED])
        if not found and written.isdecimal():
            found = list(self.records.filter(pk=int(written)))
        if not found:
            raise forms.ValidationError(_("Nobody without a login has this name or number."))
        if len(found) > 1:
            numbers = ", ".join(str(record.pk) for record in found)
            raise forms.ValidationError(
                _("More than one has this name. Write a number instead: %(numbers)s") % {"numbers": numbers}
            )
        return found[0]


class InvitationForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(label=gettext_lazy("E-mail"))
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    name = forms.CharField(
        label=gettext_lazy("Name of a new contributor or customer"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Empty for finance and reviewers, and where you name somebody below."),
    )
    contributor = WithoutLogin(Contributor.objects.all(), label=gettext_lazy("Or a contributor without a login"))
    customer = WithoutLogin(Customer.objects.all(), label=gettext_lazy("Or a customer without a login"))

    def __init__(self, roles: list[Role], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]

    def invited(self) -> Invited:
        """What was filled in."""
        return Invited(**self.cleaned_data | {"role": Role(self.cleaned_data["role"])})


class NewLoginForm(BaseUserCreationForm[User]):
    """The name and password of a new login."""

    class Meta:
        model = User
        fields = ("username",)


@require_http_methods(["GET", "HEAD", "POST"])
def invitations(request: LoggedInRequest) -> HttpResponse:
    """Invite somebody by mail, and see which invitations are open."""
    roles = roles_to_invite_to(request.user)
    if not roles:
        raise Http404("Only finance and superusers invite people.")
    now = timezone.now()
    form = InvitationForm(roles, request.POST or None)
    if form.is_valid():
        try:
            invitation = _invite(request, form.invited(), now)
        except NotInvited as refused:
            form.add_error(None, str(refused))
        except OSError:
            form.add_error(None, _("The mail could not be sent, so nobody was invited. Try again in a few minutes."))
        else:
            messages.success(request, _("%(email)s was sent an invitation.") % {"email": invitation.email})
            return redirect("invitations")
    context = {"form": form, "invitations": open_invitations(now).select_related("invited_by")}
    return render(request, "marketplace/invitations.html", context)


@transaction.atomic
def _invite(request: LoggedInRequest, whom: Invited, now: datetime) -> Invitation:
    """Record the invitation and mail it: both or neither."""
    invitation, token = invite(whom, request.user, now)
    url = request.build_absolute_uri(reverse("accept_invitation", args=[token]))
    text = render_to_string("marketplace/invitation.txt", {"invitation": invitation, "url": url})
    send_mail(_("Your login at Tributary"), text, None, [invitation.email])
    return invitation


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a name and a password."""
    now = timezone.now()
    form = NewLoginForm(request.POST or None)
    try:
        invitation = find_invitation(token, now)
        if form.is_valid():
            accept_invitation(token, form.cleaned_data["username"], form.cleaned_data["password1"], now)
            messages.success(request, _("Your login is made. Log in with the name and password that you just chose."))
            return redirect("login")
    except NotInvited as refused:
        return render(request, "marketplace/accept_invitation.html", {"refused": str(refused)}, status=404)
    return render(request, "marketplace/accept_invitation.html", {"form": form, "invitation": invitation})
