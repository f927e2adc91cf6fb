"""Addresses of the frame: the articles, the assets and the choice of light or dark."""

from __future__ import annotations

from django.urls import path

from canbao.doors.frame import assets, views

app_name = "frame"

urlpatterns = [
    path("help", views.help_page, name="help"),
    path("privacy", views.privacy_page, name="privacy"),
    path("accessibility", views.accessibility_page, name="accessibility"),
    path("appearance", views.keep_appearance, name="appearance"),
    path("robots.txt", views.robots, name="robots"),
    path("assets/<slug:digest>/<str:name>", assets.send_asset, name="asset"),
]
