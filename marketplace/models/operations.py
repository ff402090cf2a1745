"""What the operator wants to know of the workers."""

from django.db import models


class TaskRun(models.Model):
    """The last run of each task: one row for each name, overwritten by the next run."""

    name = models.CharField(max_length=200, unique=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    failed_at = models.DateTimeField(null=True, help_text="The last time that it failed.")
    problem = models.TextField(blank=True, help_text="What it said then; empty once a run succeeds.")

    def __str__(self) -> str:
        return self.name
