"""What can be refused when a voucher is issued or checked, with the words for it."""

from __future__ import annotations

from canbao.kernel.errors import Retry, declare

GLYPH_MISSING = declare(
    "documents.glyph_missing",
    Retry.NEVER,
    "凭证里有字体没有的字（{code_point}），暂时开不出凭证。缴费不受影响，请打 12393，报这个编码",
    "The voucher holds a character that no font here can draw ({code_point}), so it was not issued. "
    "The payment is not affected; call 12393 and give this code",
)
SNAPSHOT_WRONG = declare(
    "documents.snapshot_wrong",
    Retry.NEVER,
    "凭证内容对不上：{reason}。没有开出凭证",
    "The contents of the voucher do not hold together ({reason}); nothing was issued",
)
VOUCHER_NOT_FOUND = declare(
    "documents.voucher_not_found",
    Retry.NEVER,
    "没有为这笔缴费开过凭证，请先下载一次",
    "No voucher has been issued for this payment; download it once first",
)
CODE_UNKNOWN = declare(
    "documents.code_unknown",
    Retry.NEVER,
    "没有这张凭证，请核对凭证号",
    "No such voucher; check the number",
)
VOUCHER_VOIDED = declare(
    "documents.voucher_voided",
    Retry.NEVER,
    "凭证是真的，但 {date} 因退费作废",
    "The voucher is genuine but was voided on {date} after a refund",
)
SIGNER_INCOMPLETE = declare(
    "documents.signer_incomplete",
    Retry.NEVER,
    "凭证签名证书没有配好：{reason}。请检查 CANBAO_SIGNER_PKCS12，或 CANBAO_SIGNER_KEY 和 CANBAO_SIGNER_CERT",
    "The signer of vouchers is not set up: {reason}. "
    "Check CANBAO_SIGNER_PKCS12, or CANBAO_SIGNER_KEY with CANBAO_SIGNER_CERT",
)
