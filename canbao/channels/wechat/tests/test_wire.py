"""What is kept of the words exchanged names nobody, whatever form the words have."""

from __future__ import annotations

import pytest

from canbao.channels.wechat import wire

OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"payer":{{"openid":"{OPENID}"}}}}',
        f'{{"payer":[{{"sub_openid":"{OPENID}"}}]}}',
        f'{{"payer":{{"openid":"{OPENID}"}}',
        f'<html>{{"openid" : "{OPENID}"</html>',
        f'{{"code":"PARAM_ERROR","detail":{{"field":"/payer/openid","value":"{OPENID}"}}}}',
        f'{{"detail":{{"sign_information":{{"truncated_sign_message":"POST {OPENID}"}}}}}}',
        f'{{"openid":["{OPENID}"]}}',
        f'{{"openid":{{"is":"{OPENID}"}}}}',
    ],
)
def test_evidence_names_no_payer(text: str) -> None:
    kept = wire.masked(text)
    assert OPENID not in kept
    assert "***" in kept


def test_evidence_keeps_what_is_nobodys_and_is_short() -> None:
    assert (
        wire.masked('{"code": "PARAM_ERROR", "message": "参数错误"}') == '{"code":"PARAM_ERROR","message":"参数错误"}'
    )
    assert len(wire.masked('{"message": "' + "x" * 5000 + '"}')) == wire.EVIDENCE_LENGTH_MAX
    assert len(wire.masked("x" * 5000)) == wire.EVIDENCE_LENGTH_MAX


@pytest.mark.parametrize("text", ["", "null", "[]", "5", "{", "[" * 100_000, '{"a":1e999}x', "NaN"])
def test_only_an_object_is_read(text: str) -> None:
    assert wire.read_object(text) is None


@pytest.mark.parametrize(
    "text",
    ["2024-11-15T10:00:00", "2024-11-15", "", "0001-01-01T00:00:00+14:00", "9" * 41, "2024-13-01T00:00:00+08:00"],
)
def test_time_without_zone_or_sense_is_no_instant(text: str) -> None:
    assert wire.instant_of(text) is None
