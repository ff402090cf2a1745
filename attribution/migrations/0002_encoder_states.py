from django.db import migrations, models


class Migration(migrations.Migration):
    """An encoder can be built beside the current one: it has a state in place of the mark `is_current`."""

    dependencies = [("attribution", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="encoder",
            name="state",
            field=models.CharField(
                choices=[("building", "Building"), ("current", "Current"), ("retired", "Retired")],
                default="retired",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.RunSQL("UPDATE attribution_encoder SET state = 'current' WHERE is_current"),
        migrations.RemoveConstraint(model_name="encoder", name="one_current_encoder"),
        migrations.RemoveField(model_name="encoder", name="is_current"),
        migrations.AddConstraint(
            model_name="encoder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "retired"), _negated=True),
                fields=("state",),
                name="one_current_one_building",
            ),
        ),
        migrations.AddConstraint(
            model_name="encoder",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["building", "current", "retired"])), name="encoder_state_known"
            ),
        ),
    ]
