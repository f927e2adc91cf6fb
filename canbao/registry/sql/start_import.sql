-- A run of an import begins.
-- Writes registry_import: one row.
INSERT INTO registry_import (
    region_code, id, file_digest, file_kind, encoding, new_count, changed_count, unchanged_count, refused_count,
    started_at, finished_at)
VALUES (%(region_code)s, %(id)s, %(file_digest)s, %(file_kind)s, %(encoding)s, 0, 0, 0, 0, %(now)s, NULL)
