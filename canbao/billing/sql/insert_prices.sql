-- Keep the prices of classes that this policy version has not priced yet.
-- Reads nothing. Writes billing_price.
-- Batch: one array per column, identities as one JSON array each; a class that is there already is left as it is.
-- Index: the primary key of billing_price, whose id is derived from version and class.
INSERT INTO billing_price (
    region_code, id, policy_version_id, category_code, age_band, identity_codes, tier,
    total_fen, government_fen, assistance_fen, personal_fen, applied_identity, is_final, steps, recorded_at
)
SELECT
    %(region_code)s, input.id, %(policy_version_id)s::uuid, input.category_code, input.age_band,
    ARRAY(SELECT jsonb_array_elements_text(input.identity_codes)), input.tier,
    input.total_fen, input.government_fen, input.assistance_fen, input.personal_fen, input.applied_identity, input.is_final,
    input.steps, %(now)s
FROM unnest(
    %(ids)s::uuid[], %(category_codes)s::text[], %(age_bands)s::smallint[], %(identity_codes)s::jsonb[], %(tiers)s::text[],
    %(totals_fen)s::bigint[], %(governments_fen)s::bigint[], %(assistances_fen)s::bigint[], %(personals_fen)s::bigint[],
    %(applied_identities)s::text[], %(finals)s::boolean[], %(steps)s::jsonb[]
) AS input (
    id, category_code, age_band, identity_codes, tier, total_fen, government_fen, assistance_fen, personal_fen,
    applied_identity, is_final, steps
)
ON CONFLICT (region_code, id) DO NOTHING
