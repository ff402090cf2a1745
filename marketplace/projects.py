"""Projects: what a customer makes of their licences, one by one or several at once."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from marketplace.models import Customer, Download, Project, ProjectLicence


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
    """Put licences of the project's customer into it; returns how many were not in it before."""
    there = set(project.licences.values_list("download_id", flat=True))
    added = [ProjectLicence(project=project, download=one, put_in_at=at) for one in downloads if one.pk not in there]
    ProjectLicence.objects.bulk_create(added, ignore_conflicts=True)  # somebody else may put in the same at once
    return len(added)
