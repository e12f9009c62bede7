"""What `manage.py bench door` measures the door against: a Django view that does nothing but the same INSERT."""

from __future__ import annotations

import itertools
import os
import uuid

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

INSERT = """
INSERT INTO loyalty_inboxdelivery
    (shop_id, delivery_id, topic, body, meta, state, attempts, deaths, due_at, received_at, outcome)
VALUES (%s, %s, 'orders/paid', %s, '{}', 'waiting', 0, 0, now(), now(), '') ON CONFLICT DO NOTHING
"""
_names = itertools.count(1)
_process = uuid.uuid4().hex


def insert(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [int(request.META["HTTP_X_SHOP"]), f"{_process}-{next(_names)}", request.body])
    return HttpResponse(status=200, headers={"Content-Length": "0"})


urlpatterns = [path("insert", insert)]


def application() -> WSGIHandler:
    """Without the house's middleware and paths."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = __name__
    return WSGIHandler()
