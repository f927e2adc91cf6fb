"""The ledger's tables: accounts, transfers, and what is made of them afterwards (links, days, balances).

Transfers are written in the hot path and touch nothing else: no balance row that everybody would wait for, and no
foreign key to the account, whose every check would lock the one clearing account of the region. What a foreign key
would say, an auditor says. The one table that loses rows is the list of postings not yet chained."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from canbao.ledger.chart import AccountCode
from canbao.ledger.postings import TransferKind

APPEND_ONLY: tuple[str, ...] = (
    "ledger_account",
    "ledger_transfer",
    "ledger_link",
    "ledger_day",
    "ledger_balance",
)


class Account(models.Model):
    """An account; made when it is first posted to. Its id follows from its other columns."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    account_code = models.CharField(max_length=30)
    scheme_code = models.CharField(max_length=8)
    channel_code = models.CharField(max_length=16)
    due_from = models.IntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "ledger"
        db_table = "ledger_account"
        constraints = (
            models.UniqueConstraint(
                fields=("region_code", "account_code", "scheme_code", "channel_code", "due_from"),
                name="ledger_account_one_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(account_code__in=[str(code) for code in AccountCode]), name="ledger_account_in_chart"
            ),
        )


class Transfer(models.Model):
    """One movement of money between two accounts: both sides in one row, so that the books always balance."""

    pk = models.CompositePrimaryKey("region_code", "id")
    region_code = models.IntegerField()
    id = models.UUIDField()
    # The call of `post` that wrote the row: what is chained is taken by postings, in the order in which they were made.
    posting_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    debit_account_id = models.UUIDField()
    credit_account_id = models.UUIDField()
    amount_fen = models.BigIntegerField()
    order_id = models.UUIDField(null=True)
    bill_id = models.UUIDField(null=True)
    capture_id = models.UUIDField(null=True)
    # The refund or the treasury booking that moved the money, where one did.
    cause_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=60)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "ledger"
        db_table = "ledger_transfer"
        constraints = (
            models.CheckConstraint(condition=Q(amount_fen__gte=1), name="ledger_transfer_amount_positive"),
            models.CheckConstraint(
                condition=~Q(debit_account_id=F("credit_account_id")), name="ledger_transfer_two_accounts"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[str(kind) for kind in TransferKind]), name="ledger_transfer_kind_known"
            ),
        )
        indexes = (
            models.Index(fields=("region_code", "posting_id"), name="ledger_transfer_of_posting"),
            models.Index(
                fields=("region_code", "order_id"),
                name="ledger_transfer_of_order",
                condition=Q(order_id__isnull=False),
            ),
        )


class Unsealed(models.Model):
    """A posting whose transfers are not in the chain yet; the row goes when they are."""

    pk = models.CompositePrimaryKey("region_code", "posting_id")
    region_code = models.IntegerField()
    posting_id = models.UUIDField()
    transfer_count = models.IntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "ledger"
        db_table = "ledger_unsealed"
        constraints = (models.CheckConstraint(condition=Q(transfer_count__gte=1), name="ledger_unsealed_not_empty"),)


class Link(models.Model):
    """A transfer's place in the region's chain, and the SM3 hash over the one before and the transfer's own row."""

    pk = models.CompositePrimaryKey("region_code", "place")
    region_code = models.IntegerField()
    place = models.BigIntegerField()
    transfer_id = models.UUIDField()
    chained_on = models.DateField()
    link_hash = models.BinaryField()

    class Meta:
        app_label = "ledger"
        db_table = "ledger_link"
        constraints = (
            models.UniqueConstraint(fields=("region_code", "transfer_id"), name="ledger_link_once"),
            models.CheckConstraint(condition=Q(place__gte=1), name="ledger_link_place_positive"),
        )


class Day(models.Model):
    """The seal of a day's links: what an operator prints or deposits elsewhere, so that the chain cannot be rewritten
    whole.
    """

    pk = models.CompositePrimaryKey("region_code", "chained_on")
    region_code = models.IntegerField()
    chained_on = models.DateField()
    first_place = models.BigIntegerField()
    last_place = models.BigIntegerField()
    transfer_count = models.BigIntegerField()
    amount_fen = models.BigIntegerField()
    last_hash = models.BinaryField()
    day_hash = models.BinaryField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "ledger"
        db_table = "ledger_day"
        constraints = (
            models.CheckConstraint(
                condition=Q(transfer_count=F("last_place") - F("first_place") + 1), name="ledger_day_counts_its_links"
            ),
        )


class Balance(models.Model):
    """An account's two sums up to a place in the chain: appended at each sealing, never changed."""

    pk = models.CompositePrimaryKey("region_code", "account_id", "through_place")
    region_code = models.IntegerField()
    account_id = models.UUIDField()
    through_place = models.BigIntegerField()
    debit_fen = models.BigIntegerField()
    credit_fen = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "ledger"
        db_table = "ledger_balance"
        constraints = (
            models.CheckConstraint(
                condition=Q(debit_fen__gte=0, credit_fen__gte=0), name="ledger_balance_not_negative"
            ),
        )
