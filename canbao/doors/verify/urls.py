"""Addresses of the verification door. The first is printed in every voucher's QR code and never changes."""

from __future__ import annotations

from django.urls import path

from canbao.doors.verify import views

app_name = "verify"

urlpatterns = [
    path("verify/<str:code>", views.verdict_page, name="verdict"),
    path("verify/", views.form_page, name="form"),
    path("verify", views.form_page),
]
