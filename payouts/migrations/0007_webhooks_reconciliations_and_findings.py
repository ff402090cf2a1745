import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from marketplace.triggers import TRIGGERS_NEVER_IGNORED


class Migration(migrations.Migration):

    dependencies = [
        ('payouts', '0006_pauses_unknown_fates_and_reversals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('sent_unasked', 'sent_unasked'), ('sent_twice', 'sent_twice'), ('transfer_missing', 'transfer_missing'), ('transfer_differs', 'transfer_differs'), ('reversal_differs', 'reversal_differs'), ('ledger_differs', 'ledger_differs'), ('in_transit_differs', 'in_transit_differs'), ('cash_differs', 'cash_differs')], max_length=30)),
                ('subject', models.CharField(help_text='What differs, such as a transfer.', max_length=150)),
                ('found', models.TextField()),
                ('opened_at', models.DateTimeField()),
                ('resolved_at', models.DateTimeField(null=True)),
                ('resolution', models.TextField(blank=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings', to=settings.AUTH_USER_MODEL)),
                ('resolved_by', models.ForeignKey(help_text='Empty where a later reconciliation did not find it any more.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='payouts.payoutrun')),
            ],
        ),
        migrations.CreateModel(
            name='Reconciliation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('transfer_count', models.PositiveIntegerField(help_text='Transfers that Stripe listed.')),
                ('ledger_minor', models.BigIntegerField()),
                ('available_minor', models.BigIntegerField()),
                ('in_flight_minor', models.BigIntegerField()),
                ('reconciled_at', models.DateTimeField()),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reconciliations', to='payouts.payoutrun')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stripe_event_id', models.CharField(max_length=100, unique=True)),
                ('kind', models.CharField(max_length=100)),
                ('stripe_object_id', models.CharField(max_length=100)),
                ('created_at', models.DateTimeField(help_text="Stripe's time.")),
                ('received_at', models.DateTimeField()),
                ('handled_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('handled_at', None)), fields=['id'], name='unhandled_webhook_events')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='webhookevent',
            trigger=pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='254de556c93f7ee13c8f702295337dbe6eda46b3', operation='DELETE', pgid='pgtrigger_never_deleted_65df8', table='payouts_webhookevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.UniqueConstraint(condition=models.Q(('resolved_at', None)), fields=('kind', 'subject'), name='one_open_finding_of_a_thing'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('resolved_at', None), ('resolved_by', None)), models.Q(('resolved_at__isnull', False), models.Q(('resolution', ''), _negated=True)), _connector='OR'), name='resolved_finding_says_how'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='finding',
            trigger=pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='c38a70e6dc8b255b0c2c4f9d7e3b28dc051c0037', operation='DELETE', pgid='pgtrigger_never_deleted_3401a', table='payouts_finding', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='finding',
            trigger=pgtrigger.compiler.Trigger(name='resolved_is_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."resolved_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='cfedee6cc1628b48143a4e363bf8d40ae49f913c', operation='UPDATE', pgid='pgtrigger_resolved_is_final_e05bf', table='payouts_finding', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reconciliation',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='bd486fae9d4fae3a56487aa20ce11c7b875c9090', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_0c47e', table='payouts_reconciliation', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reconciliation',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% is append-only: it cannot be truncated.', TG_TABLE_NAME;", hash='2514eb81f3f48f8ecfdba1e5f3dd7c48b130edb4', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_488eb', table='payouts_reconciliation', when='BEFORE')),
        ),
        migrations.RunSQL(TRIGGERS_NEVER_IGNORED, migrations.RunSQL.noop),
    ]
