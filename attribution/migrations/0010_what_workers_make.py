from django.db import migrations

# The one of `preview.py`, whose numbers come from there.
INDEX_ENCODER = """
CREATE FUNCTION attribution_index_encoder(encoder bigint, links int, candidates int) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE INDEX IF NOT EXISTS embedding_hnsw_%s ON attribution_embedding '
                   'USING hnsw (vector halfvec_cosine_ops) WITH (m = %s, ef_construction = %s) WHERE encoder_id = %s',
                   encoder, links, candidates, encoder);
END
$$
"""


class Migration(migrations.Migration):
    """Workers own no table: the partitions and the index that they make are made by functions with the owner's rights."""

    dependencies = [("attribution", "0009_hash_bands")]
    operations = [
        migrations.RunSQL(INDEX_ENCODER, "DROP FUNCTION attribution_index_encoder"),
        migrations.RunSQL(
            "ALTER FUNCTION attribution_add_month(date) SECURITY DEFINER SET search_path = public, pg_temp",
            "ALTER FUNCTION attribution_add_month(date) SECURITY INVOKER RESET search_path",
        ),
    ]
