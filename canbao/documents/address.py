"""Where a voucher is checked: the address in its QR code and under it."""

from __future__ import annotations

from django.conf import settings


def verification_address(voucher_no: str) -> str:
    """The whole address of a voucher's verification, from `CANBAO_PUBLIC_URL`.

    Holds the printed number and nothing else.
    """
    return f"{settings.PUBLIC_URL.rstrip('/')}/verify/{voucher_no}"
