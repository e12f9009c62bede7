"""Letters that members asked for: news alone, once a week at most, ended by whoever has the letter."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import msgspec
import pytest
from django.core import mail
from django.test import Client

from loyalty.engine.activities import BirthdayRule
from loyalty.engine.program import default_program
from loyalty.models import Member, OutboxMessage, Shop
from loyalty.services.adjustments import adjust
from loyalty.services.enrolment import leave_program
from loyalty.services.forgetting_shops import forget_shop
from loyalty.services.merging import merge
from loyalty.services.profiles import choose_notice
from loyalty.services.programs import publish
from loyalty.services.shops import uninstall
from loyalty.worker import letters as module
from loyalty.worker import outbox
from loyalty.worker.letters import write_letters
from tests.factories import ALICE, BOB, T0, make_member, make_shop

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=30)


@pytest.fixture
def shop() -> Shop:
    made = make_shop()
    base = default_program("EUR", 2, "Europe/Riga", "Points")
    rules = (*base.rules, BirthdayRule(id="b", points=50))
    publish(shop=made, program=msgspec.structs.replace(base, rules=rules), at=T0 + timedelta(days=1))
    make_member(made, points=400)
    make_member(made, BOB, points=400)
    return made


def alice(shop: Shop) -> Member:
    return Member.objects.get(shop=shop, external_id=ALICE.external_id)


def ask(shop: Shop, *names: str) -> None:
    for name in names:
        choose_notice(shop=shop, member_id=alice(shop).pk, name=name, wanted=True, at=NOW)


def letters(shop: Shop) -> list[dict]:
    rows = OutboxMessage.objects.filter(shop=shop, kind="mail").order_by("pk")
    return [json.loads(row.secret) for row in rows]


def test_nobody_is_written_to_who_has_not_asked(shop: Shop) -> None:
    assert write_letters(now=NOW) == 0
    assert letters(shop) == []


def test_a_letter_tells_of_what_was_asked_for_and_of_nothing_else(shop: Shop) -> None:
    ask(shop, "points")
    assert write_letters(now=NOW) == 1
    [letter] = letters(shop)
    assert (letter["to"], letter["subject"]) == ("alice@shopper.test", "Your points at Halfmoon")
    assert "- 100 points to go for €5 off." in letter["text"]
    assert "birthday" not in letter["text"]
    assert "https://halfmoon.test" in letter["text"]


def test_once_a_week_at_most_and_never_the_same_alone(shop: Shop) -> None:
    ask(shop, "points", "news")
    for number in range(60):
        write_letters(now=NOW + timedelta(hours=12 * number))
    assert len(letters(shop)) == 1
    adjust(shop=shop, member_id=alice(shop).pk, points=200, actor="D", reason="r", key="k", at=NOW + timedelta(days=31))
    write_letters(now=NOW + timedelta(days=32))
    assert "You have enough for €5 off." in letters(shop)[1]["text"]
    choose_notice(shop=shop, member_id=alice(shop).pk, name="points", wanted=False, at=NOW)
    choose_notice(shop=shop, member_id=alice(shop).pk, name="points", wanted=True, at=NOW)
    write_letters(now=NOW + timedelta(days=33))
    assert len(letters(shop)) == 2


def test_it_is_sent_with_the_header_by_which_mail_programs_end_it(shop: Shop) -> None:
    ask(shop, "points")
    write_letters(now=NOW)
    outbox.drain_messages(now=NOW)
    [sent] = mail.outbox
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = re.fullmatch(r"<(.+)>", sent.extra_headers["List-Unsubscribe"])[1]
    assert address in sent.body


def stop_path(shop: Shop) -> str:
    ask(shop, "points")
    write_letters(now=NOW)
    return "/widget/v1" + re.search(r"/widget/v1(/letters\S+)", letters(shop)[0]["text"])[1]


def test_to_look_ends_nothing_and_the_button_ends_all(shop: Shop) -> None:
    path = stop_path(shop)
    page = Client().get(path)
    assert (page.status_code, alice(shop).notified_of) == (200, ["points"])
    assert "Stop the letters from Halfmoon?" in page.content.decode()
    for _ in range(2):
        done = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})
        assert "will not write to you" in done.content.decode()
    member = alice(shop)
    assert (member.notified_of, member.letter_due_at) == ([], None)
    assert write_letters(now=NOW + timedelta(days=40)) == 0


@pytest.mark.parametrize("token", ["", "x", "WzEsMV0:forged", "x" * 5000])
def test_an_address_that_is_none_of_ours_ends_nothing(shop: Shop, token: str) -> None:
    ask(shop, "points")
    for answer in (
        Client().get("/widget/v1/letters", {"for": token}),
        Client().post(f"/widget/v1/letters?for={token}"),
    ):
        assert answer.status_code == 401
        assert "Open it from the letter again" in answer.content.decode()
    assert alice(shop).notified_of == ["points"]


def test_who_leaves_the_program_gets_no_letter(shop: Shop) -> None:
    ask(shop, "points")
    leave_program(shop=shop, member_id=alice(shop).pk, at=NOW)
    assert write_letters(now=NOW + timedelta(days=1)) == 0


def test_a_letter_is_in_the_readers_language_and_shop_names_break_no_header(shop: Shop) -> None:
    Member.objects.filter(shop=shop, pk=alice(shop).pk).update(locale="de-AT", name="A\nB")
    Shop.objects.filter(pk=shop.pk).update(name="Half\nmoon")
    ask(shop, "points")
    write_letters(now=NOW)
    [letter] = letters(shop)
    assert "\n" not in letter["subject"]
    assert "lang=de" in letter["headers"]["List-Unsubscribe"]


def test_one_who_cannot_be_read_stops_nobody_else(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(shop, "points")
    choose_notice(
        shop=shop, member_id=Member.objects.get(shop=shop, external_id="7002").pk, name="points", wanted=True, at=NOW
    )
    known, broken = module.standing_of, alice(shop).pk

    def some(**asked: object) -> object:
        if asked["member"].pk == broken:
            raise RuntimeError("unreadable")
        return known(**asked)

    monkeypatch.setattr(module, "standing_of", some)
    assert write_letters(now=NOW) == 2
    assert [letter["to"] for letter in letters(shop)] == ["bob@shopper.test"]
    assert alice(shop).letter_due_at == NOW + timedelta(hours=6)


def test_two_workers_at_once_write_one_letter_a_week(shop: Shop) -> None:
    """Both may have found news, and not the same: between their looks the member earned."""
    ask(shop, "points")
    read = alice(shop)
    write_letters(now=NOW)
    adjust(shop=shop, member_id=read.pk, points=200, actor="D", reason="r", key="k", at=NOW)
    outbox.drain_messages(now=NOW)
    module._write(read, NOW)
    assert OutboxMessage.objects.filter(shop=shop, kind="mail").count() == 1
    assert alice(shop).letter_due_at == NOW + timedelta(days=7)


def test_a_member_who_became_another_and_one_of_a_forgotten_store_are_looked_at_no_more(shop: Shop) -> None:
    ask(shop, "points")
    merge(shop=shop, kept_id=str(BOB.external_id), gone_id=str(ALICE.external_id), at=NOW)
    assert (alice(shop).notified_of, write_letters(now=NOW + timedelta(days=1))) == ([], 0)
    bob = Member.objects.get(shop=shop, external_id=BOB.external_id)
    choose_notice(shop=shop, member_id=bob.pk, name="points", wanted=True, at=NOW)
    uninstall(shop=shop, at=NOW)
    forget_shop(shop=shop, at=NOW)
    bob.refresh_from_db()
    assert (bob.notified_of, write_letters(now=NOW + timedelta(days=1))) == ([], 0)
