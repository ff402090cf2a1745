import django.db.models.deletion
import payouts.core.states
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from marketplace.triggers import TRIGGERS_NEVER_IGNORED


class Migration(migrations.Migration):

    dependencies = [
        ('payouts', '0005_money_back_holds_and_deals'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reversal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stripe_reversal_id', models.CharField(max_length=100, unique=True)),
                ('amount_minor', models.BigIntegerField()),
                ('created_at', models.DateTimeField(help_text="Stripe's time.")),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='payout',
            name='payout_only_moves_forward',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='payoutrun',
            name='run_only_moves_forward',
        ),
        migrations.AddField(
            model_name='attempt',
            name='unknown_since_at',
            field=models.DateTimeField(help_text='When Stripe first listed no transfer of it.', null=True),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='outcome',
            field=models.CharField(choices=[('pending', 'pending'), ('unknown', 'unknown'), ('succeeded', 'succeeded'), ('rejected', 'rejected')], default=payouts.core.states.AttemptOutcome['PENDING'], max_length=10),
        ),
        migrations.AlterField(
            model_name='payout',
            name='state',
            field=models.CharField(choices=[('drafted', 'drafted'), ('excluded', 'excluded'), ('reserved', 'reserved'), ('sent', 'sent'), ('reversed', 'reversed'), ('rejected', 'rejected')], max_length=10),
        ),
        migrations.AlterField(
            model_name='payoutrun',
            name='state',
            field=models.CharField(choices=[('draft', 'draft'), ('approved', 'approved'), ('sending', 'sending'), ('paused', 'paused'), ('settled', 'settled'), ('cancelled', 'cancelled')], default=payouts.core.states.RunState['DRAFT'], max_length=10),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='attempt',
            trigger=pgtrigger.compiler.Trigger(name='outcome_is_final', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."outcome", \':\', NEW."outcome") = ANY(\'{pending:rejected,pending:succeeded,pending:unknown,unknown:rejected,unknown:succeeded}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."outcome" IS DISTINCT FROM NEW."outcome") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "outcome" from "%" to "%" on table %\', OLD."outcome", NEW."outcome", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='c195a9a820c57e70e767c1c194ea9f0775422570', operation='UPDATE', pgid='pgtrigger_outcome_is_final_1afd6', table='payouts_attempt', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='payout',
            trigger=pgtrigger.compiler.Trigger(name='payout_only_moves_forward', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{drafted:rejected,drafted:reserved,reserved:rejected,reserved:sent,sent:reversed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='c91897f5af6770b9b88c1e08b7707991e5b2f890', operation='UPDATE', pgid='pgtrigger_payout_only_moves_forward_5b95e', table='payouts_payout', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='payoutrun',
            trigger=pgtrigger.compiler.Trigger(name='run_only_moves_forward', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{draft:approved,draft:cancelled,approved:sending,sending:paused,sending:settled,paused:sending}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='d02d73bb9a14ebad32f41ac55c0f9a55d651bfaf', operation='UPDATE', pgid='pgtrigger_run_only_moves_forward_e1b28', table='payouts_payoutrun', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', payouts.core.states.AttemptOutcome['UNKNOWN']), _negated=True), ('unknown_since_at__isnull', False), _connector='OR'), name='unknown_attempt_says_since_when'),
        ),
        migrations.AddField(
            model_name='reversal',
            name='transfer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='payouts.transfer'),
        ),
        migrations.AddConstraint(
            model_name='reversal',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='reversal_brings_something_back'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reversal',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='670bbf3e0ed359f09fcc014ab2a1760c4f746f9c', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_84fb6', table='payouts_reversal', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reversal',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% is append-only: it cannot be truncated.', TG_TABLE_NAME;", hash='c01d1865087f9a0b913569d5a066acacca44db91', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_44a3a', table='payouts_reversal', when='BEFORE')),
        ),
        migrations.RunSQL(TRIGGERS_NEVER_IGNORED, migrations.RunSQL.noop),
    ]
