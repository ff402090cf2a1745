from django.db import migrations, models

HELP = "WIDTH numbers of one byte for each of its tiles, out of line: only those of candidates are read."


def _tiles(model):
    return migrations.AddField(model, "tiles", models.BinaryField(help_text=HELP, default=b""), preserve_default=False)


class Migration(migrations.Migration):
    """Vectors of before have no tiles: their encoder is not one of those that are used from now on."""

    dependencies = [("attribution", "0007_inlier_ratio")]
    operations = [
        _tiles("embedding"),
        _tiles("generationembedding"),
        migrations.RunSQL(
            """
            ALTER TABLE attribution_embedding ALTER tiles SET STORAGE EXTERNAL;
            ALTER TABLE attribution_generationembedding ALTER tiles SET STORAGE EXTERNAL;
            """,
            migrations.RunSQL.noop,
        ),
    ]
