"""What was kept, moved or found to differ belongs to a statement of its region; packed pieces are not packed again."""

from __future__ import annotations

from django.db import migrations

BELONGS = """
ALTER TABLE {table} ADD CONSTRAINT {table}_statement
FOREIGN KEY (region_code, statement_id) REFERENCES reconciliation_statement (region_code, id) NOT DEFERRABLE
"""
FREED = "ALTER TABLE {table} DROP CONSTRAINT {table}_statement"

TABLES = ("reconciliation_statement_event", "reconciliation_statement_part", "reconciliation_difference")

AS_IT_IS = "ALTER TABLE reconciliation_statement_part ALTER COLUMN packed SET STORAGE EXTERNAL"
AS_BEFORE = "ALTER TABLE reconciliation_statement_part ALTER COLUMN packed SET STORAGE EXTENDED"


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0001_initial")]

    operations = [
        *[migrations.RunSQL(BELONGS.format(table=table), FREED.format(table=table)) for table in TABLES],
        migrations.RunSQL(AS_IT_IS, AS_BEFORE),
    ]
