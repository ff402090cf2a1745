"""Projects: what a customer makes of their licences, one by one or several at once."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.models import Customer, Download, Project, ProjectLicence

MOST_LICENCES = 200  # whose record is made within one request: twenty seconds where each has three certificates


class ProjectFull(ValueError):
    """More licences than a project holds; the message says what to do."""


class ProjectExists(ValueError):
    """The customer has a project of that name; `project` is it."""

    def __init__(self, project: Project) -> None:
        super().__init__(project.name)
        self.project = project


def create_project(customer: Customer, name: str, at: datetime) -> Project:
    """A new project without licences. Raises `ProjectExists`."""
    project, is_new = Project.objects.get_or_create(customer=customer, name=name, defaults={"created_at": at})
    if not is_new:
        raise ProjectExists(project)
    return project


@transaction.atomic
def put_into_project(project: Project, downloads: Iterable[Download], at: datetime) -> int:
    """Put licences of the project's customer into it; returns how many were not in it before. Raises `ProjectFull`."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # whoever presses twice puts in once
    there = set(project.licences.values_list("download_id", flat=True))
    added = [ProjectLicence(project=project, download=one, put_in_at=at) for one in downloads if one.pk not in there]
    if len(there) + len(added) > MOST_LICENCES:
        raise ProjectFull(
            _("Nothing was put in: a project holds at most %(most)s licences. Make another project for more.")
            % {"most": MOST_LICENCES}
        )
    ProjectLicence.objects.bulk_create(added)
    return len(added)
