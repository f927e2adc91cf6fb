"""Every benchmark runs whole at a small size, and what it answers has the promised shape. No time is judged here."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from bench.catalogue import BENCHMARKS, GROWTH, Benchmark, run
from bench.figure import Measured, Round, figure, measured
from bench.ground import BenchFailed, Cluster, ground
from bench.load import request
from bench.processor_time import seconds_of
from canbao.site import postgres
from canbao.site.cli.main import app
from tools import browser as machine

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = Cluster(root=ROOT / ".local" / "postgres-test", durable=False)
KEYS = ["name", "size", "rate_per_s", "floor_per_s", "ratio", "cpu_us_per_item", "exponent"]


# They watch each other's leftovers and share two cores: one process runs them, one after the other.
pytestmark = pytest.mark.xdist_group("bench")


def databases() -> set[str]:
    """The benchmarks' databases on the test cluster."""
    address = postgres.start(CLUSTER.root, durable=False)
    with psycopg.connect(address.url("postgres")) as session:
        found = session.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench%'").fetchall()
    return {name for (name,) in found}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_benchmark_measures_and_leaves_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One round of a small size: the journeys did what was counted (a wrong outcome raises), and database and
    environment are as before.
    """
    if name == "first_paint" and (reason := machine.find().reason):
        pytest.skip(reason)
    monkeypatch.setattr(f"bench.{name}.ROUNDS", 1)
    before, environment = databases(), dict(os.environ)
    size = BENCHMARKS[name].smallest // GROWTH
    found = BENCHMARKS[name].measure(size, CLUSTER)
    assert found.size == size
    assert min(found.rate_per_s, found.floor_per_s, found.cpu_us_per_item) > 0
    assert databases() <= before
    assert dict(os.environ) == environment


def test_run_measures_a_tenth_and_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The figure is the larger size's; the smaller one is there for the growth."""
    asked: list[int] = []

    def measure(size: int, cluster: Cluster) -> Measured:
        asked.append(size)
        return Measured(size=size, rate_per_s=size, floor_per_s=2 * size, cpu_us_per_item=3.0)

    monkeypatch.setitem(BENCHMARKS, "probe", Benchmark(measure=measure, size=5000, smallest=100))
    assert asdict(run("probe", 1000)) == {
        "name": "probe",
        "size": 1000,
        "rate_per_s": 1000,
        "floor_per_s": 2000,
        "ratio": 0.5,
        "cpu_us_per_item": 3.0,
        "exponent": 1.0,
        "peak_mib": None,
    }
    run("probe")
    assert asked == [100, 1000, 500, 5000]


def test_figures_are_medians_of_rounds() -> None:
    """One disturbed round of three decides nothing but the processor time, which is counted whole."""
    rounds = [
        Round(item_count=100, seconds=1.0, floor_seconds=2.0, cpu_seconds=0.5),
        Round(item_count=100, seconds=9.0, floor_seconds=2.0, cpu_seconds=0.8),
        Round(item_count=100, seconds=1.0, floor_seconds=1.0, cpu_seconds=0.5),
    ]
    assert measured(300, rounds) == Measured(size=300, rate_per_s=50.0, floor_per_s=50.0, cpu_us_per_item=6000.0)


def test_growth_is_told_by_processor_time() -> None:
    """Ten times the items at the same cost each is in proportion; at ten times the cost each it is quadratic."""
    small = Measured(size=100, rate_per_s=10.0, floor_per_s=20.0, cpu_us_per_item=3.0)
    same = Measured(size=1000, rate_per_s=10.0, floor_per_s=20.0, cpu_us_per_item=3.0)
    dearer = Measured(size=1000, rate_per_s=10.0, floor_per_s=20.0, cpu_us_per_item=30.0)
    assert (figure("a", small, same).exponent, figure("a", small, dearer).exponent) == (1.0, 2.0)
    assert figure("a", small, same).ratio == 0.5


def test_command_prints_exactly_the_promised_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """One JSON object a line, and nothing else."""
    one = Measured(size=10, rate_per_s=1.0, floor_per_s=2.0, cpu_us_per_item=3.0)
    monkeypatch.setattr("bench.catalogue.run", lambda name, size: figure(name, one, Measured(
        size=size, rate_per_s=1.0, floor_per_s=2.0, cpu_us_per_item=3.0)))  # fmt: skip
    told = CliRunner().invoke(app, ["bench", "find_bills", "--size", "1000", "--json"])
    assert told.exit_code == 0
    assert list(json.loads(told.stdout)) == KEYS
    assert json.loads(told.stdout)["size"] == 1000


def test_unknown_names_and_small_sizes_are_refused_with_a_sentence() -> None:
    """Nothing is measured, and no database is made."""
    before = databases()
    unknown = CliRunner().invoke(app, ["bench", "settle"])
    assert (unknown.exit_code, "There is no benchmark settle" in unknown.stderr) == (2, True)
    small = CliRunner().invoke(app, ["bench", "settle_orders", "--size", "5"])
    assert (small.exit_code, "needs a size of at least" in small.stderr) == (1, True)
    assert databases() == before


def test_failing_process_is_told_and_the_ground_is_cleared() -> None:
    """A process that ends by itself spoils the run, with the end of what it said; its database is dropped."""
    with (
        pytest.raises(BenchFailed, match="ended by itself:\nout of paper"),
        ground("failing", CLUSTER) as found,
    ):
        found.spawn("printer", ["-c", "print('out of paper')"])
        found.processes[0].wait(30)
        found.wait_for("http://127.0.0.1:9/")
    assert not any("failing" in name for name in databases())


def test_database_of_a_killed_benchmark_is_dropped_by_the_next() -> None:
    """Its name tells the process that made it, which is gone; a living one's database stays."""
    address = postgres.start(CLUSTER.root, durable=False)
    gone, living = f"bench_probe_{2**22 + 1}", f"bench_probe_{os.getppid()}"
    for name in (gone, living):
        postgres.create_database(address, name)
    try:
        with ground("next", CLUSTER):
            assert databases() & {gone, living} == {living}
    finally:
        for name in (gone, living):
            postgres.drop_database(address, name)


def test_processor_time_counts_the_living_and_the_dead() -> None:
    """This process has used some; one that does not exist has used none."""
    assert seconds_of([os.getpid()]) > 0
    assert seconds_of([2**22 + 1]) == 0


def test_request_is_whole() -> None:
    """Length, headers and body as they go over the wire."""
    assert (
        request("/x", {"a": "b"}, b"body")
        == b"POST /x HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 4\r\na: b\r\n\r\nbody"
    )
