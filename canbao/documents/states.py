"""A voucher's life: issued once, and at most voided once. Nothing ever makes a voided voucher good again."""

from __future__ import annotations

from enum import StrEnum

from canbao.kernel.states import Edge, StateMachine


class VoucherState(StrEnum):
    """What a voucher is worth."""

    ISSUED = "issued"
    VOIDED = "voided"


class VoidReason(StrEnum):
    """Why a voucher lost its worth."""

    REFUNDED = "refunded"


VOUCHER = StateMachine(
    "voucher",
    VoucherState,
    initial=[VoucherState.ISSUED],
    edges=[Edge("void", [VoucherState.ISSUED], VoucherState.VOIDED)],
)
