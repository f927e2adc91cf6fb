"""Every address belongs to one door, carries no personal data, and is known by a name."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parents[2]
PERSONAL = {"id_no", "name", "phone", "person", "person_id", "birth", "born_on", "email"}


def routes() -> list[tuple[str, URLPattern]]:
    """Every address with its pattern."""
    found: list[tuple[str, URLPattern]] = []

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> None:
        for pattern in patterns:
            address = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, address)
            else:
                found.append((address, pattern))

    walk(get_resolver().url_patterns, "")
    return found


def door_of(pattern: URLPattern) -> str:
    """The door whose code answers an address."""
    module = inspect.unwrap(pattern.callback).__module__
    match = re.match(r"canbao\.doors\.(\w+)", module)
    assert match is not None, f"{pattern} is answered by {module}, which is no door"
    return match.group(1)


def test_every_door_with_addresses_is_mounted() -> None:
    with_addresses = {path.parent.name for path in ROOT.glob("canbao/doors/*/urls.py")}
    assert with_addresses >= {"citizen", "verify", "frame"}
    assert {door_of(pattern) for _, pattern in routes()} == with_addresses


def test_an_address_belongs_to_one_door() -> None:
    addresses = [address for address, _ in routes()]
    assert sorted(addresses) == sorted(set(addresses))


def test_addresses_carry_no_personal_data() -> None:
    carried = {
        (address, name)
        for address, pattern in routes()
        for name in pattern.pattern.converters
        if name in PERSONAL and not address.startswith("assets/")
    }
    assert carried == set()


def test_every_address_is_reached_by_a_name() -> None:
    nameless = [address for address, pattern in routes() if not pattern.name]
    # Both forms of this one are typed by hand from a printed voucher.
    assert nameless == ["verify"]


def test_views_are_told_what_they_answer() -> None:
    assert [address for address, pattern in routes() if not inspect.getdoc(inspect.unwrap(pattern.callback))] == []
