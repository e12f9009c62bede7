"""The draft beside the live program: at most one, never lost between two people, published as it was seen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.engine.errors import Conflict, Invalid, NotFound, Refused
from loyalty.engine.presets import Setting, preset
from loyalty.models import Member, ProgramVersion, Shop
from loyalty.selectors.programs import draft_of, program_of, version_in_force, versions_of
from loyalty.services.programs import (
    begin_draft,
    discard_draft,
    pause,
    publish,
    publish_draft,
    replace_draft,
    save_draft,
    withdraw,
)
from loyalty.services.redemptions import redeem
from tests.factories import T0, assert_books, balance, make_member, make_order, make_shop, place

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=30)
RATE = {"kind": "per_amount", "id": "purchase", "name": "Points for purchases", "points": 3, "per_minor": 100}


def numbers(shop: Shop) -> list[tuple[int, bool]]:
    rows = ProgramVersion.objects.filter(shop=shop).order_by("number")
    return [(row.number, row.in_force_from is None) for row in rows]


def test_a_draft_says_what_the_latest_version_says_and_orders_do_not_see_it() -> None:
    shop = make_shop()
    draft = begin_draft(shop=shop, at=NOW)
    assert begin_draft(shop=shop, at=NOW).pk == draft.pk
    assert draft.document == ProgramVersion.objects.get(shop=shop, number=1).document
    save_draft(shop=shop, revision=0, part={"rules": [RATE]}, at=NOW, by="Marta")
    place(shop, make_order(at=NOW, prices=(1_000,)))
    assert balance(shop) == 10
    assert numbers(shop) == [(1, False), (2, True)]
    assert [version.number for version in versions_of(shop)] == [1]


def test_a_published_draft_judges_what_comes_after_it() -> None:
    shop = make_shop()
    saved = save_draft(shop=shop, revision=0, part={"rules": [RATE]}, at=NOW)
    make_member(shop)
    published = publish_draft(shop=shop, revision=saved.revision, at=NOW)
    assert (published.number, published.in_force_from, draft_of(shop)) == (2, NOW, None)
    assert Member.objects.get(shop=shop).next_due == NOW
    place(shop, make_order("before", at=NOW - timedelta(minutes=1), prices=(1_000,)), at=NOW)
    place(shop, make_order("after", at=NOW + timedelta(minutes=1), prices=(1_000,)))
    assert balance(shop) == 10 + 30
    assert_books(shop)


def test_who_saved_second_is_told_and_nothing_is_overwritten() -> None:
    shop = make_shop()
    save_draft(shop=shop, revision=0, part={"rules": [RATE]}, at=NOW, by="Marta")
    for late in (
        lambda: save_draft(shop=shop, revision=0, part={"rules": []}, at=NOW),
        lambda: replace_draft(shop=shop, revision=0, program=preset("points").program(EUROS), at=NOW),
        lambda: publish_draft(shop=shop, revision=0, at=NOW),
        lambda: discard_draft(shop=shop, revision=0),
    ):
        with pytest.raises(Conflict, match="changed meanwhile by Marta"):
            late()
    draft = draft_of(shop)
    assert draft is not None
    assert draft.document["rules"] == [RATE]
    assert draft.revision == 1


EUROS = Setting(currency="EUR", exponent=2, time_zone="Europe/Riga")


def test_what_does_not_hold_together_is_refused_at_its_place_and_changes_nothing() -> None:
    shop = make_shop()
    with pytest.raises(Invalid) as refused:
        save_draft(shop=shop, revision=0, part={"rules": [{**RATE, "per_minor": 0}]}, at=NOW)
    assert refused.value.place == "$.rules[0].per_minor"
    with pytest.raises(Invalid, match="sells in EUR"):
        save_draft(shop=shop, revision=0, part={"currency": "USD"}, at=NOW)
    assert draft_of(shop) is None


def test_a_part_goes_back_to_its_default() -> None:
    shop = make_shop()
    saved = save_draft(shop=shop, revision=0, part={"policies": {"hold_days": 7}}, at=NOW)
    assert program_of(saved).policies.hold_days == 7
    assert program_of(save_draft(shop=shop, revision=1, part={"policies": None}, at=NOW)).policies.hold_days == 0


def test_the_draft_is_always_the_next_number() -> None:
    shop = make_shop()
    begin_draft(shop=shop, at=NOW)
    publish(shop=shop, program=preset("points").program(EUROS), at=NOW)
    assert numbers(shop) == [(1, False), (2, False), (3, True)]


def test_to_go_back_is_a_draft_of_what_was() -> None:
    shop = make_shop()
    publish(shop=shop, program=preset("points").program(EUROS), at=NOW)
    with pytest.raises(NotFound):
        begin_draft(shop=shop, at=NOW, number=9)
    back = begin_draft(shop=shop, at=NOW, number=1)
    assert back.document == ProgramVersion.objects.get(shop=shop, number=1).document
    with pytest.raises(Refused, match="Draft 3 is under way"):
        begin_draft(shop=shop, at=NOW, number=2)
    discard_draft(shop=shop, revision=0)
    assert draft_of(shop) is None
    with pytest.raises(NotFound):
        publish_draft(shop=shop, revision=0, at=NOW)


def test_a_draft_can_wait_for_its_day() -> None:
    shop = make_shop()
    saved = save_draft(shop=shop, revision=0, part={"rules": [RATE]}, at=NOW)
    later = NOW + timedelta(days=7)
    publish_draft(shop=shop, revision=saved.revision, at=NOW, in_force_from=later)
    live, then = version_in_force(shop, NOW), version_in_force(shop, later)
    assert (live and live.number, then and then.number) == (1, 2)


def test_orders_of_a_pause_earn_nothing_then_or_later_and_say_so() -> None:
    shop = make_shop()
    pause(shop=shop, earning=True, redeeming=False, at=NOW)
    assert pause(shop=shop, earning=True, redeeming=False, at=NOW + timedelta(minutes=1)) is None
    place(shop, make_order("waits", at=NOW - timedelta(days=1), prices=(1_000,), paid=False))
    place(shop, make_order("in it", at=NOW + timedelta(hours=1), prices=(1_000,)))
    pause(shop=shop, earning=False, redeeming=False, at=NOW + timedelta(days=1))
    place(shop, make_order("after", at=NOW + timedelta(days=2), prices=(500,)))
    assert balance(shop) == 5
    assert_books(shop)


def test_while_redeeming_rests_points_stay_where_they_are() -> None:
    shop = make_shop()
    member = make_member(shop, points=900)
    pause(shop=shop, earning=False, redeeming=True, at=NOW)
    with pytest.raises(Refused) as refused:
        redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=NOW)
    assert refused.value.code == "paused"
    assert balance(shop) == 900
    pause(shop=shop, earning=False, redeeming=False, at=NOW + timedelta(minutes=1))
    redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k2", at=NOW + timedelta(minutes=2))


def test_a_pause_leaves_the_version_that_is_to_come_and_goes_into_the_draft() -> None:
    shop = make_shop()
    program = preset("points").program(EUROS)
    publish(shop=shop, program=program, at=NOW, in_force_from=NOW + timedelta(days=7))
    begin_draft(shop=shop, at=NOW)
    paused = pause(shop=shop, earning=True, redeeming=True, at=NOW)
    assert paused is not None
    assert [version.number for version in versions_of(shop)] == [1, 3, 2]
    assert numbers(shop)[-1] == (4, True)
    draft = draft_of(shop)
    assert draft is not None
    assert program_of(draft).paused.earning
    at_last = version_in_force(shop, NOW + timedelta(days=7))
    assert at_last is not None
    assert not at_last.program.paused.earning


def test_a_version_to_come_is_a_draft_again_behind_what_came_meanwhile() -> None:
    shop = make_shop()
    publish(shop=shop, program=preset("points").program(EUROS), at=NOW, in_force_from=NOW + timedelta(days=7))
    pause(shop=shop, earning=True, redeeming=False, at=NOW)
    begin_draft(shop=shop, at=NOW)
    with pytest.raises(Refused, match="Draft 4 is under way"):
        withdraw(shop=shop, number=2, at=NOW)
    discard_draft(shop=shop, revision=0)
    back = withdraw(shop=shop, number=2, at=NOW)
    assert (back.number, back.in_force_from) == (4, None)
    assert numbers(shop) == [(1, False), (3, False), (4, True)]
    assert publish_draft(shop=shop, revision=back.revision, at=NOW + timedelta(days=1)).number == 4
    for number in (1, 4, 9):
        with pytest.raises(NotFound):
            withdraw(shop=shop, number=number, at=NOW + timedelta(days=1))


def test_there_is_nothing_to_pause_where_nothing_is_live() -> None:
    shop = make_shop()
    ProgramVersion.objects.filter(shop=shop).delete()
    with pytest.raises(Refused, match="nothing to pause"):
        pause(shop=shop, earning=True, redeeming=False, at=NOW)
