"""Vouchers, their papers and their moves."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="VoucherMove",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code",
                        "voucher_id",
                        "move_no",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("voucher_id", models.UUIDField()),
                ("move_no", models.SmallIntegerField()),
                ("event", models.CharField(max_length=10)),
                ("state_from", models.CharField(max_length=10)),
                ("state_to", models.CharField(max_length=10)),
                ("happened_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "documents_voucher_history",
            },
        ),
        migrations.CreateModel(
            name="Voucher",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("voucher_no", models.CharField(max_length=18)),
                ("subject_kind", models.CharField(max_length=10)),
                ("subject_id", models.UUIDField()),
                ("state", models.CharField(max_length=10)),
                ("sealed", models.BinaryField()),
                ("sealed_key", models.SmallIntegerField()),
                ("pdf_sm3", models.BinaryField()),
                ("issued_at", models.DateTimeField()),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.CharField(default="", max_length=20)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "documents_voucher",
                "indexes": [models.Index(fields=["region_code", "sealed_key", "id"], name="documents_voucher_by_key")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("region_code", "subject_id"), name="documents_voucher_one_per_subject"
                    ),
                    models.UniqueConstraint(fields=("region_code", "voucher_no"), name="documents_voucher_one_per_no"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["issued", "voided"])), name="documents_voucher_state"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("subject_kind__in", ["order", "bill"])),
                        name="documents_voucher_subject_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "issued"), ("void_reason", ""), ("voided_at__isnull", True)),
                            models.Q(
                                ("state", "voided"), ("void_reason__in", ["refunded"]), ("voided_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="documents_voucher_voided_with_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoucherPdf",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "region_code", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("region_code", models.IntegerField()),
                ("id", models.UUIDField()),
                ("sealed", models.BinaryField()),
                ("sealed_key", models.SmallIntegerField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "documents_voucher_pdf",
                "indexes": [
                    models.Index(fields=["region_code", "sealed_key", "id"], name="documents_voucher_pdf_by_key")
                ],
            },
        ),
    ]
