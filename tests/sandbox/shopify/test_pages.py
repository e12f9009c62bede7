"""The admin's pages, and the scripts the CDN serves."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.sandbox.shopify.conftest import CLIENT_ID, World

pytestmark = pytest.mark.once


def test_a_merchant_installs_from_the_app_store_and_lands_in_the_app(bare: World) -> None:
    merchant = bare.visitor("admin")
    assert "/store/halfmoon/install" in merchant.get("/store/halfmoon/app-store").text
    assert "read orders" in merchant.get("/store/halfmoon/install").text
    assert merchant.get(f"/store/halfmoon/apps/{CLIENT_ID}").headers["Location"] == "/store/halfmoon/install"
    landed = merchant.post("/store/halfmoon/install").headers["Location"]
    frame = merchant.get(landed).text
    assert f'src="{bare.app.url}/shopify/?' in frame
    assert "id_token=" in frame


def test_a_place_in_the_app_is_framed_at_its_own_address(world: World) -> None:
    merchant = world.visitor("admin")
    deep = merchant.get(f"/store/halfmoon/apps/{CLIENT_ID}/dashboard/members/7?tab=history").text
    assert f'src="{world.app.url}/dashboard/members/7?tab=history&amp;' in deep
    home = merchant.get(f"/store/halfmoon/apps/{CLIENT_ID}/").text
    assert f'src="{world.app.url}/shopify/?' in home
    outside = merchant.get(f"/store/halfmoon/apps/{CLIENT_ID}/%5Cevil.example/").text
    assert f'src="{world.app.url}/' in outside
    assert merchant.get("/store/halfmoon/apps/somebody-elses").status_code == 404


def test_the_merchant_refunds_cancels_and_uninstalls(world: World) -> None:
    order = world.shop(
        "/orders", {"email": "m@mail.example", "lines": [{"title": "A", "price": "20.00", "quantity": 2}]}
    )
    merchant = world.visitor("admin")
    path = f"/store/halfmoon/orders/{order['id']}"
    assert "Refund" in merchant.get(path).text
    merchant.post(f"{path}/refund", {f"quantity-{order['line_items'][0]['id']}": "1", "amount": ""})
    assert world.shop(f"/orders/{order['id']}", method="GET")["current_subtotal_price"] == "20.00"
    assert merchant.post(f"{path}/explode").status_code == 404
    merchant.post(f"{path}/cancel")
    assert "Cancelled" in merchant.get("/store/halfmoon/orders").text
    assert merchant.post("/store/halfmoon/session-token").json()["token"]
    merchant.post("/store/halfmoon/uninstall")
    assert merchant.post("/store/halfmoon/session-token").status_code == 403
    for page in ("customers", "discounts", "themes", "apps", "app-store"):
        assert merchant.get(f"/store/halfmoon/{page}").status_code == 200


def test_the_cdn_serves_its_two_scripts_and_no_others(world: World) -> None:
    cdn = world.visitor("cdn")
    for name in ("app-bridge.js", "polaris.js"):
        assert cdn.get(f"/shopifycloud/{name}").headers["Content-Type"].startswith("text/javascript")
    assert cdn.get("/shopifycloud/../platform.py").status_code == 404
    assert cdn.get("/shopifycloud/other.js").status_code == 404


def test_unknown_shops_have_neither_storefront_nor_admin_nor_api(world: World) -> None:
    assert world.visitor("nobody").get("/").status_code == 404
    assert world.visitor("admin").get("/store/nobody/orders").status_code == 404
    assert urlsplit(world.base).hostname == "127.0.0.1"


def test_a_deep_link_into_the_theme_editor_switches_the_embed_on_once_it_is_saved(world: World) -> None:
    world.shop("/embed", {"enabled": False}, method="PUT")
    merchant, store = world.visitor("admin"), world.visitor("halfmoon")

    def status() -> str:
        return str(merchant.get("/store/halfmoon/extensions").json()[0]["activations"][0]["status"])

    link = f"/admin/themes/current/editor?context=apps&template=index&activateAppId={CLIENT_ID}/launcher"
    landed = urlsplit(store.get(link).headers["Location"])
    assert landed.path == "/store/halfmoon/themes"
    assert "checked" in merchant.get(f"{landed.path}?{landed.query}").text
    assert "checked" not in merchant.get("/store/halfmoon/themes").text
    assert status() == "available"
    merchant.post("/store/halfmoon/themes", {"embed": "on"})
    assert status() == "active"
