"""A year of the demo's two stores, month by month, through the doors that a real year would have used."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty.engine.errors import Refused
from loyalty.management.demo_programs import demo_idea, demo_program
from loyalty.models import Launch, Member, Reconciliation, Redemption, Shop
from loyalty.platforms.ecwid import oauth as ecwid_oauth
from loyalty.platforms.shopify import tokens
from loyalty.platforms.shopify.profile import read_profile
from loyalty.platforms.shopify.session import decode_session_token
from loyalty.selectors.programs import version_in_force
from loyalty.services import launching, programs, redemptions, shops
from loyalty.services.adjustments import adjust
from loyalty.worker import inbox, outbox
from loyalty.worker.reconciliation import reconcile

MONTHS = 12
SEED = 20
STORES: dict[str, dict[str, Any]] = {
    "shopify": {"name": "halfmoon", "title": "Halfmoon Coffee", "currency": "USD", "plan": "enterprise"},
    "ecwid": {"name": "1003", "title": "Lindgren Paper", "currency": "EUR", "timezone": "Europe/Stockholm"},
}
PERIOD_DAYS = 15
ALONE = {"customers": 28, "orders": 22}
"""A period before the program: many buy, few come back."""
WITH_US = {"customers": 14, "orders": 120}
REDEEMERS_A_PERIOD = 5
CODES = ("amount_off", "free_shipping")
"""Rewards that the stand-ins' own shoppers know how to use."""


class Command(BaseCommand):
    help = (
        "Fills the demo's stores with a year of customers, orders, refunds and redemptions, through the installs, the "
        "imports and the services that the product has. `manage.py demo` runs it once, beside its sandbox."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--months", type=int, default=MONTHS, help="how long a history (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX_URL:
            raise CommandError("This fills the demo's sandbox. Run `manage.py demo`, which starts one.")
        months, now = options["months"], datetime.now(UTC).replace(microsecond=0)
        began = now - timedelta(days=30 * months)
        self._staff()
        found = {platform: open_store(platform, fields, began, now) for platform, fields in STORES.items()}
        for number in range(2 * months):
            start = began + timedelta(days=PERIOD_DAYS * number)
            for shop in found.values():
                if number == 2 * (months // 3):
                    _launch(shop, start, now)
                _a_period(shop, number, start, start + timedelta(days=PERIOD_DAYS))
            if number % 2:
                self._progress((number + 1) // 2, months)
        for shop in found.values():
            Reconciliation.objects.filter(shop=shop).delete()  # nothing of the year was meant to come by webhook
            _today(shop, now)
        drafted = demo_idea(demo_program(found["ecwid"], now))
        programs.replace_draft(shop=found["ecwid"], revision=0, program=drafted, at=now, by="Elin L.")

    def _staff(self) -> None:
        people = get_user_model()
        password = settings.DEMO_STAFF_PASSWORD
        if people.objects.filter(username="staff").exists() or not password:
            return
        person = people.objects.create_superuser("staff", "staff@regulars.test", password)
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)

    def _progress(self, done: int, total: int) -> None:
        bar = "#" * (30 * done // total)
        end = "\n" if done == total or not sys.stdout.isatty() else ""
        start = "\r" if sys.stdout.isatty() else ""
        self.stdout.write(f"{start}Filling two stores with a year  [{bar:<30}] {done}/{total} months", ending=end)
        self.stdout.flush()


def _control(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = requests.request(method, f"{settings.SANDBOX_URL}/_sandbox{path}", json=body, timeout=120)
    if not answer.ok:
        raise CommandError(f"The sandbox said {answer.status_code} to {path}: {answer.text[:300]}")
    return answer.json()


def _address(shop: Shop) -> str:
    return f"/{shop.platform}/shops/{shop.external_id}"


def open_store(platform: str, fields: dict[str, Any], began: datetime, now: datetime) -> Shop:
    """A new store of the sandbox with the app installed: by the platform's own flow, with real tokens."""
    made = _control("POST", f"/{platform}/shops", fields)
    store = str(made.get("domain") or made["id"])
    opened = _control("POST", f"/{platform}/shops/{store}/install")
    query = {name: values[0] for name, values in parse_qs(urlsplit(opened[_ENTRY[platform]]).query).items()}
    return _CONNECT[platform](query, began, now)


def _launch(shop: Shop, at: datetime, now: datetime) -> None:
    """After the first third of the history: Home compares what is with what was before."""
    goal = Launch.Goal.SECOND_ORDERS
    launching.choose(shop=shop, goal=goal, preset="", program=demo_program(shop, now), step="launch", at=at)
    launching.launch(shop=shop, at=at)


def _connect_shopify(query: dict[str, str], began: datetime, now: datetime) -> Shop:
    session = decode_session_token(query["id_token"], datetime.now(UTC))
    grant = tokens.exchange(session, now)
    profile = read_profile(session.shop_domain, grant.access_token)
    return shops.install(platform="shopify", profile=profile, grant=grant, at=began)


def _connect_ecwid(query: dict[str, str], began: datetime, now: datetime) -> Shop:
    proven = ecwid_oauth.exchange(code=query["code"], store=query["store_id"], at=now)
    return ecwid_oauth.connect(proven, at=began)


_ENTRY = {"shopify": "open_url", "ecwid": "redirect_url"}
_CONNECT: dict[str, Callable[[dict[str, str], datetime, datetime], Shop]] = {
    "shopify": _connect_shopify,
    "ecwid": _connect_ecwid,
}


def _a_period(shop: Shop, number: int, start: datetime, end: datetime) -> None:
    """Members redeem on its first day, then people buy, with those codes and without, then all of it is fetched."""
    codes = _redeem(shop, number, start)
    wanted = {"seed": SEED + number, "from": start.isoformat(), "to": end.isoformat(), "webhooks": False}
    owners = dict(codes)
    _control(
        "POST",
        f"{_address(shop)}/history",
        {
            **wanted,
            **(WITH_US if version_in_force(shop, start) else ALONE),
            "codes": list(owners),
            "code_owners": owners,
        },
    )
    shop.refresh_from_db()
    while not reconcile(shop=shop, now=end).is_whole:
        shop.refresh_from_db()


def _redeem(shop: Shop, number: int, at: datetime) -> list[tuple[str, str]]:
    """Codes and the e-mails of those who took them."""
    version = version_in_force(shop, at)
    rewards = [reward for reward in version.program.rewards if reward.kind in CODES] if version else []
    if not rewards:
        return []
    reward = rewards[number % len(rewards)]
    rich = list(
        Member.objects.filter(shop=shop, external_id__isnull=False, available__gte=reward.points).order_by("pk")
    )
    dice = random.Random(f"{shop.external_id}/{number}")  # noqa: S311 - the same demo every time
    taken = []
    for member in dice.sample(rich, min(len(rich), REDEEMERS_A_PERIOD)):
        try:
            redemption = redemptions.redeem(
                shop=shop, member_id=member.pk, reward_id=reward.id, request_key=f"demo-{number}", at=at
            )
        except Refused:
            continue
        taken.append((redemption.code, member.email))
    while outbox.drain(now=at):
        pass
    if taken and number % 5 == 1:
        # One in a while changes their mind; the code is taken away and the points are back.
        last = Redemption.objects.get(shop=shop, code=taken.pop()[0])
        redemptions.give_back(shop=shop, number=last.number, why="cancelled", at=at + timedelta(hours=2))
        while outbox.drain(now=at + timedelta(hours=2)):
            pass
    return taken


def _today(shop: Shop, now: datetime) -> None:
    """The last hours come by webhook, and somebody at the desk makes up for a late parcel."""
    _control(
        "POST",
        f"{_address(shop)}/history",
        {
            "seed": SEED,
            "from": (now - timedelta(hours=5)).isoformat(),
            "to": now.isoformat(),
            "customers": 2,
            "orders": 8,
            "webhooks": True,
        },
    )
    _control("POST", "/deliveries/drain", {"timeout_seconds": 30})
    while inbox.drain(now=datetime.now(UTC)):
        pass
    regular = Member.objects.filter(shop=shop, external_id__isnull=False).order_by("-available").first()
    if regular is not None:
        adjust(
            shop=shop,
            member_id=regular.pk,
            points=100,
            actor="Dana K.",
            reason="Parcel arrived a week late",
            key="demo-late-parcel",
            at=now,
        )
    while outbox.drain(now=datetime.now(UTC)):
        pass
    while outbox.drain_shown(now=datetime.now(UTC)):
        pass
