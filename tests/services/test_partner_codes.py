"""Another business's codes are handed out once each, and never come back."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import msgspec
import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection
from pytest_django.fixtures import Settings

from loyalty.engine.errors import Conflict, Invalid, Refused
from loyalty.engine.program import Reward, parse_program, to_data
from loyalty.languages import Voice
from loyalty.models import Member, PartnerCode, ProgramVersion, Redemption, Shop
from loyalty.selectors.members import statement_of
from loyalty.selectors.partner_codes import Waiting, codes_left, gifts_waiting
from loyalty.selectors.widget import offers, open_redemptions, program_now
from loyalty.services import partner_codes
from loyalty.services.codes import asked_by, promise
from loyalty.services.key_renewal import renew
from loyalty.services.redemptions import cancel, cancel_own, give_back, mark_used, redeem
from loyalty.worker import outbox, schedule
from storefront_widget.answers import redemption_answer
from tests.factories import BOB, T0, assert_books, balance, make_member, make_order, make_shop

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=30)
CINEMA = Reward(id="cinema", name="A cinema ticket", kind="partner", points=100, cancellable=False)


def offering(reward: Reward = CINEMA) -> Shop:
    shop = make_shop()
    version = ProgramVersion.objects.get(shop=shop)
    program = msgspec.structs.replace(parse_program(version.document), rewards=(reward,))
    ProgramVersion.objects.filter(shop=shop, pk=version.pk).update(document=to_data(program))
    return shop


def upload(shop: Shop, text: str, days: int = 0) -> int:
    until = NOW + timedelta(days=days) if days else None
    return partner_codes.upload(shop=shop, reward_id="cinema", text=text, usable_until=until, at=NOW)


def take(shop: Shop, member: Member, key: str = "k1") -> Redemption:
    return redeem(shop=shop, member_id=member.pk, reward_id="cinema", request_key=key, at=NOW)


def made(redemption: Redemption) -> Redemption:
    kind = asked_by(redemption)
    outbox.run_now(kind=kind, subject=str(redemption.number), shop_id=redemption.shop_id, now=NOW)
    redemption.refresh_from_db()
    return redemption


def left(shop: Shop) -> int:
    return codes_left(shop=shop, rewards=["cinema"], at=NOW).get("cinema", 0)


def test_a_member_gets_the_oldest_code_for_good_and_the_next_member_the_next() -> None:
    shop = offering()
    assert upload(shop, "\ufeffFIRST-1\r\n\n  SECOND 2  \n") == 2
    alice, bob = make_member(shop, points=150), make_member(shop, BOB, points=100)
    first = made(take(shop, alice))
    second = made(take(shop, bob))
    assert (first.state, first.expires_at) == ("ready", None)
    assert (first.partner_code.code, second.partner_code.code) == ("FIRST-1", "SECOND 2")
    assert (left(shop), balance(shop), balance(shop, BOB)) == (0, 50, 0)
    assert take(shop, alice).pk == first.pk
    with pytest.raises(Refused, match="No codes are left"):
        take(shop, alice, "k2")
    assert balance(shop) == 50
    assert_books(shop)


def test_what_was_shown_is_never_given_back() -> None:
    shop = offering()
    upload(shop, "ONLY")
    member = make_member(shop, points=100)
    redemption = made(take(shop, member))
    with pytest.raises(Refused, match="can't be given back"):
        cancel_own(shop=shop, member=member, number=redemption.number, at=NOW)
    with pytest.raises(Refused, match="has seen the partner's code"):
        cancel(shop=shop, number=redemption.number, at=NOW)
    schedule.expire_codes(now=NOW + timedelta(days=4_000))
    redemption.refresh_from_db()
    assert (redemption.state, balance(shop), left(shop)) == ("ready", 0, 0)


def test_a_code_that_nobody_saw_is_in_the_stock_again() -> None:
    shop = offering()
    upload(shop, "ONLY")
    redemption = take(shop, make_member(shop, points=100))
    assert left(shop) == 0
    give_back(shop=shop, number=redemption.number, why="cancelled", at=NOW)
    assert (balance(shop), left(shop)) == (100, 1)
    made(redemption)
    assert (redemption.state, left(shop)) == ("returned", 1)
    assert_books(shop)


def test_a_partners_code_in_an_order_is_no_code_of_ours() -> None:
    shop = offering()
    upload(shop, "SUMMER")
    redemption = made(take(shop, make_member(shop, points=100)))
    assert mark_used(shop=shop, orders=[make_order("1", codes=("SUMMER",))], at=NOW) == set()
    redemption.refresh_from_db()
    assert redemption.state == "ready"


def gift(shop: Shop, member: Member, number: int) -> Redemption:
    return promise(
        shop=shop,
        member=member,
        reward=CINEMA,
        points=0,
        value_minor=0,
        request_key=f"gift:{number}",
        request_digest="",
        at=NOW,
        expires_at=None,
    )


def test_a_gift_takes_its_code_when_it_is_made_and_waits_where_none_is_left() -> None:
    shop = offering()
    upload(shop, "ONLY")
    member = make_member(shop)
    gifts = [gift(shop, member, number) for number in range(3)]
    assert [made(each).state for each in gifts] == ["ready", "issuing", "issuing"]
    assert gifts[0].partner_code.code == "ONLY"
    assert gifts_waiting(shop=shop) == {"cinema": Waiting("A cinema ticket", 2)}
    shown = [redemption_answer(shop=shop, redemption=each, voice=Voice("en")) for each in gifts[:2]]
    assert [each["waits"] for each in shown] == ["", "Comes when the shop has codes again"]
    for days in range(1, 40):
        outbox.drain_codes(now=NOW + timedelta(days=days))
    assert made(gifts[1]).state == "issuing", "however long it takes"


def test_gifts_that_wait_get_the_next_codes_once_and_before_anybody_else() -> None:
    shop, theirs = offering(), offering()
    member, other = make_member(shop, points=100), make_member(theirs)
    gifts = [made(gift(shop, member, number)) for number in range(2)]
    elsewhere = made(gift(theirs, other, 0))
    upload(shop, "ONE")
    with pytest.raises(Refused, match="No codes are left"):
        take(shop, member)
    upload(shop, "TWO\nTHREE")
    assert left(shop) == 1
    while outbox.drain_codes(now=NOW):
        pass
    states = [made(each).state for each in (*gifts, elsewhere)]
    assert states == ["ready", "ready", "issuing"]
    assert [each.partner_code.code for each in gifts] == ["ONE", "TWO"]
    assert made(take(shop, member)).partner_code.code == "THREE"
    assert gifts_waiting(shop=shop) == {}
    assert_books(shop)


def test_a_gift_that_is_taken_back_while_it_waits_takes_no_code() -> None:
    shop = offering()
    waiting = made(gift(shop, make_member(shop), 0))
    cancel(shop=shop, number=waiting.number, at=NOW)
    upload(shop, "ONE")
    while outbox.drain_codes(now=NOW + timedelta(days=2)):
        pass
    waiting.refresh_from_db()
    assert (waiting.state, left(shop), gifts_waiting(shop=shop)) == ("returned", 1, {})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no codes"),
        (" \n\n", "no codes"),
        ("A\nB\na\n", "line 3 has one that stands above"),
        ("A\nB\nA\nB\nA\nB\nA\nB\nA", "lines 3, 4, 5, 6, 7 and 2 more have"),
        ("A\n" + "x" * 201, "line 2 has more"),
        ("A\nB\x00C", "line 2 has characters that cannot be shown"),
        ("A\nHERE\nalso here", "lines 2, 3 have one that is here already"),
        ("\n".join(map(str, range(50_001))), "50,001 codes"),
    ],
)
def test_an_upload_with_a_fault_is_not_stored_by_half(text: str, why: str) -> None:
    shop = offering()
    upload(shop, "here\nALSO HERE")
    with pytest.raises(Invalid, match=why):
        upload(shop, text)
    assert left(shop) == 2


def test_codes_that_another_upload_brings_at_the_same_moment_are_all_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = offering()
    upload(shop, "A")
    monkeypatch.setattr(partner_codes, "_refuse_known", lambda *_: None)
    with pytest.raises(Conflict, match="same moment"):
        upload(shop, "B\nA")
    assert left(shop) == 1


def test_thousands_of_codes_go_in_at_once_and_are_known_again() -> None:
    shop = offering()
    many = "\n".join(f"CODE-{number:06d}" for number in range(2_000))
    assert upload(shop, many) == left(shop) == 2_000
    with pytest.raises(Invalid, match="and 1,995 more have one that is here already"):
        upload(shop, many)


def test_a_code_is_known_again_whatever_becomes_of_the_keys(settings: Settings) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    shop = offering()

    def refused() -> None:
        with pytest.raises(Invalid, match="line 2 has one that is here already"):
            upload(shop, "Other\nknown")
        assert left(shop) == 2

    settings.FIELD_ENCRYPTION_KEYS = [old]
    upload(shop, "Known\nKNOWN TOO")
    settings.SECRET_KEY = "another secret key that is long enough to be taken for one"
    refused()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    refused()
    renewed = {each.column: each.renewed for each in renew() if each.table == PartnerCode._meta.db_table}
    assert renewed == {"code": 2, "digest": 2}
    settings.FIELD_ENCRYPTION_KEYS = [new]
    refused()
    assert [each.renewed for each in renew() if each.column == "digest"] == [0]


def test_codes_of_an_older_release_are_known_again() -> None:
    shop = offering()
    upload(shop, "Known")
    PartnerCode.objects.filter(shop=shop).update(digest="by SECRET_KEY")
    import_module("loyalty.migrations.0030_partner_code_digests").renew(apps, None)
    with pytest.raises(Invalid, match="here already"):
        upload(shop, "known")


def test_codes_past_their_date_are_no_stock() -> None:
    shop = offering()
    upload(shop, "SOON", days=1)
    upload(shop, "LATE")
    later = NOW + timedelta(days=1)
    assert codes_left(shop=shop, rewards=["cinema"], at=later) == {"cinema": 1}
    redemption = take(shop, make_member(shop, points=100))
    PartnerCode.objects.filter(shop=shop, redemption=redemption).update(redemption=None)
    late = partner_codes.hand_out(shop=shop, redemption=redemption, at=later)
    assert late.code == "LATE"
    with pytest.raises(Invalid, match="ended already"):
        partner_codes.upload(shop=shop, reward_id="cinema", text="X", usable_until=NOW, at=NOW)


def test_a_members_code_past_its_date_is_shown_no_more() -> None:
    shop = offering()
    upload(shop, "SOON", days=1)
    upload(shop, "ALWAYS")
    member = make_member(shop, points=300)
    soon, always = made(take(shop, member)), made(take(shop, member, "k2"))
    assert set(open_redemptions(shop=shop, member=member, at=NOW)) == {soon, always}
    assert open_redemptions(shop=shop, member=member, at=NOW + timedelta(days=1)) == [always]


def test_codes_are_unreadable_in_the_database() -> None:
    upload(offering(), "SECRET-CODE")
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, digest FROM loyalty_partnercode")
        assert "SECRET" not in str(cursor.fetchall())


def test_another_shop_has_a_stock_of_its_own() -> None:
    ours, theirs = offering(), offering()
    upload(ours, "SAME")
    assert left(theirs) == 0
    with pytest.raises(Refused, match="No codes are left"):
        take(theirs, make_member(theirs, points=100))
    assert upload(theirs, "SAME") == 1


def test_the_widget_says_that_none_is_left() -> None:
    shop = offering()
    member = make_member(shop, points=100)

    def offer() -> tuple[bool, str]:
        program = program_now(shop=shop, at=NOW)
        assert program is not None
        statement = statement_of(shop=shop, member=member, as_of=NOW)
        (found,) = offers(
            shop=shop, member=member, program=program, statement=statement, rewards=program.rewards, at=NOW
        )
        return found.reachable, found.obstacle.message if found.obstacle else ""

    assert offer() == (False, "No codes are left for A cinema ticket.")
    upload(shop, "ONE")
    assert offer() == (True, "")
