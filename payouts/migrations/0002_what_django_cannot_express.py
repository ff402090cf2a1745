from django.db import migrations


class Migration(migrations.Migration):
    """Foreign keys of two columns, and triggers that nobody switches off.

    django-pgtrigger lets a session name triggers to ignore. Ours guard money, so the function that its triggers ask
    always says no. Every later migration that creates a trigger replaces that function again: run this after it too
    (a test fails otherwise).
    """

    dependencies = [("payouts", "0001_initial"), ("attribution", "0001_initial"), ("marketplace", "0001_initial")]
    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE payouts_posting ADD CONSTRAINT posting_currency_is_its_accounts
            FOREIGN KEY (account_id, currency) REFERENCES payouts_ledgeraccount (id, currency)
            """,
            "ALTER TABLE payouts_posting DROP CONSTRAINT posting_currency_is_its_accounts",
        ),
        migrations.RunSQL(
            """
            ALTER TABLE payouts_revenueevent ADD CONSTRAINT revenue_currency_is_its_periods
            FOREIGN KEY (period_id, currency) REFERENCES payouts_period (id, currency)
            """,
            "ALTER TABLE payouts_revenueevent DROP CONSTRAINT revenue_currency_is_its_periods",
        ),
        migrations.RunSQL(
            """
            CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean
            LANGUAGE sql IMMUTABLE AS 'SELECT false'
            """,
            migrations.RunSQL.noop,
        ),
    ]
