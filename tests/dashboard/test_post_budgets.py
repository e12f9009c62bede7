"""What a press of a button costs: as many queries for ten rows as for a thousand, whatever was pressed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from loyalty.dashboard.formatting import format_for
from loyalty.dashboard.program_fields import kind_of
from loyalty.dashboard.program_forms import Setting, written
from loyalty.engine.exchange import to_json
from loyalty.engine.naming import texts_of
from loyalty.engine.program import to_data
from loyalty.management.large_shop import BESIDE, large_shop
from loyalty.models import (
    HealedOrder,
    InboxDelivery,
    Member,
    OutboxMessage,
    PrivacyRequest,
    ProgramVersion,
    Reconciliation,
    Redemption,
    Referral,
    Shop,
    StaffNote,
    StoredFact,
)
from loyalty.platforms.shopify import billing
from loyalty.selectors.fulfilment import BY_HAND
from loyalty.selectors.programs import draft_of, program_of, version_in_force
from loyalty.services import launching, trials
from loyalty.services.intake import record
from loyalty.services.notes import MOST_NOTES
from loyalty.services.observations import Found, OrderSeen, Person
from loyalty.services.programs import publish_draft, save_draft
from loyalty.services.redemptions import begin_issuing, mark_ready, redeem
from loyalty.services.tier_grants import grant_tier
from loyalty.worker import reconciliation
from tests.dashboard.conftest import BEGAN, bearer_of, fill
from tests.dashboard.test_access import EXPECTED
from tests.dashboard.test_first_run import EARN
from tests.dashboard.test_pages import MOST_QUERIES
from tests.dashboard.test_widget_page import TYPED
from tests.factories import make_order, make_shop, seen

FEW, MANY = 10, 1_000
MOST_REWARDS = 100
FRIENDS = {"kind": "referral", "id": "friends", "referrer_points": 20, "friend_points": 10}
ADJUSTED = {"points": "10", "direction": "give", "reason": "Sorry"}
TIER = {"name": "Gold", "minimum": "9000.00", "perks": "Tea"}


@dataclass(frozen=True)
class Rows:
    """A shop with `count` of what pages list, and one of each to press a button at."""

    shop: Shop
    count: int
    member: Member
    redemption: Redemption
    promised: Redemption
    friend: Referral
    delivery: InboxDelivery
    message: OutboxMessage
    asked: PrivacyRequest

    @property
    def revision(self) -> str:
        draft = draft_of(self.shop)
        return str(draft.revision) if draft else "0"


POSTED = 13
"""The member is locked; fact, movements, balance and checkpoint are written, and what the platform is to be told."""
SUGGESTED, ANSWERED = 11, 4
"""The past is looked at, then goal, draft and step are written behind their locks."""
VERSIONED = 4
"""The versions are locked and numbered, one is written, and every member is to be folded."""
COMPARED = 15
"""The question is kept, claimed and answered; the order that was found is stored, posted and noted."""
State = Callable[[Rows], None]
Typed = Callable[[Rows], Mapping[str, Any]]


def nothing(rows: Rows) -> None:
    """The shop as it is: a program in force, no draft."""


def drafted(rows: Rows) -> None:
    """Something of every part differs from what is live, and there is as much of it as the shop is large."""
    live = version_in_force(rows.shop, timezone.now())
    assert live
    data = to_data(live.program)
    extra = min(rows.count, MOST_REWARDS)
    part = {
        "rewards": [
            *data["rewards"],
            *({"id": f"r{n}", "kind": "custom", "name": f"Thing {n}", "points": 10 + n} for n in range(extra)),
        ],
        "tiers": [{"id": f"t{n}", "name": f"T{n}", "minimum": 10_000 * n} for n in range(min(extra, 10))],
    }
    save_draft(shop=rows.shop, revision=0, part=part, at=timezone.now(), by="x")


def to_come(rows: Rows) -> None:
    drafted(rows)
    later = timezone.now() + timedelta(days=9)
    publish_draft(shop=rows.shop, revision=int(rows.revision), at=timezone.now(), in_force_from=later)


def tried(rows: Rows) -> None:
    drafted(rows)
    trials.begin(shop=rows.shop, by="x", at=timezone.now())


def unlaunched(rows: Rows) -> None:
    """Installed, its past orders read, and no program yet."""
    ProgramVersion.objects.filter(shop=rows.shop).delete()


def begun(rows: Rows) -> None:
    """The goal is chosen; the questions come."""
    now = timezone.now()
    live = version_in_force(rows.shop, now)
    assert live
    unlaunched(rows)
    launching.choose(shop=rows.shop, goal="second_orders", preset="points", program=live.program, step="earn", at=now)


def tiered(rows: Rows) -> None:
    drafted(rows)
    publish_draft(shop=rows.shop, revision=int(rows.revision), at=timezone.now())


def granted(rows: Rows) -> None:
    tiered(rows)
    now = timezone.now()
    grant_tier(shop=rows.shop, member_id=rows.member.pk, tier="t9", until=None, actor="x", reason="x", key="x", at=now)


def the_grant(rows: Rows) -> tuple[int, int]:
    return rows.member.pk, StoredFact.objects.get(shop=rows.shop, kind="tier_grant").pk


def on_ecwid(rows: Rows) -> None:
    tiered(rows)
    Shop.objects.filter(pk=rows.shop.pk).update(platform="ecwid")


def noted(rows: Rows) -> None:
    """As many notes as there may be, but one."""
    StaffNote.objects.bulk_create(
        StaffNote(shop=rows.shop, member=rows.member, key=f"{number}", text="Tea", actor="x", at=BEGAN)
        for number in range(min(rows.count, MOST_NOTES - 1))
    )


def a_note(rows: Rows) -> tuple[int, int]:
    return rows.member.pk, StaffNote.objects.filter(shop=rows.shop).latest("pk").pk


def keyed(**typed: str) -> Typed:
    return lambda _rows: {**typed, "key": str(uuid.uuid4())}


def at_revision(**typed: str) -> Typed:
    return lambda rows: {**typed, "revision": rows.revision}


def granting(rows: Rows) -> Mapping[str, str]:
    return {"key": str(uuid.uuid4()), "tier": "t9", "reason": "Sorry"}


def codes(rows: Rows) -> Mapping[str, str]:
    return {"codes": "\n".join(f"CODE-{number}" for number in range(rows.count))}


def products(rows: Rows) -> Mapping[str, str]:
    return {
        "rows": "\n".join(f"{number},{number % 50 + 1}" for number in range(rows.count)),
        "revision": rows.revision,
    }


def translations(rows: Rows) -> Mapping[str, Any]:
    draft = draft_of(rows.shop)
    assert draft
    own = [text for _part, text in texts_of(program_of(draft))][:400]
    return {"lang": "lv", "revision": rows.revision, "own": own, "said": [f"{text} latviski" for text in own]}


def policies(rows: Rows) -> Mapping[str, Any]:
    draft = draft_of(rows.shop)
    assert draft
    program = program_of(draft)
    kind = kind_of("policies", {}, program.policies.tier_measure)
    assert kind
    setting = Setting(format_for(rows.shop), program)
    return {
        **written(kind, to_data(program).get("policies", {}), setting),
        "hold_days": "13",
        "revision": rows.revision,
    }


def file(rows: Rows) -> Mapping[str, str]:
    draft = draft_of(rows.shop)
    assert draft
    return {"document": to_json(program_of(draft)), "revision": rows.revision}


@dataclass(frozen=True)
class Press:
    """`at` is what of the shop the address names, or its words; `work` the queries of what is done, beside those of the
    page that says so; `handed_on` those of leaving to a worker what is more than a page has time for."""

    name: str
    typed: Mapping[str, Any] | Typed = field(default_factory=dict)
    state: State = nothing
    at: str | tuple[str, ...] | Callable[[Rows], tuple[int, ...]] = ()
    work: int = 0
    handed_on: int = 0

    def address(self, rows: Rows) -> str:
        if isinstance(self.at, str):
            return reverse(f"dashboard:{self.name}", args=[getattr(rows, self.at).pk])
        words = self.at if isinstance(self.at, tuple) else self.at(rows)
        return reverse(f"dashboard:{self.name}", args=words)


PRESSES = (
    Press("start", {"goal": "second_orders", "margin": "40"}, unlaunched, work=SUGGESTED),
    Press("start", {"goal": "larger_orders"}),
    Press("questions", at_revision(**EARN), begun, work=ANSWERED),
    Press("questions", {"preset": "points"}, begun, work=SUGGESTED),
    Press("launch", at_revision(past="none"), begun, work=VERSIONED),
    Press("launch", at_revision(past="all"), begun, work=VERSIONED),
    Press("widget", TYPED),
    Press("widget_preview", TYPED),
    Press("widget_secret"),
    Press("friend_settle", {"outcome": "two"}, at="friend", work=POSTED),
    Press("friend_settle", {"outcome": "one"}, at="friend"),
    Press("adjust", keyed(**ADJUSTED), at="member", work=POSTED),
    Press("notes", keyed(text="Likes tea."), noted, at="member"),
    Press("note_delete", {}, noted, at=a_note),
    Press("birthday", {"month": "4", "day": "1"}, at="member", work=POSTED),
    Press("tier_grant", granting, tiered, at="member", work=POSTED),
    Press("tier_grant_end", state=granted, at=the_grant, work=POSTED),
    Press("redemption_cancel", at="redemption", work=POSTED),
    Press("todo_secret"),
    Press("todo_settle", {"outcome": "done"}, at="promised"),
    Press("todo_settle", {"outcome": "undone", "note": "Shut"}, at="promised", work=POSTED),
    Press("partner_upload", codes, at=("partner",)),
    Press("program_publish", at_revision(when="now"), drafted),
    Press("program_publish", at_revision(when="at", at="2099-01-01T09:00"), drafted),
    Press("program_discard", at_revision(), drafted),
    Press("program_try", {"lines.0.price": "5", "member": "friend0"}, drafted),
    Press("what_if", state=drafted),
    Press("what_if", {"what": "live"}),
    Press("what_if_stop", state=tried),
    Press("program_file", file, drafted),
    Press("program_translations", translations, drafted),
    Press("program_pause", {"earning": "on"}, drafted, work=VERSIONED),
    Press("program_withdraw", state=to_come, at=("2",), work=VERSIONED),
    Press("program_back", at=("1",)),
    Press("product_points", products),
    Press("product_points", products, drafted),
    Press("program_add", at_revision(**TIER), drafted, at=("tiers",)),
    Press("program_edit", at_revision(points="5", per_minor="1"), drafted, at=("rules", "base")),
    Press("program_set", policies, drafted, at=("policies",)),
    Press("program_reads", {"hold_days": "14"}, drafted, at=("policies",)),
    Press("program_change", at_revision(do="off"), drafted, at=("rewards", "r1")),
    Press("program_change", at_revision(do="up"), drafted, at=("rewards", "r1")),
    Press("program_change", at_revision(do="remove"), drafted, at=("rewards", "r1")),
    Press("store", {"paid": "PAID", "tiers": "on", "perk-t1": "5"}, on_ecwid),
    Press("plan", {"plan": "Starter"}),
    Press("delivery_replay", at="delivery"),
    Press("comparisons", {"number": "#new"}, work=COMPARED),
    Press("comparisons", work=COMPARED),
    Press("undone_replay", at="message"),
    Press("undone_replay_all", handed_on=3),
    Press("privacy_handed", at="asked"),
)


class Store:
    """The platform has one order that we do not know."""

    order = make_order("new", at=BEGAN)

    def orders_changed(self, shop: Shop, *, since: datetime) -> Iterator[Found]:
        yield seen(self.order, None)

    def order_numbered(self, shop: Shop, number: str) -> OrderSeen:
        return seen(self.order, None)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Answers without a network."""
    monkeypatch.setattr(reconciliation, "platform_of", lambda shop: Store())
    settings.SHOPIFY_BILLING_PLANS = ["Starter 9.00 USD monthly 14"]
    answers = {
        "app_subscribe": {"appSubscriptionCreate": {"userErrors": [], "confirmationUrl": "https://shop.test/confirm"}},
        "app_subscriptions": {"currentAppInstallation": {"activeSubscriptions": []}},
    }
    monkeypatch.setattr(billing, "execute", lambda shop, query, variables=None: answers[query])


def few() -> Shop:
    shop = make_shop(at=BEGAN, name="Few")
    live = version_in_force(shop, BEGAN)
    assert live
    data = to_data(live.program)
    ProgramVersion.objects.filter(shop=shop).update(document={**data, "rewards": [*data["rewards"], *BESIDE]})
    fill(shop, members=FEW, orders=2)
    owner = Member.objects.filter(shop=shop).order_by("pk")[0]
    made = redeem(shop=shop, member_id=owner.pk, reward_id="by-hand", request_key="x", at=timezone.now())
    begin_issuing(shop=shop, number=made.number)
    mark_ready(shop=shop, number=made.number, external_id=BY_HAND, at=timezone.now())
    return shop


def many() -> Shop:
    """Its first member alone has a thousand orders."""
    shop = large_shop(movements=2 * MANY, now=timezone.now(), on_movements=lambda rows: None)
    first = Member.objects.filter(shop=shop).order_by("pk")[0]
    person = Person(external_id=first.external_id or "", email=first.email, name=first.name)
    orders = (make_order(f"own-{number}", at=BEGAN + timedelta(minutes=number)) for number in range(MANY))
    record(shop=shop, observations=[seen(order, person) for order in orders], at=timezone.now())
    return shop


def with_rows(shop: Shop, count: int) -> Rows:
    """As many of everything that pages list, beside what the shop has, and thanks for friends."""
    numbers, at = range(count), BEGAN
    version = ProgramVersion.objects.filter(shop=shop).latest("number")
    version.document["rules"].append(FRIENDS)
    version.save()
    InboxDelivery.objects.bulk_create(
        InboxDelivery(
            shop=shop, delivery_id=f"n{n}", topic="orders/paid", body=b"{}", state="dead", due_at=at, received_at=at
        )
        for n in numbers
    )
    OutboxMessage.objects.bulk_create(
        OutboxMessage(shop=shop, kind="reward.pay", subject=f"n{n}", state="dead", due_at=at, created_at=at)
        for n in numbers
    )
    compared = Reconciliation.objects.bulk_create(
        Reconciliation(shop=shop, begun_at=at, finished_at=at) for _n in numbers
    )
    HealedOrder.objects.bulk_create(
        HealedOrder(
            shop=shop,
            reconciliation=compared[0],
            order_id=f"n{n}",
            number=f"#n{n}",
            was_missing=True,
            points=1,
            healed_at=at,
        )
        for n in numbers
    )
    PrivacyRequest.objects.bulk_create(
        PrivacyRequest(shop=shop, kind="export", request_id=f"n{n}", asked_at=at, state="done", document="{}")
        for n in numbers
    )
    first = Member.objects.filter(shop=shop).order_by("pk")[0]
    brought = Member.objects.bulk_create(
        Member(shop=shop, external_id=f"friend{n}", name=f"Friend {n}", enrolled_at=at) for n in numbers
    )
    Referral.objects.bulk_create(
        Referral(
            shop=shop, referrer=first, friend=friend, claimed_at=at, state="held", why="same_home", order_id=f"n{n}"
        )
        for n, friend in enumerate(brought)
    )
    waiting = Redemption.objects.filter(shop=shop, state="ready").order_by("pk")
    return Rows(
        shop=shop,
        count=count,
        member=first,
        redemption=waiting.exclude(external_id=BY_HAND)[0],
        promised=waiting.filter(external_id=BY_HAND, reward="by-hand")[0],
        friend=Referral.objects.filter(shop=shop).order_by("pk")[0],
        delivery=InboxDelivery.objects.filter(shop=shop, state="dead").order_by("pk")[0],
        message=OutboxMessage.objects.filter(shop=shop, state="dead").order_by("pk")[0],
        asked=PrivacyRequest.objects.filter(shop=shop).order_by("pk")[0],
    )


def spent(rows: Rows, press: Press) -> int:
    """Queries of one press, which is undone afterwards. Where a transaction begins and ends is no query."""
    with transaction.atomic():
        press.state(rows)
        typed = press.typed if isinstance(press.typed, Mapping) else press.typed(rows)
        headers = {"Authorization": bearer_of(rows.shop), "HX-Request": "true"}
        with CaptureQueriesContext(connection) as queries:
            answer = Client().post(press.address(rows), typed, headers=headers)
        transaction.set_rollback(True)
    assert answer.status_code == 200, f"{press.name}: {answer.content.decode()}"
    return sum(not each["sql"].startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")) for each in queries)


def test_every_address_that_takes_a_press_has_a_line() -> None:
    assert {press.name for press in PRESSES} == {
        name for name, (_at, _get, on_post) in EXPECTED.items() if on_post != 405
    }


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.usefixtures("platform")
def test_a_press_costs_the_same_at_ten_and_at_a_thousand_rows() -> None:
    small, large = with_rows(few(), FEW), with_rows(many(), MANY)
    found = {
        f"{press.name}, line {number}": (
            spent(small, press) + press.handed_on,
            spent(large, press),
            MOST_QUERIES + press.work,
        )
        for number, press in enumerate(PRESSES, 1)
    }
    assert {name: each for name, each in found.items() if each[1] > min(each[0], each[2])} == {}
