-- National, Citus only: the tables that have their place already. Reads Citus's own catalogue; one row out per table.
SELECT placed.logicalrelid::regclass::text AS name
FROM pg_dist_partition AS placed
ORDER BY name
