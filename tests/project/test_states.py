"""Every state machine of every room, exhaustively: what each event does in each state, and in the database."""

from __future__ import annotations

import re
from itertools import product

import pytest

from canbao.kernel.states import StateMachine
from tests.owner import as_owner
from tools.draw_states import PAGE, drawing, machines, page

MACHINES = {machine.name: machine for _, machine in machines()}
TABLES = {
    "bill": "billing_bill",
    "assessment": "billing_assessment",
    "coverage period": "coverage_period",
    "payment order": "payments_order",
    "refund": "payments_refund",
    "voucher": "documents_voucher",
    "statement": "reconciliation_statement",
    "discrepancy": "reconciliation_discrepancy",
    "treasury booking": "reconciliation_booking",
}
"""The table whose `state` column lives by each machine."""

PAIRS = [
    pytest.param(machine, event, str(state), id=f"{machine.name}: {event} in {state}")
    for machine in MACHINES.values()
    for event, state in product(machine.events, machine.states)
]


def test_every_machine_has_its_table() -> None:
    assert set(MACHINES) == set(TABLES)
    assert len(MACHINES) == len(machines())


@pytest.mark.parametrize(("machine", "event", "state"), PAIRS)
def test_an_event_moves_a_row_exactly_from_its_sources(
    machine: StateMachine, event: str, state: str, database: str
) -> None:
    with as_owner() as session, session.transaction():
        session.execute("CREATE TEMPORARY TABLE row_in_a_state ON COMMIT DROP AS SELECT %s AS state", [state])
        moved = session.execute(
            "UPDATE row_in_a_state SET state = %s WHERE state = ANY(%s)",
            [machine.target(event), machine.sources(event)],
        ).rowcount
        found = session.execute("SELECT state FROM row_in_a_state").fetchall()
    allowed = any(edge.event == event and state in [str(source) for source in edge.sources] for edge in machine.edges)
    assert moved == (1 if allowed else 0)
    assert found == [(machine.target(event) if allowed else state,)]


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_nothing_leaves_a_terminal_state_and_every_other_is_left(machine: StateMachine) -> None:
    left = {str(source) for edge in machine.edges for source in edge.sources}
    assert machine.terminal == {str(state) for state in machine.states} - left
    assert machine.terminal
    assert set(machine.initial) - {state for state in machine.states if str(state) in machine.terminal}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_every_state_is_reached_from_the_beginning(machine: StateMachine) -> None:
    reached = set(machine.initial)
    for _ in machine.states:
        reached |= {edge.target for edge in machine.edges if reached.intersection(edge.sources)}
    assert reached == set(machine.states)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_the_database_knows_exactly_these_states(machine: StateMachine, database: str) -> None:
    with as_owner() as session:
        rows = session.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass",
            [TABLES[machine.name]],
        ).fetchall()
    checks = [text for (text,) in rows if re.match(r"CHECK \(\(+state\)?(::text)?\)? = ANY", text)]
    assert len(checks) == 1, rows
    assert set(re.findall(r"'(\w+)'", checks[0])) == {str(state) for state in machine.states}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_words_are_those_of_the_house(machine: StateMachine) -> None:
    for word in (*machine.events, *machine.states):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", word)


def test_the_drawings_are_those_of_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tools.draw_states"
    for machine in MACHINES.values():
        arrows = [line for line in drawing(machine).splitlines() if ": " in line]
        assert len(arrows) == sum(len(edge.sources) for edge in machine.edges)
