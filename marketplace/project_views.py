"""The customer's projects: which licences are in each, and the record of AI use to hand on."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.ai_use import licences_in
from marketplace.ai_use_archive import write_record
from marketplace.models import Customer, Download, Project
from marketplace.permissions import LoggedInRequest, customer_of, project_of
from marketplace.projects import ProjectExists, ProjectFull, create_project, put_into_project

LICENCES_A_PAGE = 50
NAME_CHARACTERS = 200


class ProjectForm(forms.Form):
    """A new project."""

    name = forms.CharField(label=gettext_lazy("Name of the project"), max_length=NAME_CHARACTERS)


class LicencesForm(forms.Form):
    """Which licences of the customer to put into which of their projects."""

    project = forms.ModelChoiceField(Project.objects.none(), label=gettext_lazy("Project"), empty_label=None)
    licences = forms.ModelMultipleChoiceField(Download.objects.none())

    def __init__(self, customer: Customer, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.fields["project"].queryset = customer.projects.order_by("-pk")  # type: ignore[attr-defined]
        self.fields["licences"].queryset = customer.downloads.all()  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def projects(request: LoggedInRequest) -> HttpResponse:
    """The customer's projects, newest first, and a form for a new one."""
    customer = customer_of(request.user)
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_project(customer, form.cleaned_data["name"], timezone.now())
        except ProjectExists as exists:
            made = exists.project
            messages.info(request, _("You have a project of this name already: this is it."))
        else:
            messages.success(request, _("The project is there. Put licences into it on the page of your licences."))
        return redirect("project", made.pk)
    mine = customer.projects.annotate(licence_count=Count("licences")).order_by("-pk")
    page = Paginator(mine, LICENCES_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form}
    return render(request, "marketplace/projects.html", context, status=400 if form.errors else 200)


@require_safe
def project(request: LoggedInRequest, project_id: int) -> HttpResponse:
    """What is in a project, with certificates and human edits."""
    mine = project_of(request.user, project_id)
    page = Paginator(licences_in(mine), LICENCES_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "marketplace/project.html", {"project": mine, "page": page})


@require_POST
def add_licences(request: LoggedInRequest) -> HttpResponse:
    """Put licences into a project, from the page of all licences or of one."""
    form = LicencesForm(customer_of(request.user), request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was put into a project: choose a project and at least one licence."))
        return redirect("downloads")
    mine = form.cleaned_data["project"]
    try:
        added = put_into_project(mine, form.cleaned_data["licences"], timezone.now())
    except ProjectFull as full:
        messages.error(request, str(full))
        return redirect("project", mine.pk)
    if added:
        put_in = ngettext("%(count)s licence was put in.", "%(count)s licences were put in.", added)
        messages.success(request, put_in % {"count": added})
    else:
        messages.info(request, _("Nothing changed: what you chose is in this project already."))
    return redirect("project", mine.pk)


@require_POST
def remove_licence(request: LoggedInRequest, project_id: int, download_id: int) -> HttpResponse:
    """Take a licence out of a project; the licence itself stays."""
    licence = get_object_or_404(project_of(request.user, project_id).licences, download_id=download_id)
    licence.delete()
    messages.success(
        request, _("Licence %(number)s is not in this project any more; it is still yours.") % {"number": download_id}
    )
    return redirect("project", project_id)


@require_safe
@never_cache
def record(request: LoggedInRequest, project_id: int) -> FileResponse:
    """The project's record of AI use as one ZIP."""
    mine = project_of(request.user, project_id)
    file = write_record(mine, request.build_absolute_uri, timezone.now())
    return FileResponse(file, as_attachment=True, filename=f"record-of-ai-use-{mine.pk}.zip")
