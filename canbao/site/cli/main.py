"""`canbao`: the command line, one file per group of commands beside this one."""

from __future__ import annotations

import typer
from typer.core import TyperGroup

from canbao.site.cli import (
    assess,
    bench,
    days,
    demo,
    discrepancies,
    documents,
    keys,
    order,
    policy,
    reconcile,
    refunds,
    register,
    run,
    simulate,
    system,
    treasury,
)
from canbao.site.cli.refusals import told_in_a_sentence


class CanbaoGroup(TyperGroup):
    """Commands whose refusals end in a sentence and a status, never in a traceback."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # typer's own context is click's
        """Run the command."""
        with told_in_a_sentence():
            return super().invoke(ctx)


app = typer.Typer(
    name="canbao",
    cls=CanbaoGroup,
    help="Canbao 参保: a region's social-insurance contributions, from the register to the receipt and the cover.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
app.add_typer(policy.app, name="policy")
app.add_typer(register.app, name="register")
app.add_typer(documents.app, name="voucher")
app.add_typer(keys.app, name="keys")
app.add_typer(refunds.app, name="refunds")
app.add_typer(discrepancies.app, name="discrepancies")
app.add_typer(days.app, name="day")
app.add_typer(treasury.app, name="treasury")
app.command("assess")(assess.assess)
app.command("order")(order.order)
app.command("reconcile")(reconcile.reconcile)
app.command("migrate")(system.migrate)
app.command("distribute")(system.distribute)
app.command("audit")(system.audit)
app.command("serve")(run.serve)
app.command("intake")(run.intake)
app.command("work")(run.work)
app.command("sandbox")(run.sandbox)
app.command("up")(run.up)
app.command("demo")(demo.demo)
app.command("bench")(bench.bench)
app.command("simulate")(simulate.simulate)

if __name__ == "__main__":
    app()
