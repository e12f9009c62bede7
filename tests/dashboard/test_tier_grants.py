"""A tier given by hand holds until its day, and is taken back; the member's page shows how far the next one is."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.utils import timezone

from loyalty.dashboard.formatting import format_for
from loyalty.engine.errors import Invalid
from loyalty.engine.tiers import Level
from loyalty.models import Checkpoint, Member, Shop, StoredFact
from loyalty.selectors.dashboard import folded
from loyalty.selectors.programs import version_in_force
from loyalty.services import tier_grants
from loyalty.services.posting import fold_and_post
from loyalty.services.programs import publish
from loyalty.services.tier_grants import grant_tier, take_back
from loyalty.worker.schedule import fold_due
from tests.dashboard.conftest import BEGAN, SCRIPT, Ask, words
from tests.factories import ALICE, BOB, assert_books, make_order, make_shop, place

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LEVELS = (
    Level(id="bean", name="Bean"),
    Level(id="gold", name="Gold", minimum=100_000, entry_points=50),
    Level(id="circle", name="Circle", minimum=900_000, by_invitation=True),
)


@pytest.fixture
def shop(db: None) -> Shop:
    shop = make_shop(platform="ecwid", currency="USD", at=BEGAN)
    version = version_in_force(shop, timezone.now())
    assert version
    publish(shop=shop, program=msgspec.structs.replace(version.program, tiers=LEVELS), at=BEGAN + DAY)
    place(shop, make_order("1", at=BEGAN + 2 * DAY, prices=(40_000,), currency="USD"))
    return shop


@pytest.fixture
def alice(shop: Shop) -> Member:
    return Member.objects.get(shop=shop, external_id=ALICE.external_id)


def path(member: Member) -> str:
    return f"/dashboard/members/{member.pk}/tier/"


def typed(**more: str) -> dict[str, str]:
    return {"key": str(uuid.uuid4()), "tier": "gold", "last_day": "", "reason": "A late parcel", **more}


def plain(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "")


def test_the_page_shows_how_far_the_next_tier_is(ask: Ask, alice: Member) -> None:
    page = ask(f"/dashboard/members/{alice.pk}/", alice.shop)
    assert 'max="100000" value="40000"' in page.content.decode()
    assert "Tier Bean $600.00 to Gold $400.00 of $1,000.00 spent" in plain(words(page))


@pytest.mark.parametrize(("measure", "minimum", "said"), [("orders", 2, "1 order to"), ("points", 401, "1 point to")])
def test_one_that_is_missing_is_said_in_the_singular(
    ask: Ask, alice: Member, measure: str, minimum: int, said: str
) -> None:
    version = version_in_force(alice.shop, timezone.now())
    assert version
    policies = msgspec.structs.replace(version.program.policies, tier_measure=measure)
    tiers = (LEVELS[0], Level(id="gold", name="Gold", minimum=minimum))
    program = msgspec.structs.replace(version.program, tiers=tiers, policies=policies)
    publish(shop=alice.shop, program=program, at=timezone.now())
    assert f"{said} Gold" in plain(words(ask(f"/dashboard/members/{alice.pk}/", alice.shop)))


def card(ask: Ask, alice: Member, **policies: object) -> str:
    """What the member's page says of the tier, under a program with these policies."""
    version = version_in_force(alice.shop, timezone.now())
    assert version
    tiers = (LEVELS[0], Level(id="gold", name="Gold", minimum=30_000))
    changed = msgspec.structs.replace(version.program.policies, **policies)
    publish(
        shop=alice.shop,
        program=msgspec.structs.replace(version.program, tiers=tiers, policies=changed),
        at=BEGAN + 4 * DAY,
    )
    alice.refresh_from_db()
    fold_and_post(shop=alice.shop, members=[alice], at=timezone.now())
    page = plain(words(ask(f"/dashboard/members/{alice.pk}/", alice.shop)))
    return page[page.index("Tier Gold") :]


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ({}, "$400.00 spent in the last 365 days; the tier needs $300.00 spent. Only a refund can take it before"),
        ({}, "Lost with less than $300.00 spent in the last 365 days."),
        ({"tier_grace_days": 30}, "Lost with less than $300.00 spent in the last 365 days, 30 days later."),
        ({"tier_period": "lifetime"}, "Lost only if refunds leave less than $300.00 spent."),
        ({"tier_kept": "a_year"}, "Lost after that with less than $300.00 spent in the last 365 days."),
    ],
)
def test_the_highest_tier_says_since_when_with_what_and_what_loses_it(
    ask: Ask, alice: Member, policies: dict[str, object], said: str
) -> None:
    told = card(ask, alice, **policies)
    fmt = format_for(alice.shop)
    assert f"Since {fmt.full_day(BEGAN + 4 * DAY)}." in told
    assert said in told
    assert ("Kept until" in told) == ("tier_kept" in policies)
    if not policies:
        until = fmt.day(BEGAN + 2 * DAY + 365 * DAY, timezone.now())
        assert f"Only a refund can take it before {until}." in told


def test_a_highest_tier_that_was_only_granted_is_not_lost_by_what_is_counted(ask: Ask, alice: Member) -> None:
    ask(path(alice), alice.shop, "post", **typed(tier="circle"))
    page = plain(words(ask(f"/dashboard/members/{alice.pk}/", alice.shop)))
    assert f"Since {format_for(alice.shop).full_day(timezone.now())}. Circle until it is taken back" in page
    assert "Lost " not in page
    assert "the tier needs" not in page


def test_a_granted_tier_is_had_at_once_with_what_it_gives_on_entry(ask: Ask, alice: Member) -> None:
    before = alice.available
    data = typed(last_day=(timezone.now() + 30 * DAY).date().isoformat())
    page = plain(words(ask(path(alice), alice.shop, "post", **data)))
    assert "Alice A. has Gold." in page
    assert "granted on" in page
    assert "A late parcel" in page
    alice.refresh_from_db()
    assert (alice.tier, alice.available) == ("gold", before + 50)
    ask(path(alice), alice.shop, "post", **data)
    assert StoredFact.objects.filter(shop=alice.shop, kind="tier_grant").count() == 1, "the second press adds nothing"
    assert_books(alice.shop)


def test_it_holds_through_its_last_day_in_the_shop_and_no_longer(ask: Ask, alice: Member) -> None:
    ask(path(alice), alice.shop, "post", **typed(last_day="2031-07-15"))
    end = datetime(2031, 7, 15, 21, 0, tzinfo=UTC)  # midnight in Riga
    for at, tier in ((end - timedelta(seconds=1), "gold"), (end, "bean")):
        fold_due(now=at)
        alice.refresh_from_db()
        assert alice.tier == tier


def test_a_tier_by_invitation_is_granted_and_taken_back(ask: Ask, alice: Member) -> None:
    ask(path(alice), alice.shop, "post", **typed(tier="circle"))
    alice.refresh_from_db()
    assert alice.tier == "circle"
    page = ask(path(alice), alice.shop)
    assert "Circle until it is taken back" in plain(words(page))
    grant = StoredFact.objects.get(shop=alice.shop, kind="tier_grant")
    again = words(ask(f"{path(alice)}{grant.pk}/", alice.shop, "post"))
    assert "It is taken back." in again
    assert "Granted already" not in again
    alice.refresh_from_db()
    assert alice.tier == "bean"
    body = StoredFact.objects.get(pk=grant.pk, shop=alice.shop).body
    ask(f"{path(alice)}{grant.pk}/", alice.shop, "post")
    assert StoredFact.objects.get(pk=grant.pk, shop=alice.shop).body == body, "what has ended stays as it is"
    assert_books(alice.shop)


def test_there_is_an_end_of_open_ones(ask: Ask, alice: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tier_grants, "MOST_OPEN", 1)
    ask(path(alice), alice.shop, "post", **typed())
    refused = ask(path(alice), alice.shop, "post", **typed(tier="circle"))
    assert refused.status_code == 422
    assert "Take one back first." in words(refused)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"tier": ""}, "tier"),
        ({"tier": "platinum"}, "tier"),
        ({"reason": " "}, "reason"),
        ({"last_day": "tomorrow"}, "until"),
        ({"last_day": "2020-01-01"}, "until"),
        ({"last_day": "9999-12-31"}, "until"),
        ({"last_day": "2100-01-01"}, "until"),
        ({"key": "x"}, "tier"),
    ],
)
def test_what_cannot_be_granted_is_said_at_its_field(
    ask: Ask, alice: Member, wrong: dict[str, str], field: str
) -> None:
    answer = ask(path(alice), alice.shop, "post", **typed(**wrong))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.content.decode()
    assert not StoredFact.objects.filter(shop=alice.shop, kind="tier_grant").exists()


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(days=3)])
def test_nobody_grants_a_tier_that_is_over_already(shop: Shop, alice: Member, ago: timedelta) -> None:
    """Whoever asks: the form is not the only one."""
    at = BEGAN + 3 * DAY
    with pytest.raises(Invalid, match="not over"):
        grant_tier(shop=shop, member_id=alice.pk, tier="gold", until=at - ago, actor="a", reason="b", key="k", at=at)
    assert not StoredFact.objects.filter(shop=shop, kind="tier_grant").exists()


def test_what_staff_typed_is_escaped(ask: Ask, alice: Member) -> None:
    ask(path(alice), alice.shop, "post", **typed(reason=SCRIPT))
    for address in (path(alice), f"/dashboard/members/{alice.pk}/"):
        assert SCRIPT not in ask(address, alice.shop).content.decode()


def test_a_shop_without_tiers_says_where_they_are_made(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    place(shop, make_order("1", at=BEGAN + DAY))
    member = Member.objects.get(shop=shop)
    assert "Grant a tier" not in words(ask(f"/dashboard/members/{member.pk}/", shop))
    assert "The program has no tiers" in words(ask(path(member), shop))


def test_a_grant_of_another_member_is_not_taken_back(ask: Ask, alice: Member) -> None:
    ask(path(alice), alice.shop, "post", **typed())
    grant = StoredFact.objects.get(shop=alice.shop, kind="tier_grant")
    place(alice.shop, make_order("2", at=BEGAN + 2 * DAY, currency="USD"), BOB)
    bob = Member.objects.get(shop=alice.shop, external_id="7002")
    assert ask(f"{path(bob)}{grant.pk}/", alice.shop, "post").status_code == 404


def test_behind_a_checkpoint_a_grant_taken_back_is_as_if_folded_from_the_start(shop: Shop, alice: Member) -> None:
    at = BEGAN + 3 * DAY
    grant_tier(shop=shop, member_id=alice.pk, tier="gold", until=None, actor="a", reason="b", key="k", at=at)
    for number in range(30):
        order = make_order(f"n{number}", at=at + timedelta(hours=number), prices=(100,), currency="USD")
        place(shop, order)
    now = BEGAN + 15 * DAY
    alice.refresh_from_db()
    fold_and_post(shop=shop, members=[alice], at=now)
    assert Checkpoint.objects.filter(shop=shop, mark__gt=at).exists()
    fact = StoredFact.objects.get(shop=shop, kind="tier_grant")
    take_back(shop=shop, member_id=alice.pk, fact_id=fact.pk, at=now)
    alice.refresh_from_db()
    assert alice.tier == "bean"
    statement = folded(shop=shop, members=[alice], as_of=now)[alice.pk].statement
    assert statement.tier
    assert (statement.tier.id, statement.available) == ("bean", alice.available)
    assert_books(shop)
