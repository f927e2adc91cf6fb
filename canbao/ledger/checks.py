"""Auditors of the ledger: the books are what they say, and nobody changed them behind our back.

The chain is recomputed from the rows, so a row that was changed, removed or slipped in is found by its place. Whoever
owns the database could rewrite rows, links, days and snapshots together; against that helps only a day's seal kept
elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from canbao.kernel.findings import FINDINGS_MAX, Auditor, Finding
from canbao.kernel.regions import RegionCode
from canbao.ledger import rules, store
from canbao.ledger.chart import AccountCode, AccountKey, account_id

PAGE = 5000
"""Links read at a time: a region's chain of years is recomputed in steady memory."""


def balances_equal_their_history(region: RegionCode) -> list[Finding]:
    """Every account's last snapshot plus what waits for the chain is all its transfers."""
    return _found("ledger.balances_equal_their_history", region, "find_wrong_balances")


def snapshots_equal_their_past(region: RegionCode) -> list[Finding]:
    """Every snapshot ever taken is the sum of the account's transfers up to its place."""
    return _found("ledger.snapshots_equal_their_past", region, "find_wrong_snapshots")


def transfers_are_bound(region: RegionCode) -> list[Finding]:
    """Every transfer is in the chain or waits for it, and every waiting posting has as many as noted."""
    return _found("ledger.transfers_are_bound", region, "find_unbound_transfers")


def transfers_name_known_accounts(region: RegionCode) -> list[Finding]:
    """Every account that a transfer or a snapshot names is on the books."""
    return _found("ledger.transfers_name_known_accounts", region, "find_unknown_accounts")


def accounts_are_what_their_ids_say(region: RegionCode) -> list[Finding]:
    """An account's id follows from its kind, scheme, channel and due period; a changed one no longer fits."""
    findings: list[Finding] = []
    for row in store.accounts(region):
        key = AccountKey(
            account_code=AccountCode(row.account_code),
            scheme_code=row.scheme_code,
            channel_code=row.channel_code,
            due_from=row.due_from,
        )
        expected = account_id(region, key)
        if expected != row.id:
            findings.append(
                Finding(
                    auditor="ledger.accounts_are_what_their_ids_say",
                    region_code=region,
                    subject=f"account {row.id}",
                    expected=str(expected),
                    found=f"{row.account_code} {row.scheme_code} {row.channel_code} {row.due_from}",
                )
            )
    return findings[:FINDINGS_MAX]


def debits_equal_credits(region: RegionCode) -> list[Finding]:
    """All debits of the region's snapshots are all its credits."""
    sides = store.sides(region)
    if sides.debit_fen == sides.credit_fen:
        return []
    return [
        Finding(
            auditor="ledger.debits_equal_credits",
            region_code=region,
            subject=f"region {region}",
            expected=f"{sides.debit_fen} fen on both sides",
            found=f"{sides.credit_fen} fen of credits",
        )
    ]


def chain_is_intact(region: RegionCode) -> list[Finding]:
    """Every link follows from the one before and from its row, and no place is missing.

    After a broken link the recomputation goes on from what is written, so each break is one finding and not all that
    follow."""
    findings: list[Finding] = []
    before, expected_place = rules.GENESIS, 1
    for row in _chain(region):
        transfer = row.transfer
        if row.place != expected_place:
            findings.append(_broken(region, row, f"place {expected_place}", f"place {row.place}"))
        elif transfer is None:
            findings.append(_broken(region, row, "its transfer", "none: removed"))
        else:
            made = rules.link_hash(before, row.place, row.chained_on, rules.row_bytes(region, transfer))
            if made != row.link_hash:
                findings.append(_broken(region, row, row.link_hash.hex(), made.hex()))
        before, expected_place = row.link_hash, row.place + 1
        if len(findings) >= FINDINGS_MAX:
            break
    return findings


def days_are_what_was_sealed(region: RegionCode) -> list[Finding]:
    """Every sealed day still has the links, the amount and the last hash it was sealed with, and follows from the day
    before.
    """
    findings: list[Finding] = []
    before = rules.GENESIS
    for day in store.days(region):
        sealed = rules.DayInNumbers(
            chained_on=day.chained_on,
            first_place=day.first_place,
            last_place=day.last_place,
            transfer_count=day.transfer_count,
            amount_fen=day.amount_fen,
            last_hash=day.last_hash,
        )
        made = rules.day_hash(before, region, sealed)
        is_same = (day.found_count, day.found_fen, day.found_hash) == (
            day.transfer_count,
            day.amount_fen,
            day.last_hash,
        )
        if made != day.day_hash or not is_same:
            findings.append(
                Finding(
                    auditor="ledger.days_are_what_was_sealed",
                    region_code=region,
                    subject=f"day {day.chained_on}",
                    expected=f"{day.transfer_count} transfers, {day.amount_fen} fen, seal {day.day_hash.hex()}",
                    found=f"{day.found_count} transfers, {day.found_fen} fen, seal {made.hex()}",
                )
            )
        before = day.day_hash
    return findings[:FINDINGS_MAX]


def _chain(region: RegionCode) -> Iterator[store.ChainRow]:
    """Every link in order, page by page."""
    after_place = 0
    while page := store.chain_page(region, after_place=after_place, limit=PAGE):
        yield from page
        after_place = page[-1].place


def _broken(region: RegionCode, row: store.ChainRow, expected: str, found: str) -> Finding:
    return Finding(
        auditor="ledger.chain_is_intact",
        region_code=region,
        subject=f"link {row.place} (transfer {row.transfer_id})",
        expected=expected,
        found=found,
    )


def _found(auditor: str, region: RegionCode, statement: str) -> list[Finding]:
    return [
        Finding(auditor=auditor, region_code=region, subject=row.subject, expected=row.expected, found=row.found)
        for row in store.found(region, statement, limit=FINDINGS_MAX)
    ]


AUDITORS: list[Auditor] = [
    balances_equal_their_history,
    snapshots_equal_their_past,
    transfers_are_bound,
    transfers_name_known_accounts,
    accounts_are_what_their_ids_say,
    debits_equal_credits,
    chain_is_intact,
    days_are_what_was_sealed,
]
