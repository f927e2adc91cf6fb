"""Every address of the doors and every field of their forms, given what nobody should send: a page with words, never a
failure, and nothing is written.
"""

from __future__ import annotations

from urllib.parse import quote

from django.test import Client

from canbao.doors.citizen.tests.conftest import LIN, Channel, look_up, sound
from canbao.doors.citizen.tests.test_bill_and_basket import listed, take
from canbao.doors.citizen.tests.test_pay_and_order import form, pay
from tests.owner import as_owner

NASTY = {
    "nothing": "",
    "blanks": "  \t ",
    "a zero byte": "a\0b",
    "half a pair": "\ud800",
    "too long": "9" * 20_000,
    "markup": "<script>alert(1)</script>",
    "a statement": "'; DROP TABLE billing_bill; --",
    "a path": "../../etc/passwd",
    "a minus": "-1",
    "beyond an integer": "99999999999999999999999",
    "right to left": "\u202e123\u2066",
    "other digits": "٣٦٠١٠٢١٩٨٦٠٣١٢٠٠٢٦",
    "a pile of marks": "e" + "\u0301" * 300,
}
"""What is put into every field, by what it is."""


def contents() -> dict[str, tuple[object, ...]]:
    """Every table's rows, as a count and a digest; limits are counted whatever is asked and are left out."""
    with as_owner() as session:
        names = [
            str(row[0])
            for row in session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ]
        found: dict[str, tuple[object, ...]] = {}
        for name in names:
            if "throttle" in name:
                continue
            query = f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} AS t"
            row = session.execute(query.encode()).fetchone()
            assert row is not None, "a count answers with one row"
            found[name] = tuple(row)
    return found


def send(browser: Client, address: str, fields: dict[str, str]) -> tuple[int, str]:
    """Post a form as bytes, as nobody's browser would where it must be."""
    body = "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in fields.items())
    answer = browser.post(address, body, content_type="application/x-www-form-urlencoded")
    return answer.status_code, answer.content.decode()


def test_every_field_of_every_form_refuses_what_nobody_should_send(
    town: object, phone: Client, channel: Channel
) -> None:
    key = look_up(phone, LIN).rsplit("/", 1)[1]
    take(phone, LIN)
    good, paying = {"id_no": sound(LIN).id_no, "name": LIN.name}, form(phone)
    known, before = channel.order_count(), contents()

    for what, value in NASTY.items():
        for field in good:
            status, body = send(phone, "/", {**good, field: value})
            assert (status, 'role="alert"' in body) == (422, True), (what, field)
        assert send(phone, f"/bill/{key}/take", {"bill": value, "then": value})[0] == 404, what
        assert send(phone, "/basket/remove", {"bill": value})[0] == 303, what
        for field in ("amount", "how", "agree"):
            status, body = send(phone, "/pay?region=360100", {**paying, field: value})
            assert (status, 'role="alert"' in body) == (422, True), (what, field)
        assert send(phone, "/appearance", {"theme": value})[0] == 303, what

    assert (channel.order_count(), contents()) == (known, before)
    assert listed(phone) == 1


def test_every_address_answers_what_nobody_should_ask_with_a_page(
    town: object, phone: Client, channel: Channel
) -> None:
    look_up(phone, LIN)
    take(phone, LIN)
    order = pay(phone)
    before = contents()

    for what, value in NASTY.items():
        written = quote(value, safe="", errors="surrogatepass")
        asked = {
            f"/pay?region={written}": 303,
            f"/basket?lang={written}": 200,
            f"/?lang={written}&view={written}": 200,
            f"{order}/state?seen={written}&back={written}": 200,
            f"/verify/?code={written}": 422,
        }
        if value:
            asked |= {
                f"/bill/{written}": 404,
                f"/agreement/{written}/2025-1": 404,
                f"/agreement/360100/{written}": 404,
                f"/o/{written}": 404,
                f"/back/{written}": 404,
                f"/verify/{written}": 404,
                f"/assets/{written}/{written}": 404,
            }
        for address, expected in asked.items():
            answer = phone.get(address)
            assert answer.status_code == expected, (what, address[:60])
            assert "Traceback" not in answer.content.decode(), (what, address[:60])

    assert contents() == before
