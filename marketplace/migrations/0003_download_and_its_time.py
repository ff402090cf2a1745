from django.db import migrations, models


class Migration(migrations.Migration):
    """So that another table can refer to a download together with its time, and be partitioned by that."""

    dependencies = [("marketplace", "0002_output_checks")]
    operations = [
        migrations.AddConstraint(
            model_name="download",
            constraint=models.UniqueConstraint(fields=("id", "downloaded_at"), name="download_and_its_time"),
        ),
    ]
