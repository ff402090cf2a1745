from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('marketplace', '0005_one_index_of_members'),
        ('payouts', '0008_tax_forms_and_account_deadlines'),
    ]

    operations = [
        migrations.AddField(
            model_name='statement',
            name='owed_back_micro',
            field=models.BigIntegerField(help_text='What is receivable of them at the end; unknown where an earlier version issued it.', null=True),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('owed_back_micro__gte', 0)), name='owed_back_is_not_negative'),
        ),
    ]
