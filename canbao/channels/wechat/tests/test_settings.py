"""The settings: every missing name is told, a wrong one is named without its value, and production takes no sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from canbao.channels import catalogue
from canbao.channels.interface import ChannelCode
from canbao.channels.wechat.settings import from_environment
from canbao.channels.wechat.tests.far_end import APIV3_KEY, APPID, MCHID, PUBLIC_KEY_ID, Keys
from canbao.kernel.errors import CanbaoError

PROBLEMS = {
    "wrong form",
    "the key file cannot be read",
    "the file cannot be read as JSON",
    "must be https://host without path or query (http only on loopback)",
}
SANDBOX = "http://127.0.0.1:8101"


def refused(environment: dict[str, str]) -> CanbaoError:
    with pytest.raises(CanbaoError) as error:
        from_environment(environment)
    return error.value


def test_single_variables_are_read(wechat_keys: Keys) -> None:
    settings = from_environment(wechat_keys.environment(SANDBOX + "/"))
    assert (settings.base_url, settings.mchid, settings.appid) == (SANDBOX, MCHID, APPID)
    assert settings.merchant_private_key.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert settings.wechatpay_public_key.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert settings.is_loopback


def test_file_is_read_with_paths_relative_to_it_and_single_variables_win(wechat_keys: Keys) -> None:
    merchant = {
        "base_url": SANDBOX,
        "mchid": MCHID,
        "appid": APPID,
        "apiv3_key": APIV3_KEY,
        "merchant_serial": "444F4864EA9B34415D1A5C6B4E1A8F9A00000001",
        "merchant_private_key_path": "merchant.pem",
        "wechatpay_public_key_id": PUBLIC_KEY_ID,
        "wechatpay_public_key_path": str(wechat_keys.folder / "wechatpay.pem"),
        "control_url": "http://127.0.0.1:8102",
    }
    path = wechat_keys.folder / "merchant.json"
    path.write_text(json.dumps(merchant), "utf-8")
    assert from_environment({"CANBAO_WECHAT_FILE": str(path)}).mchid == MCHID
    both = {"CANBAO_WECHAT_FILE": str(path), "CANBAO_WECHAT_MCHID": "1900000999"}
    assert from_environment(both).mchid == "1900000999"
    assert refused({"CANBAO_WECHAT_FILE": str(path), "CANBAO_ENVIRONMENT": "production"}).code == (
        "channels.sandbox_refused"
    )


def test_everything_missing_is_named_at_once() -> None:
    error = refused({})
    assert error.code == "channels.not_configured"
    assert error.params["missing"] == (
        "CANBAO_WECHAT_MCHID, CANBAO_WECHAT_APPID, CANBAO_WECHAT_APIV3_KEY, CANBAO_WECHAT_MERCHANT_SERIAL, "
        "CANBAO_WECHAT_MERCHANT_PRIVATE_KEY, CANBAO_WECHAT_PUBLIC_KEY_ID, CANBAO_WECHAT_PUBLIC_KEY"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CANBAO_WECHAT_MCHID", "19000x"),
        ("CANBAO_WECHAT_APPID", "wx 1"),
        ("CANBAO_WECHAT_APIV3_KEY", "tooshort-secret"),
        ("CANBAO_WECHAT_MERCHANT_SERIAL", "not-hex"),
        ("CANBAO_WECHAT_PUBLIC_KEY_ID", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"),
        ("CANBAO_WECHAT_MERCHANT_PRIVATE_KEY", "/nowhere/key.pem"),
        ("CANBAO_WECHAT_PUBLIC_KEY", "/nowhere/key.pem"),
        ("CANBAO_WECHAT_BASE_URL", "http://pay.example.org"),
        ("CANBAO_WECHAT_BASE_URL", "https://"),
        ("CANBAO_WECHAT_BASE_URL", "https://user:word@api.mch.weixin.qq.com"),
        ("CANBAO_WECHAT_BASE_URL", "https://api.mch.weixin.qq.com/v3"),
        ("CANBAO_WECHAT_BASE_URL", "https://[::1"),
        ("CANBAO_WECHAT_BASE_URL", "https://api.mch.weixin.qq.com:99999"),
        ("CANBAO_WECHAT_FILE", "/nowhere/merchant.json"),
    ],
)
def test_wrong_setting_is_named_and_its_value_is_not(wechat_keys: Keys, variable: str, value: str) -> None:
    error = refused({**wechat_keys.environment(SANDBOX), variable: value})
    assert (error.code, error.params["setting"]) == ("channels.setting_unusable", variable)
    assert error.params["problem"] in PROBLEMS


def test_weak_or_foreign_keys_are_refused(wechat_keys: Keys, tmp_path: Path) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    for key in (weak, curve):
        path = tmp_path / "key.pem"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        error = refused({**wechat_keys.environment(SANDBOX), "CANBAO_WECHAT_MERCHANT_PRIVATE_KEY": str(path)})
        assert error.params == {
            "setting": "CANBAO_WECHAT_MERCHANT_PRIVATE_KEY",
            "problem": "RSA of 2048 bits or more is needed",
        }


def test_older_key_form_is_read_too(wechat_keys: Keys, tmp_path: Path) -> None:
    path = tmp_path / "pkcs1.pem"
    path.write_bytes(wechat_keys.merchant.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    settings = from_environment({**wechat_keys.environment(SANDBOX), "CANBAO_WECHAT_MERCHANT_PRIVATE_KEY": str(path)})
    assert settings.merchant_private_key.startswith("-----BEGIN PRIVATE KEY-----\n")


@pytest.mark.parametrize(
    "base_url",
    [SANDBOX, "https://127.0.0.1", "https://localhost:8443", "https://sandbox.example.org", "https://10.0.0.5"],
)
def test_production_takes_the_real_hosts_only(wechat_keys: Keys, base_url: str) -> None:
    error = refused({**wechat_keys.environment(base_url), "CANBAO_ENVIRONMENT": "production"})
    assert error.code == "channels.sandbox_refused"


@pytest.mark.parametrize("host", ["api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"])
def test_production_starts_with_a_real_host(wechat_keys: Keys, host: str) -> None:
    environment = {**wechat_keys.environment(f"https://{host}"), "CANBAO_ENVIRONMENT": "production"}
    settings = from_environment(environment)
    assert settings.base_url == f"https://{host}"
    assert not settings.is_loopback


def test_catalogue_builds_once_and_says_what_is_missing(wechat_keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue.forget()
    for variable in wechat_keys.environment(SANDBOX):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("CANBAO_WECHAT_FILE", raising=False)
    assert catalogue.configured() == []
    assert not catalogue.moves_no_money()
    with pytest.raises(CanbaoError, match="not set up"):
        catalogue.connector("wechat")
    with pytest.raises(CanbaoError, match="no channel"):
        catalogue.connector("cowrie")
    for variable, value in wechat_keys.environment(SANDBOX).items():
        monkeypatch.setenv(variable, value)
    assert catalogue.connector("wechat") is catalogue.connector(ChannelCode.WECHAT)
    assert catalogue.configured() == [ChannelCode.WECHAT]
    assert catalogue.moves_no_money()
    monkeypatch.setenv("CANBAO_WECHAT_BASE_URL", "https://api.mch.weixin.qq.com")
    assert not catalogue.moves_no_money()
    catalogue.forget()
