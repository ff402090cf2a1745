"""Known marks, such as watermarks and logos of others, and where generations were found to show them."""

from django.db import models

from marketplace.models import Generation, OutputCheck
from marketplace.triggers import append_only


class KnownMark(models.Model):
    """A mark that no generation may show without a reviewer's leave. Its picture is our own re-encoded copy."""

    name = models.CharField(max_length=200, unique=True)
    picture = models.FileField(upload_to="marks", max_length=200, editable=False)
    note = models.TextField(blank=True, help_text="Whose it is, and where it comes from.")
    is_looked_for = models.BooleanField(default=True, help_text="Generations are searched for it from now on.")
    recorded_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return self.name


class MarkSearch(models.Model):
    """That a generation was searched for a mark, and where it stands if it was found.

    The region is a polygon of [x, y] in parts of the picture's width and height; `output_check` is the finding's.
    """

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="mark_searches")
    known_mark = models.ForeignKey(KnownMark, on_delete=models.PROTECT, related_name="searches")
    output_check = models.ForeignKey(OutputCheck, on_delete=models.PROTECT, null=True, related_name="marks")
    region = models.JSONField(default=list)
    clearness = models.FloatField(null=True)
    version = models.PositiveSmallIntegerField(help_text="Of the detector.")
    searched_at = models.DateTimeField()

    class Meta:
        triggers = append_only()
        verbose_name_plural = "mark searches"

    def __str__(self) -> str:
        return f"{self.known_mark_id} in generation {self.generation_id}: {'found' if self.output_check_id else 'no'}"
