"""What customers were handed: each signed file of a download, with the certificate of its licence."""

from typing import get_args

from django.db import models

from marketplace.models.catalogue import SHA256_HEX_LENGTH
from marketplace.models.generation import Download
from marketplace.near_hashes import band_indexes
from marketplace.provenance import ImageFormat
from marketplace.triggers import append_only

FILE_FORMATS = get_args(ImageFormat)


class Delivery(models.Model):
    """A file of a download as it was signed, once for each format: the same bytes are handed out every time.

    The certificate is kept as the JSON text that is handed out, since its signature is that of these very bytes.
    """

    download = models.ForeignKey(Download, on_delete=models.PROTECT, related_name="deliveries")
    file_format = models.CharField(max_length=4, choices=[(name, name) for name in FILE_FORMATS])
    file = models.FileField(upload_to="deliveries", max_length=200)
    sha256 = models.CharField(max_length=SHA256_HEX_LENGTH, unique=True)
    perceptual_hash = models.BigIntegerField(help_text="The 64-bit pHash of its picture.")
    manifest_label = models.CharField(max_length=100, unique=True, help_text="Of its C2PA manifest.")
    certificate_id = models.CharField(max_length=16, unique=True, help_text="Random, so that it says nothing.")
    certificate = models.TextField(help_text="The licence certificate with its signature, as JSON.")
    delivered_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["download", "file_format"], name="one_delivery_of_each_format"),
            models.CheckConstraint(condition=models.Q(file_format__in=FILE_FORMATS), name="delivery_format_known"),
        )
        indexes = band_indexes("perceptual_hash", "delivery_hash", "download")
        triggers = append_only()
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.file_format} of download {self.download_id}"


class HumanEdit(models.Model):
    """What a customer says that people did to a licensed picture afterwards, by which authorship can be shown."""

    download = models.ForeignKey(Download, on_delete=models.PROTECT, related_name="human_edits")
    description = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=~models.Q(description=""), name="human_edit_is_described"),)
        triggers = append_only()

    def __str__(self) -> str:
        return f"human edit {self.pk} of download {self.download_id}"
