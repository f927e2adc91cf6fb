"""`canbao policy`: check, publish, list and explain parameter files, and run the worked cases.

Exit status: 0 done; 1 the file or a case is wrong, with every finding printed; 2 the command could not be understood
or refused to act, with a sentence that says why. Nothing is published by a command that ends with 1 or 2.
"""

from __future__ import annotations

import getpass
import json
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from canbao.journeys.publish_policy import publish_policy, text_of
from canbao.kernel.environment import process_clock
from canbao.kernel.errors import ALL_CODES, CanbaoError
from canbao.kernel.regions import region_code
from canbao.policy import public as policy
from canbao.rulebook.identities import NAMES_ZH, IdentityCode
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.reading import ParameterFinding, find_in, read_region_year
from canbao.rulebook.refund import refund_rules
from canbao.rulebook.worked_cases import read_cases, run_case
from canbao.site.cli.policy_explanation import Explanation, Question, explain, print_explanation
from canbao.site.cli.policy_refunds import print_refund_rules, refund_document
from canbao.site.start import prepare

app = typer.Typer(no_args_is_help=True, help="Values in force: check, publish, list, explain.")

CASES = policy.VALUES.parents[1] / "rulebook" / "cases"
"""The worked cases that come with the platform, with the sample areas they use."""


class Language(StrEnum):
    """The two source languages of every sentence."""

    ZH = "zh"
    EN = "en"


Lang = Annotated[Language, typer.Option("--lang", help="Language of the answer: zh or en.")]
Files = Annotated[list[Path], typer.Argument(help="Parameter files (YAML).", show_default=False)]


@app.command()
def check(files: Files) -> None:
    """Judge parameter files and print every finding with file, line, key and reason. Exit status 1 where there is
    one.
    """
    findings: list[ParameterFinding] = []
    for file in files:
        try:
            parameters, found = find_in(text_of(file), file=str(file))
        except CanbaoError as refusal:
            _refuse(refusal, Language.EN)
        findings += found
        if parameters is not None:
            _out().print(escape(_summary(file, parameters)), highlight=False)
    if findings:
        _print_findings(findings)
        raise typer.Exit(1)


@app.command()
def publish(
    files: Annotated[list[Path] | None, typer.Argument(help="Parameter files (YAML).", show_default=False)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Publish every file that comes with Canbao.")] = False,
    by: Annotated[str, typer.Option("--by", help="Who publishes; your login name unless given.")] = "",
    lang: Lang = Language.EN,
) -> None:
    """Publish parameter files, all or none. The same values again change nothing."""
    if everything == bool(files):
        _refuse_words("Give the files to publish, or --all for those that come with Canbao; not both.")
    chosen = policy.shipped_files() if everything else files or []
    try:
        prepare()
        published = publish_policy(chosen, by=by or getpass.getuser(), clock=process_clock())
    except CanbaoError as refusal:
        _refuse(refusal, lang)
    table = _table("Region", "Scheme", "Insured year", "Version", "", "Digest")
    for one in published:
        parameters = one.parameters
        told = "published" if one.is_new else "unchanged"
        place = f"{parameters.region_code} {parameters.region.name.zh}"
        table.add_row(
            place, parameters.scheme_code, str(parameters.insured_year), str(one.version_no), told, one.digest[:12]
        )
    _out().print(table)


@app.command(name="list")
def list_versions(
    *, as_json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout.")] = False
) -> None:
    """Every version ever published, with its publisher and time."""
    try:
        prepare()
        versions = policy.versions()
    except CanbaoError as refusal:
        _refuse(refusal, Language.EN)
    if as_json:
        rows = [
            {
                "region_code": int(one.region_code),
                "scheme_code": one.scheme_code,
                "insured_year": one.insured_year,
                "version_no": one.version_no,
                "version_id": str(one.version_id),
                "digest": one.digest,
                "published_by": one.published_by,
                "published_at": one.published_at.isoformat(),
            }
            for one in versions
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = _table("Region", "Scheme", "Insured year", "Version", "Digest", "By", "At (UTC)")
    for one in versions:
        at = f"{one.published_at:%Y-%m-%d %H:%M}"
        row = (
            one.region_code,
            one.scheme_code,
            one.insured_year,
            one.version_no,
            one.digest[:12],
            one.published_by,
            at,
        )
        table.add_row(*(escape(str(cell)) for cell in row))
    _out().print(
        table if versions else "No policy is published yet. canbao policy publish --all publishes those shipped."
    )


@app.command(name="explain")
def explain_amount(
    *,
    region: Annotated[str, typer.Option(help="Region code, for example 360100.")],
    year: Annotated[int, typer.Option(help="Insured year, for example 2025.", min=2000, max=2999)],
    born: Annotated[str, typer.Option(help="Date of birth, YYYY-MM-DD.")],
    category: Annotated[str, typer.Option(help="Person category code, for example 1501.")] = "1501",
    scheme: Annotated[str, typer.Option(help="Scheme code.")] = policy.RESIDENT_MEDICAL,
    identity: Annotated[list[str] | None, typer.Option(help="Special identity; may be given several times.")] = None,
    tier: Annotated[str | None, typer.Option(help="Tier, where the region has tiers.")] = None,
    on: Annotated[str | None, typer.Option(help="Day of payment, YYYY-MM-DD; today unless given.")] = None,
    lapsed: Annotated[int, typer.Option(help="Full insured years without cover before this one.", min=0, max=100)] = 0,
    repaired: Annotated[int, typer.Option(help="How many of them were paid for afterwards.", min=0, max=100)] = 0,
    exempt: Annotated[
        str | None, typer.Option(help="Group that does not wait, as the parameter file names it.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Explain by this file instead of what is published.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    lang: Lang = Language.ZH,
) -> None:
    """What a person owes and why, whether it can be paid on a day, and the cover that follows; each step with its
    source.
    """
    try:
        question = Question(
            born_on=_day(born, "--born"),
            category_code=category,
            identity_codes=_identities(identity or []),
            tier=tier,
            on=_day(on, "--on") if on else process_clock().today(),
            lapsed_years=lapsed,
            repaired_years=repaired,
            exempt_group=exempt,
        )
        parameters, version = _values(region, scheme, year, file)
        _refuse_a_tier_nobody_has(tier, parameters)
        explanation: Explanation = explain(parameters, question, version=version)
    except CanbaoError as refusal:
        _refuse(refusal, lang)
    if as_json:
        typer.echo(json.dumps(explanation.document(), ensure_ascii=False))
    else:
        print_explanation(explanation, lang.value, _out())


@app.command()
def refunds(
    *,
    region: Annotated[str, typer.Option(help="Region code, for example 360100.")],
    year: Annotated[int, typer.Option(help="Insured year, for example 2025.", min=2000, max=2999)],
    scheme: Annotated[str, typer.Option(help="Scheme code.")] = policy.RESIDENT_MEDICAL,
    file: Annotated[Path | None, typer.Option(help="Show this file's instead of what is published.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    lang: Lang = Language.ZH,
) -> None:
    """Which refunds a region allows, until when and by when, each rule with its source."""
    try:
        parameters, _ = _values(region, scheme, year, file)
    except CanbaoError as refusal:
        _refuse(refusal, lang)
    if as_json:
        typer.echo(json.dumps(refund_document(parameters, refund_rules(parameters)), ensure_ascii=False))
    else:
        print_refund_rules(parameters, refund_rules(parameters), lang.value, _out())


@app.command()
def cases(
    files: Annotated[list[Path] | None, typer.Argument(help="Case files; those shipped unless given.")] = None,
) -> None:
    """Run worked cases and print every difference. Exit status 1 where there is one."""
    count, differences = 0, []
    try:
        for file in files or sorted(CASES.glob("*.yaml")):
            for case in read_cases(text_of(file), file=file.name):
                count += 1
                differences += run_case(case, _values_text)
    except CanbaoError as refusal:
        _refuse(refusal, Language.EN)
    for difference in differences:
        _out().print(escape(str(difference)), highlight=False)
    _out().print(f"{count} cases, {len(differences)} differences")
    if differences:
        raise typer.Exit(1)


def _values(region: str, scheme: str, year: int, file: Path | None) -> tuple[RegionYear, int | None]:
    """The values to explain by and their version number; from a file there is no version."""
    if file is not None:
        parameters = read_region_year(text_of(file), file=file.name)
        asked = (int(region_code(region)), scheme, year)
        if (int(parameters.region_code), parameters.scheme_code, parameters.insured_year) != asked:
            _refuse_words(
                f"{file.name} is for {parameters.region_code}, scheme {parameters.scheme_code}, "
                f"year {parameters.insured_year}; ask for those."
            )
        return parameters, None
    prepare()
    published = policy.in_force(region_code(region), scheme, year)
    return published.parameters, published.version_no


def _refuse_a_tier_nobody_has(tier: str | None, parameters: RegionYear) -> None:
    tiers = sorted({standard.tier for standard in parameters.standards if standard.tier is not None})
    if tier is not None and tier not in tiers:
        known = f"known are: {', '.join(tiers)}" if tiers else "this region has no tiers, leave --tier out"
        raise typer.BadParameter(f"“{tier}” is not a tier of {parameters.region_code}; {known}", param_hint="--tier")


def _values_text(name: str) -> str:
    root = CASES if name.startswith("areas/") else policy.VALUES
    path = (root / f"{name}.yaml").resolve()
    if not path.is_relative_to(root.resolve()):
        raise policy.FILE_OUTSIDE(file=name)
    return text_of(path)


def _identities(codes: list[str]) -> frozenset[str]:
    for code in codes:
        if code not in list(IdentityCode):
            known = ", ".join(f"{one} {NAMES_ZH[one]}" for one in IdentityCode)
            raise typer.BadParameter(f"“{code}” is not a special identity; known are: {known}", param_hint="--identity")
    return frozenset(codes)


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"“{text}” is not a day; write it like 2024-11-15", param_hint=option) from None


def _summary(file: Path, parameters: RegionYear) -> str:
    region = parameters.region
    payable = "" if not parameters.obstacles() else f"; not payable: {parameters.obstacles()[0].en}"
    return f"{file}: good. {region.name.en} {parameters.region_code}, cover year {parameters.insured_year}{payable}"


def _print_findings(findings: list[ParameterFinding]) -> None:
    table = _table("File", "Line", "Key", "What is wrong")
    for finding in findings:
        table.add_row(*(escape(cell) for cell in (finding.file, str(finding.line), finding.key, finding.reason)))
    _out().print(table)
    _out().print(f"{len(findings)} findings. Nothing was published.")


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _out() -> Console:
    return Console()


def _refuse(refusal: CanbaoError, lang: Language) -> NoReturn:
    declared = ALL_CODES[refusal.code]
    sentence = declared.sentence_zh if lang is Language.ZH else declared.sentence_en
    typer.echo(f"{sentence.format(**refusal.params)} [{refusal.code}]", err=True)
    raise typer.Exit(2)


def _refuse_words(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
