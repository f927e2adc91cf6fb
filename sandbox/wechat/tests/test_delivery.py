"""The postman ends when told to, whatever happens in the same moment, and calls nobody but loopback."""

from __future__ import annotations

import asyncio
import dataclasses

from sandbox.wechat.delivery import Delivery
from sandbox.wechat.fields import Body
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


async def test_answer_to_what_a_reset_forgot_changes_nothing(merchant: Merchant, gateway: WeChatGateway) -> None:
    has_come, may_answer = asyncio.Event(), asyncio.Event()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        has_come.set()
        await may_answer.wait()
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    place: Body = {"notify_url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/notices"}
    merchant.placed("ORDER0001", changes=place)
    merchant.pay("ORDER0001")
    delivery = Delivery(gateway)
    sending = asyncio.create_task(delivery.send(gateway.due_notices()))
    await asyncio.wait_for(has_come.wait(), 5)
    (forgotten,) = gateway.notices.listed()
    gateway.reset(gateway.seed)
    merchant.placed("ORDER0001", changes=place)
    merchant.pay("ORDER0001")
    gateway.due_notices()
    may_answer.set()
    assert await sending == [204]
    (notice,) = gateway.notices.listed()
    assert notice["notice_id"] == forgotten["notice_id"]
    assert (notice["state"], notice["tries_count"]) == ("sending", 0)
    server.close()
    await delivery.stop()
