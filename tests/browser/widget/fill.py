"""The stores that the widget is looked at in, made in the demo's environment by `manage.py shell`.

On each platform one store with all that a program can have and a shopper of each kind, one that is paused, and one whose
app is installed and no program live."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from django.conf import settings

from loyalty.engine.exchange import from_data
from loyalty.management.commands.fill_demo import open_store
from loyalty.models import Member, Shop
from loyalty.services import shoppers
from loyalty.services.adjustments import adjust
from loyalty.services.programs import pause, publish
from loyalty.services.redemptions import redeem
from loyalty.services.widget_settings import save
from loyalty.worker import inbox, outbox

FIELDS: dict[str, dict[str, dict[str, str]]] = {
    "shopify": {
        "rich": {"name": "states-rich", "title": "Halfmoon Coffee", "currency": "USD"},
        "paused": {"name": "states-paused", "title": "Resting Coffee", "currency": "USD"},
        "bare": {"name": "states-bare", "title": "New Coffee", "currency": "USD"},
    },
    "ecwid": {
        "rich": {"name": "3101", "title": "Lindgren Paper", "currency": "EUR"},
        "paused": {"name": "3102", "title": "Resting Paper", "currency": "EUR"},
        "bare": {"name": "3103", "title": "New Paper", "currency": "EUR"},
    },
}
PROGRAM: dict[str, Any] = {
    "rules": [
        {"kind": "per_amount", "id": "base", "points": 5, "per_minor": 100},
        {"kind": "activity", "id": "up", "activity": "sign_up", "points": 50},
        {"kind": "birthday", "id": "day", "points": 100},
        {"kind": "referral", "id": "friend", "friend_points": 100, "referrer_points": 250},
        {"kind": "activity", "id": "follow", "activity": "social_follow", "points": 20},
        {"kind": "activity", "id": "event", "activity": "event_attended", "points": 30, "code": "MARKET-26"},
        {"kind": "milestone", "id": "fifth", "steps": [{"orders": 5, "points": 200}]},
    ],
    "rewards": [
        {"id": "off", "name": "Amount off", "kind": "amount_off", "points": 500, "value_minor": 500},
        {"id": "slide", "name": "Points as money", "kind": "points_slider", "points": 100, "value_minor": 100},
        {"id": "cup", "name": "Cupping for two", "kind": "custom", "points": 150, "description": "Every first Friday."},
        {"id": "ship", "name": "Free shipping", "kind": "free_shipping", "points": 90_000},
    ],
    "tiers": [
        {"id": "regular", "name": "Regular"},
        {"id": "insider", "name": "Insider", "minimum": 500_000, "perks": ["Early access to what is new"]},
    ],
    "policies": {"hold_days": 14, "expiry": "lot", "expiry_days": 70},
}
CHOICES: dict[str, Any] = {
    "theme": "auto",
    "own_terms": {"en": "Points cannot be sold."},
    "own_questions": {"en": [{"question": "Do you roast on Mondays?", "answer": "On Tuesdays."}]},
}
BEGAN = timedelta(days=65)
PEOPLE = {name: name.capitalize() for name in ("marta", "nils", "olga", "pia", "rita")}
"""Marta has all there is to have, Nils too little for any reward, Olga and Pia nothing but what joining brought."""


def main(file: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    made: dict[str, Any] = {}
    for platform, stores in FIELDS.items():
        shops = {name: open_store(platform, fields, now - BEGAN, now) for name, fields in stores.items()}
        for name in ("rich", "paused"):
            _program(shops[name], now)
            _people(shops[name], now)
        made[platform] = {name: {"shop": shop.external_id, "people": {}} for name, shop in shops.items()}
    _control("/deliveries/drain", {"timeout_seconds": 30})
    for platform in FIELDS:
        for name in ("rich", "paused"):
            shop = Shop.objects.get(platform=platform, external_id=made[platform][name]["shop"])
            _arrive(shop)
            made[platform][name]["people"] = _history(shop, now)
            if name == "paused":
                pause(shop=shop, earning=True, redeeming=True, at=now)
    Path(file).write_text(json.dumps(made))


def _control(path: str, body: dict[str, Any]) -> Any:
    answer = requests.post(f"{settings.SANDBOX_URL}/_sandbox{path}", json=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


def _program(shop: Shop, now: datetime) -> None:
    began = now - BEGAN
    document = {
        "format": 1,
        "name": shop.name,
        "currency": shop.currency,
        "exponent": shop.exponent,
        "time_zone": "UTC",
    }
    publish(shop=shop, program=from_data({**document, **PROGRAM}), at=began)
    save(shop=shop, data=CHOICES, at=began)


def _people(shop: Shop, now: datetime) -> None:
    """Two orders of Marta: one whose points have come, and one that waits."""
    address = f"/{shop.platform}/shops/{shop.external_id}"
    sku = "HB" if shop.platform == "shopify" else "PEN-BR"
    for name, full in PEOPLE.items():
        body = {"email": f"{name}@states.test", "name": full, "account": True}
        customer = _control(f"{address}/customers", body)["id"]
        if name == "marta":
            for days in (40, 1):
                line = {"title": "Brass pen", "price": "240.00", "quantity": 1, "sku": sku}
                at = (now - timedelta(days=days)).isoformat()
                _control(f"{address}/orders", {"customer": customer, "lines": [line], "at": at})


def _arrive(shop: Shop) -> None:
    """Everybody is known and has the points of their orders."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        while inbox.drain(now=datetime.now(UTC)):
            pass
        known = Member.objects.filter(shop=shop, external_id__isnull=False)
        if known.count() == len(PEOPLE) and known.filter(available__gte=1_200).exists():
            return
        time.sleep(0.1)
    raise SystemExit(f"The people of {shop} did not arrive.")


def _history(shop: Shop, now: datetime) -> dict[str, Any]:
    """What else happened to them, and for each a session of their own device."""
    people: dict[str, Any] = {}
    for name in PEOPLE:
        member = Member.objects.get(shop=shop, email=f"{name}@states.test")
        if name == "marta":
            gift = {"actor": "staff", "reason": "For the parcel that came late.", "key": "late"}
            adjust(shop=shop, member_id=member.pk, points=140, at=now - timedelta(days=62), **gift)
            adjust(shop=shop, member_id=member.pk, points=2_000, at=now, **{**gift, "key": "again"})
            redeem(shop=shop, member_id=member.pk, reward_id="off", request_key="states-first", at=now)
            while outbox.drain(now=now):
                pass
        if name == "nils":
            adjust(shop=shop, member_id=member.pk, points=20, actor="staff", reason="Welcome.", key="n", at=now)
        session = shoppers.new_device(shop=shop, member=member, at=now)
        people[name] = {"id": member.external_id, "token": session.token, "device": session.device_token}
    return people
