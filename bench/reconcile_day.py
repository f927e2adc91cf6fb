"""A day's statement: kept byte for byte, read, loaded, and every line of it given its verdict.

The floor reads the same file with the same reader and throws its lines away, then joins the lines that ours wrote with
the captures they name, once, by hashing in memory: it keeps nothing, writes nothing and judges nothing.

One line in a thousand tells of another amount, one of a payment we know nothing of, and one of our captures is told of
by none. Peak memory is this process's own while the journey runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from bench.figure import Measured, Round, measured
from bench.ground import DURABLE, NANCHANG, SQL, BenchFailed, Cluster, Ground, ground
from bench.memory import forget_peak, peak_mib
from bench.merchant import open_merchant
from canbao.channels import catalogue
from canbao.channels.interface import ChannelCode, StatementKind
from canbao.journeys.publish_policy import publish_policy
from canbao.journeys.reconcile_day import DayRun, reconcile_day
from canbao.kernel.clock import BEIJING, start_of_day
from canbao.kernel.connections import owner_connection
from canbao.policy import public as policy
from canbao.reconciliation.public import Verdict

ROUNDS = 3
DAY = date(2024, 11, 14)
ODD_EVERY = 1_000
"""One line in so many has another amount, one names nothing of ours, and one of our captures is left out."""

WRITTEN = (
    "reconciliation_statement_event",
    "reconciliation_statement_part",
    "reconciliation_difference",
    "reconciliation_statement",
    "reconciliation_line",
    "reconciliation_discrepancy_event",
    "reconciliation_discrepancy",
)
HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n"
)
SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n"


def run(size: int, cluster: Cluster = DURABLE) -> Measured:
    """Compare a statement of `size` lines with as many captures; several times, each from nothing."""
    with ground("reconcile_day", cluster) as found:
        open_merchant(found)
        publish_policy([policy.VALUES / str(NANCHANG) / "2025.yaml"], by="bench", clock=found.clock)
        found.execute("fill_captures", count=size, day_from=start_of_day(DAY))
        found.settle_down("payments_capture")
        path = write_statement(found, size)
        peaks: list[float] = []
        rounds = [_round(found, path, size, peaks) for _ in range(ROUNDS)]
        return measured(size, rounds, peak_mib=max(peaks))


def _round(ground: Ground, path: Path, size: int, peaks: list[float]) -> Round:
    ground.empty(*WRITTEN)
    ground.settle_down(*WRITTEN)
    forget_peak()
    cpu_before, before = ground.cpu_seconds(), time.perf_counter()
    done = reconcile_day(NANCHANG, ChannelCode.WECHAT, DAY, clock=ground.clock, file=path)
    seconds, cpu_seconds = time.perf_counter() - before, ground.cpu_seconds() - cpu_before
    peaks.append(peak_mib())
    _refuse_another_outcome(done, size)
    return Round(item_count=size, seconds=seconds, floor_seconds=_floor(ground, path, size), cpu_seconds=cpu_seconds)


def _refuse_another_outcome(done: DayRun, size: int) -> None:
    odd = size // ODD_EVERY
    assert done.trades is not None, "a trade statement was given"
    counted = {item.verdict: item.count for item in done.trades.counts}
    wanted = {
        Verdict.MATCHED: size - 2 * odd, Verdict.AMOUNT_DIFFERS: odd, Verdict.ONLY_THEIRS: odd,
        Verdict.ONLY_OURS_SETTLED: odd,
    }  # fmt: skip
    if counted != {verdict: count for verdict, count in wanted.items() if count}:
        message = f"{size} lines were judged {counted}"
        raise BenchFailed(message)


def _floor(ground: Ground, path: Path, size: int) -> float:
    """Read the file and join once; answers the seconds."""
    connector = catalogue.connector(ChannelCode.WECHAT)
    ground.settle_down("reconciliation_line")
    join = (SQL / "join_captures_and_lines.sql").read_text(encoding="utf-8")
    with owner_connection() as session:
        session.execute("SET work_mem = '192MB'")
        session.execute("SET enable_nestloop = off")
        session.execute("SET enable_mergejoin = off")
        before = time.perf_counter()
        with path.open("rb") as file:
            read = sum(1 for _ in connector.read_statement(StatementKind.TRADES, file))
        joined = session.execute(join, {"region_code": int(NANCHANG)}).fetchone()
        seconds = time.perf_counter() - before
    odd = size // ODD_EVERY
    if read != size or joined is None or joined[0] != size - odd:
        message = f"the floor read {read} lines of {size} and joined {joined}"
        raise BenchFailed(message)
    return seconds


def write_statement(ground: Ground, size: int) -> Path:
    """The statement of the day, as the channel writes it, of what was captured."""
    path = ground.folder / "trades.csv"
    account = catalogue.connector(ChannelCode.WECHAT).account
    whose = f"`{account.app_ref},`{account.merchant_ref},`0,`"
    total = count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for place, (happened_at, trade_ref, order_no, amount_fen) in enumerate(_captures(), start=1):
            told_fen, odd = amount_fen, place % ODD_EVERY if place <= size // ODD_EVERY * ODD_EVERY else 0
            if odd == 1:
                told_fen += 1
            elif odd == 2:
                trade_ref, order_no = f"9{trade_ref[1:]}", f"nobody{place}"
            at = happened_at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
            fen, fee = f"{told_fen // 100}.{told_fen % 100:02d}", "2.40000"
            file.write(
                f"`{at},{whose},`{trade_ref},`{order_no},`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`MWEB,`SUCCESS,`OTHERS,`CNY,`{fen},"
                f"`0.00,`0,`0,`0.00,`0.00,`,`,`城乡居民基本医疗保险费\\ 2025年度,`,`{fee},`0.60%,`{fen},`0.00,`\n"
            )
            total += told_fen
            count += 1
        sum_yuan = f"{total // 100}.{total % 100:02d}"
        fees = f"{count * 240 // 100}.{count * 240 % 100:02d}000"
        file.write(f"{SUMMARY}`{count},`{sum_yuan},`0.00,`0.00,`{fees},`{sum_yuan},`0.00\n")
    if count != size:
        message = f"{size} lines were to be written, and {count} were"
        raise BenchFailed(message)
    return path


def _captures() -> Iterator[tuple[datetime, str, str, int]]:
    """What was captured, in the order of time."""
    with owner_connection() as session, session.transaction(), session.cursor(name="captures") as cursor:
        cursor.itersize = 20_000
        cursor.execute(
            "SELECT happened_at, trade_ref, order_no, amount_fen FROM payments_capture ORDER BY happened_at, trade_ref"
        )
        yield from cursor
