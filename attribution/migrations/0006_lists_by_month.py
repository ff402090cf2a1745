import django.db.models.deletion
from django.db import migrations, models

from marketplace.triggers import TRIGGERS_NEVER_IGNORED

PARTITIONED = """
ALTER TABLE attribution_inspirationlist RENAME TO attribution_inspirationlist_whole;

CREATE TABLE attribution_inspirationlist (
    download_id bigint NOT NULL,
    downloaded_at timestamptz NOT NULL,
    batch_id bigint NOT NULL REFERENCES attribution_attributionbatch DEFERRABLE INITIALLY DEFERRED,
    asset_ids bigint[] NOT NULL,
    contributor_ids bigint[] NOT NULL,
    similarities double precision[] NOT NULL,
    shares_ppm integer[] NOT NULL,
    unattributed_ppm integer NOT NULL,
    CONSTRAINT one_list_per_download PRIMARY KEY (download_id, downloaded_at),
    CONSTRAINT list_has_its_downloads_time FOREIGN KEY (download_id, downloaded_at)
        REFERENCES marketplace_download (id, downloaded_at) DEFERRABLE INITIALLY DEFERRED
) PARTITION BY RANGE (downloaded_at);

CREATE INDEX inspiration_list_batch ON attribution_inspirationlist (batch_id);

CREATE FUNCTION attribution_add_month(month_on date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    partition text := 'attribution_inspirationlist_' || to_char(month_on, 'YYYY_MM');
    starts_at timestamptz := date_trunc('month', month_on::timestamp) AT TIME ZONE 'UTC';
    ends_at timestamptz := (date_trunc('month', month_on::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    refusal text;
BEGIN
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN;
    END IF;
    LOCK TABLE attribution_inspirationlist IN SHARE UPDATE EXCLUSIVE MODE;  -- lets others read and write
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN;  -- another worker made it while this one waited
    END IF;
    -- Attached, not created as a partition: that would wait for every batch under way, and hold up all readers.
    EXECUTE format('CREATE TABLE %I (LIKE attribution_inspirationlist)', partition);
    -- Triggers on rows come with the partition; the one that refuses to empty a table does not.
    SELECT tgfoid::regproc INTO STRICT refusal FROM pg_trigger
        WHERE tgrelid = 'attribution_inspirationlist'::regclass AND tgname LIKE 'pgtrigger_no_truncate%';
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION %s()', partition, refusal);
    EXECUTE format('ALTER TABLE attribution_inspirationlist ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   partition, starts_at, ends_at);
END
$$;
"""

FILLED = """
SELECT attribution_add_month(month_on) FROM (
    SELECT DISTINCT date_trunc('month', d.downloaded_at AT TIME ZONE 'UTC')::date AS month_on
    FROM attribution_inspirationlist_whole AS l JOIN marketplace_download AS d ON d.id = l.download_id
) AS months;

INSERT INTO attribution_inspirationlist
SELECT l.download_id, d.downloaded_at, l.batch_id, l.asset_ids, l.contributor_ids, l.similarities, l.shares_ppm,
       l.unattributed_ppm
FROM attribution_inspirationlist_whole AS l JOIN marketplace_download AS d ON d.id = l.download_id;

INSERT INTO attribution_dailyshare (downloaded_on, contributor_id, download_count, share_ppm)
SELECT (l.downloaded_at AT TIME ZONE 'UTC')::date, share.contributor_id, count(DISTINCT l.download_id), sum(share.ppm)
FROM attribution_inspirationlist AS l
CROSS JOIN LATERAL unnest(l.contributor_ids || NULL::bigint, l.shares_ppm || l.unattributed_ppm)
    AS share(contributor_id, ppm)
WHERE share.ppm > 0 GROUP BY 1, 2;

SET CONSTRAINTS ALL IMMEDIATE;
DROP TABLE attribution_inspirationlist_whole;
"""


def install_triggers(apps, schema_editor):
    """The same triggers as before, on the new table."""
    for trigger in apps.get_model("attribution", "InspirationList")._meta.triggers:
        schema_editor.execute(trigger.install_sql, params=None)


class Migration(migrations.Migration):
    """Inspiration lists move into partitions by month, and are summed by day; attribution can fail for a generation."""

    dependencies = [("attribution", "0005_near_duplicates"), ("marketplace", "0003_download_and_its_time")]
    operations = [
        migrations.AddField(
            model_name="attributionbatch",
            name="failed_count",
            field=models.PositiveIntegerField(
                default=0, help_text="How many did not, since their generation failed."
            ),
        ),
        migrations.AlterField(
            model_name="attributionbatch",
            name="download_count",
            field=models.PositiveIntegerField(help_text="How many got their list."),
        ),
        migrations.CreateModel(
            name="AttributionFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField()),
                ("failed_at", models.DateTimeField()),
                (
                    "encoder",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="attribution.encoder"),
                ),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attribution_failures",
                        to="marketplace.generation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("generation", "encoder"), name="one_attribution_failure_per_encoder"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DailyShare",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("downloaded_on", models.DateField()),
                (
                    "download_count",
                    models.PositiveIntegerField(help_text="Downloads in which they have a share."),
                ),
                (
                    "share_ppm",
                    models.BigIntegerField(help_text="The sum of those shares; one whole download is 1,000,000."),
                ),
                (
                    "contributor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="daily_shares",
                        to="marketplace.contributor",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("contributor", "downloaded_on"), name="one_daily_share", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(PARTITIONED),
                migrations.RunPython(install_triggers),
                migrations.RunSQL(FILLED),
            ],
            state_operations=[
                migrations.RemoveField("inspirationlist", "id"),
                migrations.AddField(
                    "inspirationlist",
                    "downloaded_at",
                    models.DateTimeField(default=None, help_text="The download's own."),
                    preserve_default=False,
                ),
                migrations.AlterField(
                    "inspirationlist",
                    "download",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="inspiration_list",
                        serialize=False,
                        to="marketplace.download",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(TRIGGERS_NEVER_IGNORED, migrations.RunSQL.noop),
    ]
