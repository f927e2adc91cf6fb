-- What a batch of an import came to, added to the run in the batch's own transaction.
-- Writes registry_import by its primary key: one row.
UPDATE registry_import
SET new_count = new_count + %(new_count)s,
    changed_count = changed_count + %(changed_count)s,
    unchanged_count = unchanged_count + %(unchanged_count)s,
    refused_count = refused_count + %(refused_count)s,
    finished_at = %(finished_at)s
WHERE region_code = %(region_code)s AND id = %(id)s
