"""The benchmark of the first paint where a browser is missing, dies or finds no page. No time is judged here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.bare_page import PAGE
from bench.catalogue import BENCHMARKS, Benchmark
from bench.chromium import chromium
from bench.figure import Measured
from bench.first_paint import run
from bench.ground import BenchFailed, BenchUnavailable, Cluster
from canbao.site.cli.main import app
from canbao.site.stack import free_port
from tools import browser as machine

pytestmark = pytest.mark.xdist_group("bench")
REASON = "CANBAO_CHROMIUM names /nowhere/chromium, which cannot be run"


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANBAO_CHROMIUM", "/nowhere/chromium")


@pytest.fixture
def a_browser() -> None:
    if reason := machine.find().reason:
        pytest.skip(reason)


def probe(size: int, cluster: Cluster) -> Measured:
    return Measured(size=size, rate_per_s=1.0, floor_per_s=2.0, cpu_us_per_item=3.0)


def test_without_a_browser_nothing_is_begun_and_the_reason_is_told(no_browser: None) -> None:
    with pytest.raises(BenchUnavailable, match=f"first_paint was not measured: {REASON}"):
        run(30)
    told = CliRunner().invoke(app, ["bench", "first_paint", "--json"])
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.strip() == f"first_paint was not measured: {REASON}"


def test_running_all_passes_over_it_with_the_reason(no_browser: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(BENCHMARKS) - {"first_paint"}:
        monkeypatch.delitem(BENCHMARKS, name)
    monkeypatch.setitem(BENCHMARKS, "probe", Benchmark(measure=probe, size=100, smallest=10))
    told = CliRunner().invoke(app, ["bench", "all", "--json"])
    assert told.exit_code == 0
    assert told.stderr.strip() == f"first_paint was not measured: {REASON}"
    assert [json.loads(line)["name"] for line in told.stdout.splitlines()] == ["probe"]


def test_a_wrong_outcome_still_ends_running_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(size: int, cluster: Cluster) -> Measured:
        message = "the outcome was wrong"
        raise BenchFailed(message)

    for name in set(BENCHMARKS):
        monkeypatch.delitem(BENCHMARKS, name)
    monkeypatch.setitem(BENCHMARKS, "wrong", Benchmark(measure=fail, size=100, smallest=10))
    told = CliRunner().invoke(app, ["bench", "all", "--json"])
    assert (told.exit_code, told.stderr.strip()) == (1, "the outcome was wrong")


def test_a_browser_that_dies_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CANBAO_CHROMIUM", "/bin/false")
    with pytest.raises(BenchFailed, match="the browser ended by itself"), chromium(tmp_path) as browser:
        browser.first_paint_s("http://127.0.0.1:9/")


def test_a_page_that_is_not_there_is_told(a_browser: None, tmp_path: Path) -> None:
    with (
        chromium(tmp_path) as browser,
        pytest.raises(BenchFailed, match="could not be had: net::ERR_CONNECTION_REFUSED"),
    ):
        browser.first_paint_s(f"http://127.0.0.1:{free_port()}/")
    assert not Path(f"/proc/{browser.process_id}").exists()


def test_a_page_is_painted(a_browser: None, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_bytes(PAGE)
    with chromium(tmp_path) as browser:
        assert browser.first_paint_s(page.as_uri()) > 0
