"""The schedule: a region that fails holds up no other, and whoever tells it to stop does not wait for all of them."""

from __future__ import annotations

import threading

from structlog.testing import capture_logs

from canbao.kernel.regions import NATION, RegionCode
from canbao.site.schedule import for_each_region, make_app, patiently, regions
from tests.world import World


def test_region_that_fails_holds_up_no_other_and_is_told_of(world: World) -> None:
    done: list[RegionCode] = []

    def job(region: RegionCode) -> None:
        if region == NATION:
            raise ValueError(region)
        done.append(region)

    with capture_logs() as logs:
        for_each_region(threading.Event(), job)
    assert [NATION, *done] == regions()
    assert world.region in done
    assert [(entry["event"], entry["region_code"], entry["error"]) for entry in logs] == [
        ("region_failed", NATION, "ValueError")
    ]


def test_stop_is_heard_between_two_regions(world: World) -> None:
    stopping, done = threading.Event(), []

    def job(region: RegionCode) -> None:
        done.append(region)
        if len(done) == 2:
            stopping.set()

    for_each_region(stopping, job)
    assert done == regions()[:2]
    assert len(regions()) > 2


def test_stop_is_heard_in_a_rest() -> None:
    stopping = threading.Event()
    asking = patiently(stopping)
    assert asking.rest is not None
    stopping.set()
    assert asking.rest() is True


def test_jobs_of_the_schedule_and_their_times(world: World) -> None:
    tasks = make_app().periodic_registry.periodic_tasks
    assert {name: task.cron for (name, _), task in tasks.items()} == {
        "seal_ledger": "* * * * *",
        "sweep_limits": "17 * * * *",
        "audit_books": "0 19 * * *",
        "rotate_keys": "30 * * * *",
        "close_cases_gone": "*/10 * * * *",
        "reconcile_days": "0,30 2-3 * * *",
        "alarm_missing_statements": "0,30 4-9 * * *",
    }
