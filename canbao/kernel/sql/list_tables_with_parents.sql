-- National: every table, the first column of its primary key, and the tables that its foreign keys refer to.
-- Reads the catalogue; one row out per table, in order of names.
SELECT
    owned.relname::text AS name,
    COALESCE(
        (
            SELECT attribute.attname::text
            FROM pg_constraint AS key
            JOIN pg_attribute AS attribute ON attribute.attrelid = key.conrelid AND attribute.attnum = key.conkey[1]
            WHERE key.conrelid = owned.oid AND key.contype = 'p'
        ),
        ''
    ) AS first_key_column,
    ARRAY(
        SELECT DISTINCT parent.relname::text
        FROM pg_constraint AS reference
        JOIN pg_class AS parent ON parent.oid = reference.confrelid
        WHERE reference.conrelid = owned.oid AND reference.contype = 'f'
        ORDER BY parent.relname::text
    ) AS parents
FROM pg_class AS owned
JOIN pg_namespace AS schema ON schema.oid = owned.relnamespace
WHERE owned.relkind IN ('r', 'p') AND schema.nspname = 'public'
ORDER BY owned.relname
