from django.db import migrations


class Migration(migrations.Migration):
    """A posting's currency is its account's: two columns in one foreign key, which Django cannot express."""

    dependencies = [("payouts", "0001_initial")]
    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE payouts_posting ADD CONSTRAINT posting_currency_is_its_accounts
            FOREIGN KEY (account_id, currency) REFERENCES payouts_ledgeraccount (id, currency)
            """,
            "ALTER TABLE payouts_posting DROP CONSTRAINT posting_currency_is_its_accounts",
        )
    ]
