"""/ecwid/...: the app's page in the admin, and how a store is connected."""

from __future__ import annotations

from django.urls import path

from loyalty.dashboard import ecwid_entry

app_name = "ecwid"
urlpatterns = [
    path("app", ecwid_entry.app, name="app"),
    path("connect", ecwid_entry.connect, name="connect"),
    path("callback", ecwid_entry.callback, name="callback"),
]
