"""What lies in the database after a payment says nothing about a person to whoever has the tables without the keys."""

from __future__ import annotations

from psycopg import sql

from canbao.journeys.issue_voucher import issue_voucher_of_order
from canbao.journeys.pay_bills import open_wallet
from tests.owner import as_owner
from tests.world import CHILD, GRANDMOTHER, NANCHANG, PAYER, World


def everything_kept() -> dict[str, str]:
    """Every row of every table as text, by table; bytes as they are, where they are text at all."""
    with as_owner() as session:
        names = session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            str(name): "\n".join(
                str(row[0])
                for row in session.execute(
                    sql.SQL("SELECT to_jsonb(kept)::text FROM {} AS kept").format(sql.Identifier(name))
                )
            )
            for (name,) in names
        }


def test_neither_names_nor_numbers_nor_the_payers_address_nor_an_orders_secret_lie_in_clear(world: World) -> None:
    order = world.open_an_order(PAYER, CHILD, GRANDMOTHER)
    fresh = open_wallet(order, addresses=world.addresses, clock=world.clock)
    world.tell_notice(order)
    assert world.finish() == []
    issue_voucher_of_order(NANCHANG, order.order_id, clock=world.clock)

    assert order.token in fresh.opens
    people = (PAYER, CHILD, GRANDMOTHER)
    secrets = {
        *(person.name for person in people),
        *(person.id_no for person in people),
        world.payer().address,
        order.token.partition("-")[2],
    }
    spelled = {secret: (secret, secret.encode().hex(), secret.encode("utf-8").decode("latin-1")) for secret in secrets}
    kept = everything_kept()
    found = {
        (table, "an order's secret" if secret in order.token else "a person")
        for table, text in kept.items()
        for secret, spellings in spelled.items()
        if any(spelling in text for spelling in spellings)
    }

    assert order.order_no in kept["payments_order"]
    assert found == set()
