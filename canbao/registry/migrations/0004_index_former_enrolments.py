"""The lines in force have an index by person already, so the other one keeps to the former lines."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_bound_on_both_sides")]

    operations = [
        migrations.RemoveIndex(model_name="enrolment", name="registry_enrolment_by_person"),
        migrations.AddIndex(
            model_name="enrolment",
            index=models.Index(
                condition=models.Q(("replaced_at__isnull", False)),
                fields=["region_code", "person_id"],
                name="registry_enrolment_replaced",
            ),
        ),
    ]
