from django.db import migrations, models
from django.db.models import F


def _band(number):
    """As in marketplace.core.hamming: 16 of the 64 bits, all that a search asks for beside them."""
    return migrations.AddIndex(
        "perceptualhash",
        models.Index(
            F("hash").bitrightshift(16 * number).bitand(65535),
            name=f"perceptual_hash_band_{number}",
            include=("hash", "asset"),
        ),
    )


class Migration(migrations.Migration):
    """Statistics come with the indexes, or the planner would not use them until they are gathered."""

    dependencies = [("attribution", "0008_tiles")]
    operations = [
        *(_band(number) for number in range(4)),
        migrations.RunSQL("ANALYZE attribution_perceptualhash", migrations.RunSQL.noop),
    ]
