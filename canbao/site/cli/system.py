"""`canbao migrate`, `distribute`, `audit`: the database's schema, its shards, and what the auditors say."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from canbao.kernel.regions import NATION, region_code
from canbao.site.start import prepare

Check = Annotated[bool, typer.Option("--check", help="Change nothing; exit with 1 when a model has no migration.")]


def migrate(check: Check = False) -> None:
    """Bring the database to the present schema and grant the application its privileges. Repeatable."""
    prepare(database=not check, migrated=False)
    from canbao.site import migrate as site_migrate

    if check:
        if site_migrate.missing_migrations():
            raise typer.Exit(1)
        return
    site_migrate.migrate(verbosity=1)


def distribute() -> None:
    """Shard the tables by region on Citus; on plain PostgreSQL this does nothing and says so."""
    prepare()
    from canbao.kernel.distribute import distribute as shard

    done = shard()
    if not done:
        typer.echo("This PostgreSQL has no Citus, or every table is distributed already: nothing to do.")
    for line in done:
        typer.echo(line)


Region = Annotated[int | None, typer.Option(help="Audit this region only.", show_default="every region")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the findings as one JSON array, and nothing else.")]


def audit(region: Region = None, as_json: AsJson = False) -> None:
    """Ask every auditor. Exit status 0 when they are silent, 1 with findings, 2 for a region that takes no part."""
    wanted = region_code(region) if region is not None else None
    prepare()
    from canbao.journeys.audit_books import audit_books, auditors
    from canbao.policy import public as policy
    from canbao.site.schedule import regions

    if wanted is not None and wanted != NATION:
        policy.region(wanted)
    asked = [wanted] if wanted is not None else regions()
    findings = [finding for code in asked for finding in audit_books(code)]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    elif findings:
        table = Table("auditor", "region", "subject", "expected", "found", title=f"{len(findings)} findings")
        for found in findings:
            table.add_row(found.auditor, str(found.region_code), found.subject, found.expected, found.found)
        Console().print(table)
    else:
        typer.echo(f"{len(auditors())} auditors, {len(asked)} regions: no findings.")
    if findings:
        raise typer.Exit(1)
