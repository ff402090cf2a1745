"""What a bias report counts: images by what their contributors say of them, and what was attributed and earned.

A label is a contributor's country, gender or region, an image's licence, or one of its keywords, of which each counts
for an equal part. Parts are whole millionths, so that sums are exact.
"""

LABELS = {
    "country": "VALUES (c.country, 1000000::bigint)",
    "gender": "VALUES (COALESCE(d.gender, ''), 1000000::bigint)",
    "region": "VALUES (COALESCE(d.region, ''), 1000000::bigint)",
    "licence": "VALUES (s.licence, 1000000::bigint)",
    "keyword": """SELECT keyword, 1000000::bigint / cardinality(s.keywords) FROM unnest(s.keywords) AS keyword
                  UNION ALL SELECT '', 1000000::bigint WHERE cardinality(s.keywords) = 0""",
}
SELF_DESCRIBED = {"gender", "region"}
"""What contributors say of themselves, if they want to: shown in sums over several people only."""
SHARES = """
    SELECT l.download_id, l.downloaded_at, share.asset_id, share.contributor_id, share.ppm
    FROM attribution_inspirationlist AS l
    JOIN marketplace_download AS d ON d.id = l.download_id
    JOIN marketplace_generation AS g ON g.id = d.generation_id AND g.training_set_id = %(training_set)s
        AND (%(model)s::bigint IS NULL OR g.generator_model_id = %(model)s)
    CROSS JOIN LATERAL unnest(l.asset_ids, l.contributor_ids, l.shares_ppm) AS share(asset_id, contributor_id, ppm)
"""
FIGURES = ("catalogue_ppm", "training_set_ppm", "attributed_ppm", "pool_weight_ppm")
BY_LABEL = f"""
WITH shares AS ({SHARES}),
by_asset AS (
    SELECT asset_id, sum(ppm) AS ppm, sum(ppm * COALESCE(r.gross_minor, 0)) AS weight
    FROM shares LEFT JOIN payouts_revenueevent AS r USING (download_id) GROUP BY 1
)
SELECT own.label,
    sum(own.part), sum(own.part) FILTER (WHERE m.id IS NOT NULL), sum(own.part * b.ppm), sum(own.part * b.weight),
    count(DISTINCT c.id), count(DISTINCT c.id) FILTER (WHERE m.id IS NOT NULL),
    count(DISTINCT c.id) FILTER (WHERE b.ppm > 0), count(DISTINCT c.id) FILTER (WHERE b.weight > 0)
FROM marketplace_asset AS a JOIN marketplace_submission AS s ON s.id = a.submission_id
JOIN marketplace_contributor AS c ON c.id = a.contributor_id
LEFT JOIN marketplace_selfdescription AS d ON d.contributor_id = c.id
LEFT JOIN marketplace_trainingsetmember AS m ON m.asset_id = a.id AND m.training_set_id = %(training_set)s
LEFT JOIN by_asset AS b ON b.asset_id = a.id
CROSS JOIN LATERAL ({{labels}}) AS own(label, part)
GROUP BY 1
"""  # noqa: S608
"""Each label's figures: parts of images, of shares, and of these weighed by gross revenue, as the pools are split; then
over how many contributors each figure is a sum. One query, so that what is taken back meanwhile is in all or none.
"""
BY_MONTH = f"""
WITH shares AS ({SHARES})
SELECT to_char(downloaded_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, contributor_id, sum(ppm)::bigint
FROM shares GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608
CONTRIBUTED = """
SELECT a.contributor_id, count(*)
FROM marketplace_trainingsetmember AS m JOIN marketplace_asset AS a ON a.id = m.asset_id
WHERE m.training_set_id = %(training_set)s GROUP BY 1 ORDER BY 1
"""
EARNED = """
SELECT e.contributor_id, sum(e.amount_micro)::bigint FROM payouts_earning AS e
WHERE e.kind IN ('attribution', 'common_fund') AND e.contributor_id = ANY(%(contributors)s) GROUP BY 1
"""
"""In all closed months and from all models: earnings are kept by month, not by model."""
