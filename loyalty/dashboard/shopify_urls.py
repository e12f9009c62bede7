"""/shopify/...: App Home and the code grant. Webhooks and the app proxy have their own doors in config/urls.py."""

from __future__ import annotations

from django.urls import path

from loyalty.dashboard import shopify_entry

app_name = "shopify"
urlpatterns = [
    path("", shopify_entry.app_home, name="app_home"),
    path("patch", shopify_entry.patch, name="patch"),
    path("install", shopify_entry.install, name="install"),
    path("callback", shopify_entry.callback, name="callback"),
]
