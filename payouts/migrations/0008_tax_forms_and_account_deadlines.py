import django.db.models.deletion
import payouts.core.tax_forms
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from marketplace.triggers import TRIGGERS_NEVER_IGNORED


class Migration(migrations.Migration):

    dependencies = [
        ('marketplace', '0005_one_index_of_members'),
        ('payouts', '0007_webhooks_reconciliations_and_findings'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='connectedaccount',
            name='disabled_reason',
            field=models.CharField(blank=True, help_text='Why Stripe stopped transfers.', max_length=100),
        ),
        migrations.AddField(
            model_name='connectedaccount',
            name='requirements_due_at',
            field=models.DateTimeField(help_text='Without it by then, Stripe stops transfers.', null=True),
        ),
        migrations.CreateModel(
            name='TaxFormReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('W-9', 'W-9'), ('W-8BEN', 'W-8BEN'), ('W-8BEN-E', 'W-8BEN-E'), ('DAC7 self-certification', 'DAC7 self-certification')], max_length=30)),
                ('received_on', models.DateField()),
                ('valid_until_on', models.DateField(help_text='The last day on which it holds; none where it does not end.', null=True)),
                ('is_accepted', models.BooleanField()),
                ('note', models.CharField(blank=True, help_text='Why it is rejected, which the contributor reads.', max_length=300)),
                ('reviewed_at', models.DateTimeField()),
                ('contributor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tax_form_reviews', to='marketplace.contributor')),
                ('reviewed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['contributor', '-reviewed_at'], name='newest_tax_form')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', [payouts.core.tax_forms.TaxFormKind['W9'], payouts.core.tax_forms.TaxFormKind['W8BEN'], payouts.core.tax_forms.TaxFormKind['W8BEN_E'], payouts.core.tax_forms.TaxFormKind['DAC7']])), name='tax_form_kind_known'), models.CheckConstraint(condition=models.Q(models.Q(('is_accepted', True), ('note', '')), models.Q(('is_accepted', False), models.Q(('note', ''), _negated=True)), _connector='OR'), name='rejected_tax_form_says_why'), models.CheckConstraint(condition=models.Q(('is_accepted', False), models.Q(('kind__in', (payouts.core.tax_forms.TaxFormKind['W8BEN'], payouts.core.tax_forms.TaxFormKind['W8BEN_E'])), _negated=True), ('valid_until_on__isnull', False), _connector='OR'), name='accepted_w8_says_until_when'), models.CheckConstraint(condition=models.Q(('valid_until_on__isnull', True), ('valid_until_on__gte', models.F('received_on')), _connector='OR'), name='tax_form_holds_when_received')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='taxformreview',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='c402d1d19b313ce24c7f02041d3d5778c357f22b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_67748', table='payouts_taxformreview', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='taxformreview',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% is append-only: it cannot be truncated.', TG_TABLE_NAME;", hash='1df312e757613aac2321e181701e11cbf4dc4b36', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_8e6e4', table='payouts_taxformreview', when='BEFORE')),
        ),
        migrations.RunSQL(TRIGGERS_NEVER_IGNORED, migrations.RunSQL.noop),
    ]
