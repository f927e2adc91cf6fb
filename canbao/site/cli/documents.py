"""`canbao voucher`: check a PDF in one's hand, or take a kept voucher out again.

`verify` asks three things and names each: is the signature unbroken and ours, is the number known and not voided,
and are these the very bytes that were issued. Exit status 0 means all three, 1 that one of them fails, 2 that the
question could not be asked.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from canbao.kernel.errors import CanbaoError
from canbao.kernel.ids import group_no
from canbao.kernel.money import format_yuan
from canbao.site.start import prepare

if TYPE_CHECKING:
    from canbao.documents.public import PaperCheck

app = typer.Typer(help="Check vouchers, and take kept ones out again.", no_args_is_help=True)

FILE_SIZE_MAX = 10 * 1024 * 1024
"""A voucher has about 100 KB; what is beyond ten megabytes is none."""

_SEAL_WORDS = {
    "intact": "unbroken, and ours",
    "altered": "broken: the file was changed after it was signed",
    "not_ours": "unbroken, but by another signer",
    "unsigned": "missing",
    "not_a_pdf": "missing: this is not a PDF",
}
_STATE_WORDS = {
    "genuine": "known and valid",
    "voided": "known, but voided after a refund",
    "unknown": "unknown: no such voucher was issued",
}


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The PDF to check.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Check a voucher's PDF: signature, number and bytes."""
    document = _read(file)
    prepare()
    from canbao.documents import public as documents

    try:
        check = documents.check_paper(document)
    except CanbaoError as refused:
        _stop(str(refused))
    if as_json:
        told = {
            "voucher_no": check.verdict.voucher_no,
            "signature": check.seal.state,
            "signer": check.seal.signer_name,
            "state": check.verdict.state,
            "is_same_bytes": check.is_same_bytes,
            "is_good": check.is_good,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print(check)
    raise typer.Exit(0 if check.is_good else 1)


@app.command()
def show(
    number: Annotated[str, typer.Argument(help="The voucher number, with or without blanks.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write; an existing one is left alone.")],
) -> None:
    """Write a kept voucher to a file, byte for byte as it was issued."""
    if out.exists():
        _stop(f"{out} exists already and was left alone; name another file")
    prepare()
    from canbao.documents import public as documents

    try:
        voucher = documents.voucher_by_no(number)
        with open(out, "xb", opener=_private) as kept:
            kept.write(voucher.pdf)
    except CanbaoError as refused:
        _stop(str(refused))
    except OSError as refused:
        _stop(f"{out} could not be written: {refused.strerror}")
    typer.echo(f"{group_no(voucher.voucher_no)} ({voucher.state}) → {out}, {len(voucher.pdf)} bytes")


def _private(path: str, flags: int) -> int:
    """A voucher bears a name in full: whoever takes it out alone may read it."""
    return os.open(path, flags, 0o600)


def _print(check: PaperCheck) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("Signature", _SEAL_WORDS[check.seal.state])
    table.add_row("Number", _STATE_WORDS[check.verdict.state])
    table.add_row("Bytes", "as issued" if check.is_same_bytes else "not those that were issued")
    if check.verdict.voucher_no:
        table.add_row("Voucher", group_no(check.verdict.voucher_no))
        table.add_row("Amount", f"¥{format_yuan(check.verdict.total_fen)} for {len(check.verdict.lines)}")
        table.add_row("Issued", str(check.verdict.issued_on))
    console = Console()
    console.print(table)
    console.print("[bold]Good[/bold]" if check.is_good else "[bold]Do not trust this paper[/bold]")


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > FILE_SIZE_MAX:
            _stop(f"{file} is larger than 10 MB, so it is no voucher")
        return file.read_bytes()
    except OSError as unreadable:
        _stop(f"{file} could not be read: {unreadable.strerror}")


def _stop(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
