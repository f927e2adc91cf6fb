-- Make the bills that a page of persons owes; say what was found and what could not simply be made.
-- Reads registry_public_enrolled, registry_public_identity, billing_price, billing_bill. Writes billing_bill.
-- Batch: the persons after one id and up to another, at most so many; one row out, with counts and arrays, and the last person's id.
-- Index: the register's on (region_code, person_id) of enrolments; billing_bill_one_live finds the live bills, billing_bill_cancelled the cancelled ones, of the page.
--
-- The id of a bill is a pure function of its key (rules.bill_id_of says the same in Python), so a second run can make nothing new.
-- Its first half is the person's, so that a page, which comes in the order of persons, fills both indexes from left to right.
WITH person AS MATERIALIZED (
    -- One row per person: the register keeps one enrolment in force per person and scheme.
    SELECT
        enrolled.person_id,
        enrolled.died_on IS NULL
        AND enrolled.born_on < %(year_until)s::date
        AND enrolled.enrolled_from_on < %(year_until)s::date
        AND (enrolled.enrolled_until_on IS NULL OR enrolled.enrolled_until_on > %(enrolled_after)s::date) AS owes,
        enrolled.category_code,
        -- Thresholds come as dates of birth, so that nobody counts years in SQL: a band is how many of them lie on or after the birth.
        (cardinality(%(born_until)s::date[]) - width_bucket(enrolled.born_on - 1, %(born_until)s::date[]))::smallint AS age_band,
        COALESCE(enrolled.tier, '') AS tier,
        enrolled.elsewhere
    FROM registry_public_enrolled AS enrolled
    WHERE enrolled.region_code = %(region_code)s
      AND enrolled.scheme_code = %(scheme_code)s
      AND enrolled.person_id > %(after_person_id)s::uuid
      AND enrolled.person_id <= %(last_person_id)s::uuid
      -- The same bounds once more, for the other side of the view's join: without them every person before the page is read.
      AND enrolled.registered_id > %(after_person_id)s::uuid
      AND enrolled.registered_id <= %(last_person_id)s::uuid
    ORDER BY enrolled.person_id
    LIMIT %(limit)s
),
page AS MATERIALIZED (
    SELECT person.person_id AS until_person_id
    FROM person
    ORDER BY person.person_id DESC
    LIMIT 1
),
identity AS (
    SELECT held.person_id, array_agg(DISTINCT held.identity_code::text ORDER BY held.identity_code::text) AS codes
    FROM registry_public_identity AS held
    WHERE held.region_code = %(region_code)s
      AND held.person_id > %(after_person_id)s::uuid
      AND held.person_id <= (SELECT page.until_person_id FROM page)
      AND held.from_on <= %(assessed_on)s::date
      AND (held.until_on IS NULL OR held.until_on > %(assessed_on)s::date)
    GROUP BY held.person_id
),
cancelled AS (
    SELECT earlier.person_id, max(earlier.generation) AS generation
    FROM billing_bill AS earlier
    WHERE earlier.region_code = %(region_code)s
      AND earlier.person_id > %(after_person_id)s::uuid
      AND earlier.person_id <= (SELECT page.until_person_id FROM page)
      AND NOT earlier.is_live
      AND earlier.scheme_code = %(scheme_code)s
      AND earlier.due_from = %(due_from)s
      AND earlier.due_until = %(due_until)s
      AND earlier.kind = 'normal'
    GROUP BY earlier.person_id
),
bill AS (
    SELECT
        live.id, live.person_id, live.state, live.registered_elsewhere,
        live.total_fen, live.government_fen, live.assistance_fen, live.personal_fen
    FROM billing_bill AS live
    WHERE live.region_code = %(region_code)s
      AND live.person_id > %(after_person_id)s::uuid
      AND live.person_id <= (SELECT page.until_person_id FROM page)
      AND live.scheme_code = %(scheme_code)s
      AND live.due_from = %(due_from)s
      AND live.due_until = %(due_until)s
      AND live.kind = 'normal'
      AND live.is_live
),
price AS (
    SELECT
        known.id, known.category_code, known.age_band, known.identity_codes::text[] AS identity_codes, known.tier,
        known.total_fen, known.government_fen, known.assistance_fen, known.personal_fen
    FROM billing_price AS known
    WHERE known.region_code = %(region_code)s
      AND known.policy_version_id = %(policy_version_id)s::uuid
),
verdict AS MATERIALIZED (
    -- Full joins, because PostgreSQL never runs one as a nested loop: right after a register was imported the planner has no
    -- statistics, takes a page for a single row, and would compare everybody with everybody.
    SELECT
        person.person_id,
        person.category_code,
        person.age_band,
        COALESCE(identity.codes, ARRAY[]::text[]) AS identity_codes,
        person.tier,
        person.elsewhere,
        COALESCE(person.owes, FALSE) AS owes,
        (COALESCE(cancelled.generation, 0) + 1)::smallint AS generation,
        price.id AS price_id,
        price.total_fen,
        price.government_fen,
        price.assistance_fen,
        price.personal_fen,
        bill.id AS bill_id,
        CASE
            WHEN person.person_id IS NULL AND bill.id IS NULL THEN 'nobody'
            WHEN bill.id IS NULL AND NOT person.owes THEN 'not_owed'
            WHEN person.owes AND price.id IS NULL THEN 'unpriced'
            WHEN bill.id IS NULL THEN 'make'
            WHEN person.owes
                 AND bill.registered_elsewhere = person.elsewhere
                 AND bill.total_fen = price.total_fen
                 AND bill.government_fen = price.government_fen
                 AND bill.assistance_fen = price.assistance_fen
                 AND bill.personal_fen = price.personal_fen THEN 'unchanged'
            WHEN bill.state = 'due' THEN 'cancel'
            WHEN bill.state = 'locked' THEN 'left_locked'
            ELSE 'changed_after_payment'
        END AS verdict
    FROM person
    FULL JOIN identity ON identity.person_id = person.person_id
    FULL JOIN cancelled ON cancelled.person_id = person.person_id
    FULL JOIN bill ON bill.person_id = person.person_id
    FULL JOIN price
        ON price.category_code = person.category_code
       AND price.age_band = person.age_band
       AND price.identity_codes = COALESCE(identity.codes, ARRAY[]::text[])
       AND price.tier = person.tier
),
made AS (
    INSERT INTO billing_bill (
        region_code, id, person_id, scheme_code, insured_year, due_from, due_until, kind, generation, state, move_count, price_id,
        total_fen, government_fen, assistance_fen, personal_fen, registered_elsewhere, assessed_on, recorded_at
    )
    SELECT
        %(region_code)s,
        (left(verdict.person_id::text, 19) || '8'
         || left(encode(sha256(uuid_send(verdict.person_id) || %(bill_key)s::bytea || int2send(verdict.generation)), 'hex'), 15))::uuid,
        verdict.person_id,
        %(scheme_code)s,
        %(insured_year)s,
        %(due_from)s,
        %(due_until)s,
        'normal',
        verdict.generation,
        -- Nothing left to pay: the subsidy alone meets the bill. Not where another region may be billing the same person.
        CASE WHEN verdict.personal_fen = 0 AND NOT verdict.elsewhere THEN 'met_by_subsidy' ELSE 'due' END,
        CASE WHEN verdict.personal_fen = 0 AND NOT verdict.elsewhere THEN 1 ELSE 0 END,
        verdict.price_id,
        verdict.total_fen,
        verdict.government_fen,
        verdict.assistance_fen,
        verdict.personal_fen,
        verdict.elsewhere,
        %(assessed_on)s,
        %(now)s
    FROM verdict
    WHERE verdict.verdict = 'make'
    ORDER BY verdict.person_id
    RETURNING id, state, registered_elsewhere
),
class_without_price AS (
    SELECT DISTINCT verdict.category_code, verdict.age_band, verdict.identity_codes, verdict.tier
    FROM verdict
    WHERE verdict.verdict = 'unpriced'
),
outcome AS (
    SELECT
        count(verdict.person_id) AS person_count,
        count(*) FILTER (WHERE verdict.verdict = 'not_owed') AS not_owed_count,
        count(*) FILTER (WHERE verdict.verdict = 'unpriced') AS unpriced_count,
        count(*) FILTER (WHERE verdict.verdict = 'unchanged') AS unchanged_count,
        COALESCE(array_agg(verdict.bill_id) FILTER (WHERE verdict.verdict = 'cancel' AND verdict.owes), '{}') AS replaced_bill_ids,
        COALESCE(array_agg(verdict.bill_id) FILTER (WHERE verdict.verdict = 'cancel' AND NOT verdict.owes), '{}') AS voided_bill_ids,
        COALESCE(array_agg(verdict.bill_id) FILTER (WHERE verdict.verdict = 'left_locked'), '{}') AS left_locked_bill_ids,
        COALESCE(array_agg(verdict.bill_id) FILTER (WHERE verdict.verdict = 'changed_after_payment'), '{}') AS changed_after_payment_bill_ids
    FROM verdict
)
SELECT
    (SELECT page.until_person_id FROM page) AS until_person_id,
    outcome.*,
    (SELECT count(*) FROM made) AS made_count,
    (SELECT count(*) FROM made WHERE made.registered_elsewhere) AS elsewhere_count,
    (SELECT COALESCE(array_agg(made.id), '{}') FROM made WHERE made.state = 'met_by_subsidy') AS met_bill_ids,
    (SELECT COALESCE(jsonb_agg(to_jsonb(class_without_price)), '[]'::jsonb) FROM class_without_price) AS unpriced_classes
FROM outcome
