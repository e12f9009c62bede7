"""A store's history in bulk: the same orders as page by page, whatever happens on the way, in little memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from loyalty.engine.errors import Unavailable
from loyalty.models import BulkRead, Member, OutboxMessage, Shop
from loyalty.platforms.base import NotYet
from loyalty.platforms.registry import platform_of
from loyalty.platforms.shopify import bulk, history
from loyalty.services.observations import Found, OrderSeen, PersonSeen
from loyalty.worker import outbox
from loyalty.worker.retry import judge
from tests.platforms.shopify.stand_in import StandIn


def fill(stand_in: StandIn, shop: Shop, orders: int = 3) -> None:
    person = stand_in.of(shop.external_id, "POST", "customers", {"email": "alma@shopper.test", "name": "Alma Berg"})
    for number in range(orders):
        lines = [{"title": f"Lamp {each}", "price": "22.50", "quantity": 1} for each in range(2 + number)]
        wanted = {"lines": lines, "customer": person["id"]}
        made = stand_in.of(shop.external_id, "POST", "orders", wanted)
        if number == 1:
            back = {"lines": [{"line": 0, "quantity": 1}]}
            stand_in.of(shop.external_id, "POST", f"orders/{made['id']}/refund", back)


def everything(shop: Shop) -> list[Found]:
    for _ in range(20):
        try:
            return list(platform_of(shop).history(shop))
        except NotYet:
            continue
    raise AssertionError("Shopify gathers for ever.")


def paged(shop: Shop) -> list[Found]:
    BulkRead.objects.bulk_create(
        BulkRead(shop=shop, part=part, state="paged", begun_at=timezone.now()) for part in bulk.PARTS
    )
    return list(platform_of(shop).history(shop))


def sorted_by_id(found: list[Found]) -> list[Found]:
    return sorted(found, key=lambda each: each.order.id if isinstance(each, OrderSeen) else "")


def test_bulk_and_pages_tell_the_same(stand_in: StandIn) -> None:
    shop = stand_in.installed(shipping_minor=400, taxes_included=True, tax_percent="21")
    fill(stand_in, shop)
    found = everything(shop)
    assert [type(each) for each in found] == [PersonSeen, OrderSeen, OrderSeen, OrderSeen]
    assert sorted_by_id(found) == sorted_by_id(paged(shop))
    assert not BulkRead.objects.filter(shop=shop).exists()


def test_the_import_runs_through_the_outbox(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    fill(stand_in, shop)
    for wait in range(10):
        outbox.drain_imports(now=timezone.now() + timedelta(minutes=wait))
    message = OutboxMessage.objects.get(shop=shop, kind="history.import")
    assert (message.state, message.outcome) == ("done", "")
    assert Member.objects.get(shop=shop).name == "Alma Berg"


def test_an_empty_store_has_an_empty_history(stand_in: StandIn) -> None:
    assert everything(stand_in.installed()) == []


def test_a_gathering_that_fails_is_read_page_by_page(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    fill(stand_in, shop)
    stand_in.of(shop.external_id, "PUT", "api-faults", {"bulk_fail": 1})
    assert len(everything(shop)) == 4
    stand_in.of(shop.external_id, "PUT", "api-faults", {})


def test_what_shopify_will_not_gather_is_read_page_by_page(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = stand_in.installed()
    fill(stand_in, shop)
    monkeypatch.setattr(bulk, "document", lambda name: "{ shop { name } }")
    assert len(everything(shop)) == 4


def test_waiting_counts_no_attempt_and_says_how_far_it_is() -> None:
    now = timezone.now()
    due, attempts = judge(NotYet("Shopify is gathering.", retry_after_seconds=15), attempts=1, now=now)
    assert (due, attempts) == (now + timedelta(seconds=15), 0)


def test_a_reader_that_died_goes_on_where_it_was(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = stand_in.installed()
    fill(stand_in, shop)
    reading = history.everything(shop)
    next(reading)
    reading.close()
    assert BulkRead.objects.filter(shop=shop).count() == 2
    operations = set(BulkRead.objects.filter(shop=shop).values_list("operation", flat=True))
    BulkRead.objects.filter(shop=shop, part="orders").update(stored=2)
    left = everything(shop)
    assert [type(each) for each in left] == [PersonSeen, OrderSeen]
    assert len(operations) == 2


def lines_of(count: int, lines: int = 3) -> Iterator[bytes]:
    for number in range(count):
        gid = f"gid://shopify/Order/{number}"
        yield json.dumps({"id": gid, "name": f"#{number}", "note": "x" * 600}).encode()
        for line in range(lines):
            child = {"id": f"gid://shopify/LineItem/{number}{line}", "__parentId": gid, "title": "Lamp"}
            yield json.dumps(child).encode()


def test_a_hundred_thousand_orders_need_the_memory_of_one(tmp_path: Path) -> None:
    """From a file, as the reader does: what is held at a time is an order with its lines."""
    path = tmp_path / "orders.jsonl"
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in lines_of(100_000, lines=1))
    tracemalloc.start()
    try:
        with path.open("rb") as file:
            count = sum(len(order["LineItem"]) for order in bulk.grouped(file))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 100_000
    assert peak_bytes < 2_000_000


@pytest.mark.parametrize(
    "line",
    [b"{", b"[1]", b'{"id": "gid://shopify/LineItem/1", "__parentId": "gid://shopify/Order/404"}', b"\xff"],
)
def test_a_broken_file_is_told_and_nothing_is_guessed(line: bytes) -> None:
    with pytest.raises(Unavailable):
        list(bulk.grouped([*lines_of(2), line]))


def test_a_page_long_line_is_one_order() -> None:
    (one,) = bulk.grouped(lines_of(1, lines=400))
    assert len(one["LineItem"]) == 400
    assert history._connected(one)["lineItems"]["nodes"] == one["LineItem"]


def test_a_file_on_a_strange_host_is_not_fetched(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = stand_in.installed()
    fill(stand_in, shop)
    answer: Any = {"bulkOperation": {"status": "COMPLETED", "rootObjectCount": "3", "url": "https://evil.test/x"}}
    execute = bulk.execute
    monkeypatch.setattr(
        bulk, "execute", lambda shop, name, given: answer if name == "bulk_state" else execute(shop, name, given)
    )
    with pytest.raises(Unavailable, match="may not fetch"):
        list(platform_of(shop).history(shop))
