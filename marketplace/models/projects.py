"""Projects of customers: which licences they use together, of which they can show how the images were made."""

import pgtrigger
from django.db import models

from marketplace.models.generation import Download
from marketplace.models.people import Customer


class Project(models.Model):
    """Something that a customer uses licences for, such as a campaign; one licence can be in several."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    downloads = models.ManyToManyField(Download, through="ProjectLicence", related_name="projects")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["customer", "name"], name="project_name_of_a_customer"),
            models.CheckConstraint(condition=~models.Q(name=""), name="project_is_named"),
        )

    def __str__(self) -> str:
        return self.name


class ProjectLicence(models.Model):
    """That a customer put one of their licences into a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="licences")
    download = models.ForeignKey(Download, on_delete=models.PROTECT, related_name="+")
    put_in_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["project", "download"], name="licence_once_in_a_project"),)
        triggers = (
            pgtrigger.Trigger(
                name="licences_of_its_customer",
                level=pgtrigger.Row,
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                IF NOT EXISTS (SELECT FROM marketplace_project AS p JOIN marketplace_download AS d
                                   ON d.customer_id = p.customer_id
                               WHERE p.id = NEW.project_id AND d.id = NEW.download_id) THEN
                    RAISE EXCEPTION 'Licence % is not of the customer whose project % is.',
                        NEW.download_id, NEW.project_id;
                END IF;
                RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"licence {self.download_id} in project {self.project_id}"
