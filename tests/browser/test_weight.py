"""What a page weighs on the wire, and what it waits for before it shows something."""

from __future__ import annotations

import pytest

from tests.browser.conftest import House, Visit
from tests.browser.visitor import Size, Visitor

BYTES_MOST = 100 * 1024


WAITED_FOR = """performance.getEntriesByType('resource')
  .filter(one => one.renderBlockingStatus === 'blocking').map(one => one.name)"""
"""What the browser had to have before it painted, beside the page itself."""


def weigh(visitor: Visitor, path: str) -> int:
    """Bytes that came over the wire for this page with an empty cache, headers included."""
    wire = visitor.context.new_cdp_session(visitor.page)
    came: list[int] = []
    wire.on("Network.loadingFinished", lambda event: came.append(int(event["encodedDataLength"])))
    wire.send("Network.enable")
    wire.send("Network.clearBrowserCache")
    visitor.page.goto(visitor.pages + path, wait_until="networkidle")
    wire.detach()
    assert len(came) >= 2, "the page and its sheet"
    return sum(came)


def test_no_page_weighs_more_than_100_kilobytes(house: House, visit: Visit) -> None:
    payer = visit(Size.PHONE)
    order = payer.order(*house.family().members()).removeprefix(payer.pages)
    paths = ["/", "/help", "/basket", "/agreement/360100/2025-1", order, "/verify/"]
    heavy = {path: weight for path in paths if (weight := weigh(payer, path)) > BYTES_MOST}
    assert heavy == {}


@pytest.mark.parametrize("path", ["/", "/help", "/verify/"])
def test_nothing_stands_between_the_page_and_its_first_paint(visit: Visit, path: str) -> None:
    """The page's own bytes are enough to paint it: no sheet, script or font is waited for on a slow phone."""
    payer = visit(Size.PHONE)
    payer.page.goto(payer.pages + path, wait_until="load")
    assert payer.page.evaluate(WAITED_FOR) == []
