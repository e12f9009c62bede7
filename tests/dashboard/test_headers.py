"""Who may frame a page, what it may load, and that it leaves no cookie."""

from __future__ import annotations

import gzip
import itertools
import re
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from tests.dashboard.conftest import Ask, Seen, session_token
from tests.dashboard.test_access import EXPECTED, address

PAGES = [name for name, (_argument, on_get, _on_post) in EXPECTED.items() if on_get == 200]


def directives(policy: str) -> dict[str, list[str]]:
    parts = [part.split() for part in policy.split(";") if part.strip()]
    return {name: values for name, *values in parts}


def test_every_page_is_sealed(ours: Seen, ask: Ask) -> None:
    for name, htmx in itertools.product(PAGES, (True, False)):
        assert_sealed(ask(address(name, ours), ours.shop, htmx=htmx))


def assert_sealed(answer: HttpResponse) -> None:
    policy = directives(answer["Content-Security-Policy"])
    assert policy["default-src"] == ["'self'"]
    assert "'unsafe-inline'" not in policy["script-src"] + policy["style-src"]
    assert "'unsafe-eval'" not in policy["script-src"]
    assert policy["style-src-attr"] == ["'unsafe-inline'"]
    assert policy["object-src"] == policy["base-uri"] == ["'none'"]
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "X-Frame-Options" not in answer
    assert not answer.cookies


def test_only_the_shop_and_its_admin_may_frame_a_shopify_page(theirs: Seen, settings: Settings) -> None:
    settings.SHOPIFY_ADMIN_URL = "https://admin.shopify.com"
    settings.SHOPIFY_SHOP_ORIGIN = "https://{shop}"
    answer = Client().get("/dashboard/", {"id_token": session_token(theirs.shop)})
    framed_by = directives(answer["Content-Security-Policy"])["frame-ancestors"]
    assert framed_by == [f"https://{theirs.shop.external_id}", "https://admin.shopify.com"]


def test_app_bridge_is_the_first_script_and_the_only_one_from_elsewhere(theirs: Seen, settings: Settings) -> None:
    settings.SHOPIFY_CDN_URL = "https://cdn.shopify.com"
    answer = Client().get("/dashboard/", {"id_token": session_token(theirs.shop)})
    scripts = re.findall(r"<script([^>]*)>", answer.content.decode())
    assert 'src="https://cdn.shopify.com/shopifycloud/app-bridge.js"' in scripts[0]
    assert 'data-api-key="c0ffee00c0ffee00c0ffee00c0ffee00"' in scripts[0]
    assert all(' src="/static/' in script for script in scripts[1:])
    assert directives(answer["Content-Security-Policy"])["script-src"] == ["'self'", "https://cdn.shopify.com"]


def test_a_page_on_ecwid_carries_its_bearer_and_its_sdk(ours: Seen, ask: Ask, settings: Settings) -> None:
    settings.ECWID_FRAME_ANCESTORS = ["https://my.ecwid.com"]
    settings.ECWID_SDK_URL = "https://sdk.test/js/ecwid-app.js"
    answer = ask("/dashboard/", ours.shop, htmx=False)
    page = answer.content.decode()
    assert re.search(r'<meta name="regulars-bearer" content="[^"]{40,}">', page)
    assert '<script src="https://sdk.test/js/ecwid-app.js"></script>' in page
    policy = directives(answer["Content-Security-Policy"])
    assert policy["script-src"] == ["'self'", "https://sdk.test"]
    assert policy["frame-ancestors"] == ["https://my.ecwid.com"]


def test_nothing_in_a_page_is_inline_script(ours: Seen, ask: Ask) -> None:
    for name in PAGES:
        page = ask(address(name, ours), ours.shop, htmx=False).content.decode()
        assert not re.findall(r"<script(?![^>]*src=)", page)
        assert not re.findall(r"\son[a-z]+=", page)


def test_a_fetch_gets_the_region_and_a_document_the_whole(ours: Seen, ask: Ask) -> None:
    region, whole = (ask("/dashboard/orders/", ours.shop, htmx=htmx).content.decode() for htmx in (True, False))
    assert "<html" not in region
    assert region.startswith("<title>Orders")
    assert "<html" in whole
    for page in (region, whole):
        assert page.count('id="app"') == 1


def test_refused_pages_are_sealed_too(ours: Seen) -> None:
    answer = Client().get("/dashboard/")
    assert directives(answer["Content-Security-Policy"])["default-src"] == ["'self'"]
    assert answer["Cache-Control"] == "private, no-store"
    assert not answer.cookies


def test_all_scripts_of_a_page_are_at_most_100_kb_on_the_way(ours: Seen, ask: Ask) -> None:
    document = ask("/dashboard/widget/", ours.shop, htmx=False).content.decode()
    scripts = re.findall(r'<script src="/static/([^"]+)"', document)
    assert len(scripts) >= 3
    files = [Path(str(finders.find(re.sub(r"\.[0-9a-f]{12}(?=\.)", "", script)))) for script in scripts]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= 100 * 1024
