"""A simulator for each shape that the tests play, in this process's own test database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulation.plan import Shape, faults_of
from simulation.runs import Simulator
from simulation.world import of_one_seed

Simulators = Callable[..., Simulator]


@pytest.fixture(scope="module")
def simulator_of(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    """Makes a simulator of so many days and payers; each shape's town is founded once for a file's tests.

    The environment is the simulator's own until the file is done. A wider scope would leave it to strangers: without an
    `__init__.py` there is no package, and pytest keeps what belongs to one until the process ends.
    """
    folder: Path = tmp_path_factory.mktemp("simulation")
    known: dict[Shape, Simulator] = {}

    def make(*, days: int, payers: int, faults: str = "all") -> Simulator:
        shape = Shape(days=days, payers=payers, faults=faults_of(faults))
        if shape not in known:
            known[shape] = Simulator(shape, folder)
        return known[shape]

    with of_one_seed(folder):
        yield make
