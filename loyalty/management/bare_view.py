"""What `manage.py bench read` measures the member's answer against: a Django view that asks one question."""

from __future__ import annotations

import os

import django
from django.apps import apps
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, JsonResponse
from django.urls import path


def member(request: HttpRequest, shop: int, customer: str) -> JsonResponse:
    found = apps.get_model("loyalty", "Member").objects.get(shop=shop, external_id=customer)
    response = JsonResponse({"name": found.name, "available": found.available, "pending": found.pending})
    response["Content-Length"] = str(len(response.content))
    return response


urlpatterns = [path("member/<int:shop>/<str:customer>", member)]


def application() -> WSGIHandler:
    """Without the house's middleware and paths."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = __name__
    return WSGIHandler()
