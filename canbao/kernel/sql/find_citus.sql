-- National: whether this database can shard. Reads the catalogue of extensions. One row out, or none.
SELECT installed.extversion AS version
FROM pg_extension AS installed
WHERE installed.extname = 'citus'
