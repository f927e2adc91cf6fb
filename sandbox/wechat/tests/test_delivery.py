"""The postman ends when told to, whatever happens in the same moment, and calls nobody but loopback."""

from __future__ import annotations

import asyncio
import dataclasses

from sandbox.wechat.delivery import Delivery
from sandbox.wechat.gateway import WeChatGateway
from sandbox.wechat.tests.merchant import Merchant


async def test_waking_and_cancelling_at_once_ends_it(gateway: WeChatGateway) -> None:
    delivery = Delivery(gateway)
    task = asyncio.create_task(delivery.run())
    await asyncio.sleep(0.01)
    delivery.wake()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=2)
    is_ended = task in done
    task.cancel()
    await delivery.stop()
    assert is_ended
    assert task.cancelled()


async def test_foreign_target_is_never_called(merchant: Merchant, gateway: WeChatGateway) -> None:
    merchant.placed("ORDER0001")
    merchant.pay("ORDER0001")
    (message,) = gateway.due_notices()
    delivery = Delivery(gateway)
    outcomes = await delivery.send([dataclasses.replace(message, url="http://192.0.2.1/notices")])
    await delivery.stop()
    assert outcomes == ["refused_target"]
    (notice,) = gateway.notices.listed()
    assert (notice["state"], notice["tries_count"]) == ("waiting", 1)
