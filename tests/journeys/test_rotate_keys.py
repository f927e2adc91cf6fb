"""Re-sealing under a new key can be stopped anywhere and taken up again, and changes nothing that is read."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from canbao.journeys import rotate_keys as journey
from canbao.journeys.issue_voucher import issue_voucher_of_order
from canbao.journeys.rotate_keys import rotate_keys
from canbao.kernel import sealing
from canbao.kernel.clock import FixedClock
from canbao.kernel.errors import CanbaoError
from canbao.payments import public as payments
from canbao.registry import public as registry
from sandbox.wechat.client import SandboxClient
from tests.letterbox import Letterbox
from tests.world import FAMILY, NANCHANG, PAYER, SHIJIAZHUANG, World, found_town, rows, set_up_channel

SEALED = ("registry_person", "payments_order", "documents_voucher", "documents_voucher_pdf")


class Rings:
    """Sets this process's key ring."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._keys = {number: secrets.token_hex(16) for number in (1, 2, 3)}
        monkeypatch.setenv("CANBAO_DIGEST_KEY", secrets.token_hex(32))

    def use(self, *numbers: int) -> None:
        """A ring with these keys."""
        pairs = [f"{number}:{self._keys[number]}" for number in numbers]
        self._monkeypatch.setenv("CANBAO_SEAL_KEYS", ",".join(pairs))
        sealing.ring.cache_clear()


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rings]:
    """A ring with key 1; the process's own ring comes back afterwards."""
    found = Rings(monkeypatch)
    found.use(1)
    yield found
    monkeypatch.undo()
    sealing.ring.cache_clear()


@pytest.fixture
def sealed_world(
    db: None, rings: Rings, clock: FixedClock, tmp_path: Path, sandbox: SandboxClient, letterbox: Letterbox
) -> World:
    """A town founded under key 1, with an open order and a voucher."""
    found_town(tmp_path, clock=clock)
    world = World(clock=clock, sandbox=sandbox, letterbox=letterbox)
    set_up_channel(world)
    order = world.open_an_order(*FAMILY)
    world.tell_notice(order)
    world.finish()
    issue_voucher_of_order(world.region, order.order_id, clock=clock)
    return world


def keys_in_use() -> set[object]:
    """The keys that rows say they are sealed under."""
    return {row[0] for table in SEALED for row in rows(f"SELECT DISTINCT sealed_key FROM {table}")}


def test_rotation_stopped_in_the_middle_goes_on_with_what_is_left(
    sealed_world: World, rings: Rings, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sealed_world
    assert keys_in_use() == {1}
    voucher = rows("SELECT id FROM documents_voucher")
    rings.use(1, 2)
    monkeypatch.setattr(journey, "PAGE", 50)

    class Stopped(Exception):
        """The operator pressed Ctrl-C."""

    def stop(_: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        rotate_keys([NANCHANG, SHIJIAZHUANG], progress=stop)
    assert keys_in_use() == {1, 2}
    pages: list[int] = []
    done = rotate_keys([NANCHANG, SHIJIAZHUANG], progress=pages.append)
    assert done == sum(pages)
    assert keys_in_use() == {2}
    assert rotate_keys([NANCHANG, SHIJIAZHUANG]) == 0
    rings.use(2)
    (person,) = registry.find(PAYER.id_no, PAYER.name)
    assert registry.person(NANCHANG, person.person_id).name == PAYER.name
    (order_no,) = rows("SELECT order_no FROM payments_order")
    order = payments.order_by_no(str(order_no[0]))
    assert order is not None
    assert payments.request_of(order, notify_url=world.letterbox.url).payer_address == "203.0.113.7"
    assert issue_voucher_of_order(NANCHANG, order.order_id, clock=world.clock).pdf.startswith(b"%PDF-")
    assert rows("SELECT id FROM documents_voucher") == voucher
    assert world.finish() == []


def test_old_key_taken_off_too_early_stops_the_rotation_and_loses_nothing(sealed_world: World, rings: Rings) -> None:
    before = rows("SELECT id, sealed FROM registry_person ORDER BY id")
    rings.use(2)
    with pytest.raises(CanbaoError, match="kernel.key_unknown"):
        rotate_keys([NANCHANG])
    assert rows("SELECT id, sealed FROM registry_person ORDER BY id") == before
    assert keys_in_use() == {1}
    rings.use(1, 2)
    assert rotate_keys([NANCHANG, SHIJIAZHUANG]) > 0
    assert keys_in_use() == {2}
