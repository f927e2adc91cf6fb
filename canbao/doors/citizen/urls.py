"""Addresses of the citizen door.

None holds personal data: keys mean something in one browser only, tokens are random.
"""

from __future__ import annotations

from django.urls import path

from canbao.doors.citizen import agreement, bill, health, listing, lookup, order, pay

app_name = "citizen"

urlpatterns = [
    path("", lookup.look_up, name="look_up"),
    path("bill/<slug:key>", bill.bill_page, name="bill"),
    path("bill/<slug:key>/take", bill.take, name="take"),
    path("bill/<slug:key>/voucher/<slug:bill_no>.pdf", bill.bill_voucher, name="bill_voucher"),
    path("basket", listing.basket_page, name="basket"),
    path("basket/remove", listing.remove, name="remove"),
    path("agreement/<int:region>/<slug:version>", agreement.agreement_page, name="agreement"),
    path("pay", pay.pay_page, name="pay"),
    path("o/<slug:token>", order.order_page, name="order"),
    path("back/<slug:token>", order.back_page, name="back"),
    path("o/<slug:token>/state", order.state_fragment, name="state"),
    path("o/<slug:token>/paid", order.i_have_paid, name="paid"),
    path("o/<slug:token>/continue", order.continue_paying, name="continue"),
    path("o/<slug:token>/voucher.pdf", order.voucher, name="voucher"),
    path("o/<slug:token>/share", order.share, name="share"),
    path("health", health.health, name="health"),
]
