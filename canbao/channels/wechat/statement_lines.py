"""The details of a WeChat statement as our lines: read by header name, and checked against the file's own summary.

Columns may stand in any order; amounts become fen and fees thousandths of a fen by their digits, without arithmetic
on fractions. A statement of a million lines is ordinary, so the loop over the details does each thing once and
remembers prices and seconds. The summary stands at the end of the file: only who reads to the end has read a whole
statement.

Source: WeChat Pay API v3, pages 下载交易账单 and 下载资金账单.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import BinaryIO, Final, NoReturn, cast

from canbao.channels.errors import STATEMENT_COLUMN_MISSING, STATEMENT_UNREADABLE
from canbao.channels.statements import LINE_TEXT_LENGTH_MAX, FundLine, LineKind, LineState, StatementLine
from canbao.channels.wechat.statement_text import (
    REF_LENGTH_MAX,
    REMEMBERED_MAX,
    Amounts,
    Fees,
    Instants,
    Lines,
    check_summary,
    header_of,
    lines_of,
    refuse_width,
    require,
    unescaped,
)
from canbao.kernel.clock import Instant
from canbao.kernel.money import Fen

PAYER_COLUMN: Final = "用户标识"

TRADE_COLUMNS: Final = (
    "交易时间",
    "公众账号ID",
    "商户号",
    "微信订单号",
    "商户订单号",
    PAYER_COLUMN,
    "交易状态",
    "手续费",
    "订单金额",
)
"""What every trade statement must have."""

REFUND_COLUMNS: Final = ("微信退款单号", "商户退款单号", "退款状态", "申请退款金额")
"""What it must have besides, all or none: a statement of payments alone has none of them."""

LINE_COLUMNS: Final = ("交易时间", "微信订单号", "商户订单号", PAYER_COLUMN)
"""What differs from line to line. In the channel's own order they stand in front."""

SORT_COLUMNS: Final = (
    "商户号",
    "公众账号ID",
    "交易状态",
    "退款状态",
    "微信退款单号",
    "商户退款单号",
    "退款成功时间",
    "退款申请时间",
    "手续费",
    "应结订单金额",
    "退款金额",
    "充值券退款金额",
    "订单金额",
    "申请退款金额",
)
"""What payments have in common; the times and the sums of refunds only where the statement has them."""

SUMMED: Final = (
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "订单总金额",
    "申请退款总金额",
    "手续费总金额",
)
"""The summary's sums, in the order of `_Sort.sums`."""

FUND_COLUMNS: Final = (
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "备注",
)
VOUCHER_COLUMN: Final = "业务凭证号"

REFUND_WORDS: Final[Mapping[str, LineState]] = {
    "SUCCESS": LineState.REFUND_SUCCESS,
    "PROCESSING": LineState.REFUND_PROCESSING,
    "FAIL": LineState.REFUND_FAILED,
    # The money could not go back to where it came from and left another way.
    "CHANGE": LineState.REFUND_FAILED,
}
"""A statement's words for a refund; the interface calls the same things otherwise."""

_DIRECTIONS: Final = {"收入": True, "支出": False}


class _UnfrozenLine:
    """A StatementLine while it is being filled. A frozen dataclass sets its fields one by one through `object`, which
    costs more than reading the line did; this has the same slots, so it can turn into one when it is full."""

    __slots__ = tuple(StatementLine.__dataclass_fields__)

    def __init__(
        self,
        line_no: int,
        kind: LineKind,
        happened_at: Instant,
        merchant_ref: str,
        app_ref: str,
        order_no: str,
        trade_ref: str,
        refund_no: str,
        refund_ref: str,
        amount_fen: int,
        fee_milli_fen: int,
        state: LineState,
        text: str,
    ) -> None:
        self.line_no = line_no
        self.kind = kind
        self.happened_at = happened_at
        self.merchant_ref = merchant_ref
        self.app_ref = app_ref
        self.order_no = order_no
        self.trade_ref = trade_ref
        self.refund_no = refund_no
        self.refund_ref = refund_ref
        self.amount_fen = amount_fen
        self.fee_milli_fen = fee_milli_fen
        self.state = state
        self.text = text
        self.__class__ = StatementLine  # type: ignore[assignment]  # the same slots: see above


_line = cast("Callable[..., StatementLine]", _UnfrozenLine)


class _Sort:
    """What lines have in common. A day knows few merchants and prices, so what stands behind a line's own numbers is
    mostly the same text again, and is read once; a refund is a sort of its own."""

    __slots__ = (
        "amount_fen", "app_ref", "count", "fee_milli_fen", "kind", "merchant_ref", "refund_at", "refund_no",
        "refund_ref", "state", "sums",
    )  # fmt: skip

    def __init__(self, texts: Mapping[str, str], amounts: Amounts, fees: Fees, instants: Instants) -> None:
        """`texts` by column. Raises ValueError for a value that cannot be read."""
        sums = [amounts[texts.get(name, "0.00")] for name in SORT_COLUMNS[-5:]]
        self.count = 0
        self.fee_milli_fen = fees[texts["手续费"]]
        self.sums = (*sums, self.fee_milli_fen)
        self.merchant_ref, self.app_ref = _ref(texts["商户号"]), _ref(texts["公众账号ID"])
        self.kind, self.state = _kind_and_state(texts["交易状态"], texts.get("退款状态", ""))
        self.refund_no = self.refund_ref = ""
        self.refund_at: Instant | None = None
        self.amount_fen = sums[3]
        if self.kind is LineKind.REFUND:
            self.refund_no, self.refund_ref = _ref(texts["商户退款单号"]), _ref(texts["微信退款单号"])
            self.amount_fen = sums[4]
            # A statement of refunds alone says when it succeeded, or when it was asked for.
            told_at = texts.get("退款成功时间") or texts.get("退款申请时间")
            self.refund_at = instants[told_at] if told_at else None


class _Sorts(dict[tuple[str, ...], _Sort]):
    """The sorts met so far, by the texts that make them, and the sums of all lines counted on them.

    However many there are, few are remembered. A text that cannot be read is a ValueError, a refund in a statement
    without refunds a KeyError naming the column."""

    def __init__(self, columns: Mapping[str, int], own_count: int) -> None:
        """The first `own_count` columns hold the lines' own numbers; the rest of a line is taken as one text."""
        super().__init__()
        self._rest = [name for name, place in sorted(columns.items(), key=itemgetter(1)) if place >= own_count]
        self._names = [name for name in SORT_COLUMNS if columns.get(name, own_count) < own_count]
        places = [columns[name] for name in self._names]
        self.key_of = itemgetter(*places, own_count) if self._rest else itemgetter(*places)
        self._readers = Amounts(), Fees(), Instants()
        self._count = 0
        self._sums = [0] * len(SUMMED)

    def __missing__(self, texts: tuple[str, ...]) -> _Sort:
        if len(self) > REMEMBERED_MAX:
            self._add_up()
        named = dict(zip(self._names, texts, strict=False))
        if self._rest:
            named.update(zip(self._rest, texts[-1].split(",`"), strict=True))
        sort = self[texts] = _Sort(named, *self._readers)
        return sort

    def _add_up(self) -> None:
        for sort in self.values():
            self._count += sort.count
            for place, amount in enumerate(sort.sums):
                self._sums[place] += amount * sort.count
        self.clear()

    def totals(self) -> dict[str, int]:
        """What the details make, by the summary's names."""
        self._add_up()
        return {"总交易单数": self._count, **dict(zip(SUMMED, self._sums, strict=True))}


def read_trades(source: BinaryIO) -> Iterator[StatementLine]:
    """The lines of a trade statement; see `interface.Connector.read_statement` for what is promised and raised."""
    lines = lines_of(source)
    columns = header_of(lines, TRADE_COLUMNS)
    if any(name in columns for name in REFUND_COLUMNS):
        require(columns, REFUND_COLUMNS, lines)
    places = [columns[name] for name in LINE_COLUMNS]
    own_count, pick, payer_place = max(places) + 1, itemgetter(*places), columns[PAYER_COLUMN]
    part_count = min(own_count + 1, len(columns))
    # In the channel's own order the line's first back-tick stays with the time: a copy of each line less.
    is_time_first = columns["交易时间"] == 0
    instants, sorts = Instants("`" if is_time_first else ""), _Sorts(columns, own_count)
    key_of = sorts.key_of
    header, line_no = None, 1
    for line_no, line in lines:
        parts = line.split(",`", own_count)
        if len(parts) != part_count or line[0] != "`":
            if not line:
                continue
            if line[0] == "`":
                _refuse(line_no, line, lines, columns)
            header = (line_no, line)
            break
        if not is_time_first:
            parts[0] = parts[0][1:]
        at, trade_ref, order_no, payer = pick(parts)
        try:
            happened_at, sort = instants[at], sorts[key_of(parts)]
        except ValueError:
            _refuse(line_no, line, lines, columns)
        except KeyError as absent:
            raise STATEMENT_COLUMN_MISSING(line=1, column=str(absent.args[0])) from None
        if len(order_no) > REF_LENGTH_MAX or len(trade_ref) > REF_LENGTH_MAX:
            _refuse(line_no, line, lines, columns)
        sort.count += 1
        if sort.refund_at is not None:
            happened_at = sort.refund_at
        if payer:
            parts[payer_place] = payer[:3] + "***"
        text = ",`".join(parts) if is_time_first else "`" + ",`".join(parts)
        if len(text) > LINE_TEXT_LENGTH_MAX:
            text = text[:LINE_TEXT_LENGTH_MAX]
        yield _line(
            line_no, sort.kind, happened_at, sort.merchant_ref, sort.app_ref, order_no, trade_ref, sort.refund_no,
            sort.refund_ref, sort.amount_fen, sort.fee_milli_fen, sort.state, text,
        )  # fmt: skip
    check_summary(header, lines, sorts.totals(), last_no=line_no, required=("总交易单数", "订单总金额"))


def read_funds(source: BinaryIO) -> Iterator[FundLine]:
    """The lines of a fund statement; see `interface.Connector.read_statement` for what is promised and raised."""
    lines = lines_of(source)
    columns = header_of(lines, FUND_COLUMNS)
    width, pick = len(columns), _picker(columns, (*FUND_COLUMNS, VOUCHER_COLUMN))
    instants, amounts = Instants(), Amounts()
    sums = {True: 0, False: 0}
    counts = {True: 0, False: 0}
    header, line_no = None, 1
    for line_no, line in lines:
        fields = line[1:].split(",`")
        if len(fields) != width or line[0] != "`":
            if not line:
                continue
            if line[0] == "`":
                _refuse(line_no, line, lines, columns)
            header = (line_no, line)
            break
        fields.append("")
        at, business_ref, flow_ref, business_kind, direction, amount, balance, remark, voucher = pick(fields)
        try:
            happened_at, is_income = instants[at], _DIRECTIONS[direction]
            amount_fen, balance_fen = amounts[amount], _read_balance(balance)
        except (ValueError, KeyError):
            _refuse(line_no, line, lines, columns)
        if max(len(business_ref), len(flow_ref), len(voucher), len(business_kind)) > REF_LENGTH_MAX:
            _refuse(line_no, line, lines, columns)
        counts[is_income] += 1
        sums[is_income] += amount_fen
        yield FundLine(
            line_no=line_no,
            happened_at=happened_at,
            business_ref=business_ref,
            flow_ref=flow_ref,
            business_kind=business_kind,
            is_income=is_income,
            amount_fen=Fen(amount_fen),
            balance_fen=Fen(balance_fen),
            remark=unescaped(remark)[:LINE_TEXT_LENGTH_MAX],
            voucher_ref=voucher,
        )
    counted = {
        "资金流水总笔数": counts[True] + counts[False],
        "收入笔数": counts[True],
        "收入金额": sums[True],
        "支出笔数": counts[False],
        "支出金额": sums[False],
    }
    check_summary(header, lines, counted, last_no=line_no, required=tuple(counted))


def masked_line(head: str, line: str) -> str:
    """A line of a statement for a person's eyes: the payer masked as in `StatementLine.text`. `head` is the file's
    first line; a line of a fund statement names no payer and is answered as it is.
    """
    names = head.removeprefix("\ufeff").split(",")
    fields = line.removeprefix("`").split(",`")
    place = names.index(PAYER_COLUMN) if PAYER_COLUMN in names else len(fields)
    if place >= len(fields) or not fields[place]:
        return line
    fields[place] = fields[place][:3] + "***"
    return "`" + ",`".join(fields)


def _picker(columns: Mapping[str, int], names: tuple[str, ...]) -> Callable[[list[str]], tuple[str, ...]]:
    """Takes the named columns out of a line's fields; an absent one is the field appended behind the last."""
    return itemgetter(*(columns.get(name, len(columns)) for name in names))


def _kind_and_state(word: str, refund_word: str) -> tuple[LineKind, LineState]:
    """What a line is about, by its 交易状态. A payment taken back at the counter is still a payment's line."""
    match word:
        case "SUCCESS":
            return LineKind.PAYMENT, LineState.SUCCESS
        case "REVOKED":
            return LineKind.PAYMENT, LineState.REVOKED
        case "REFUND":
            return LineKind.REFUND, REFUND_WORDS.get(refund_word, LineState.OTHER)
        case _:
            is_refund = refund_word not in ("", "0")
            return (LineKind.REFUND if is_refund else LineKind.PAYMENT), LineState.OTHER


def _refuse(line_no: int, line: str, lines: Lines, columns: Mapping[str, int]) -> NoReturn:
    """Say what is wrong with a detail line: its width, or else the first column that cannot be read."""
    fields = line[1:].split(",`")
    if len(fields) != len(columns):
        refuse_width(line_no, lines, found=len(fields), expected=len(columns))
    for name, place in columns.items():
        reader = _READERS.get(name)
        try:
            if reader is not None:
                reader(fields[place])
        except (ValueError, KeyError):
            raise STATEMENT_UNREADABLE(line=line_no, column=name) from None
    raise STATEMENT_UNREADABLE(line=line_no, column="-")


def _ref(text: str) -> str:
    """A foreign number as it is, or a ValueError when it is longer than any."""
    if len(text) > REF_LENGTH_MAX:
        raise ValueError(text)
    return text


def _read_balance(text: str) -> int:
    """An account's balance may be negative; no other amount of a statement is."""
    amount_fen = Amounts()[text.removeprefix("-")]
    return -amount_fen if text.startswith("-") else amount_fen


def _read_at_or_nothing(text: str) -> Instant | None:
    return Instants()[text] if text else None


_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    **dict.fromkeys((*LINE_COLUMNS, *SORT_COLUMNS[:6], *FUND_COLUMNS, VOUCHER_COLUMN), _ref),
    **dict.fromkeys(("退款成功时间", "退款申请时间"), _read_at_or_nothing),
    **dict.fromkeys((*SORT_COLUMNS[-5:], "收支金额(元)"), lambda text: Amounts()[text]),
    **dict.fromkeys(("交易时间", "记账时间"), lambda text: Instants()[text]),
    **dict.fromkeys(("交易状态", "退款状态", PAYER_COLUMN, "备注"), str),
    "手续费": lambda text: Fees()[text],
    "收支类型": _DIRECTIONS.__getitem__,
    "账户结余(元)": _read_balance,
}
"""How each column is read, to name the one that cannot be."""
