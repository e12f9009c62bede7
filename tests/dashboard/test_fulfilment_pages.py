"""What staff hand over, the secret of the shop's own server, and partners' codes, as pages."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from loyalty.dashboard.formatting import format_for
from loyalty.dashboard.program_text import reward_sentence, reward_terms
from loyalty.engine.program import Reward, parse_program, to_data
from loyalty.models import FulfilmentSecret, PartnerCode, ProgramVersion, Redemption, Shop
from loyalty.selectors.partner_codes import codes_left
from loyalty.services.codes import promise
from loyalty.services.partner_codes import upload
from loyalty.services.redemptions import mark_done
from loyalty.worker import outbox
from tests.dashboard.conftest import SCRIPT, Ask, Seen, bearer_of, words
from tests.factories import assert_books, balance, make_member, make_shop

pytestmark = pytest.mark.django_db
CINEMA = Reward(
    id="cinema/1", name="A cinema ticket", kind="partner", points=100, cancellable=False, description="At the till."
)
UPLOAD = "/dashboard/redemptions/partner-codes/cinema/1/"


def offer(shop: Shop, *rewards: Reward) -> None:
    version = ProgramVersion.objects.get(shop=shop)
    program = parse_program(version.document)
    program = msgspec.structs.replace(program, rewards=(*program.rewards, *rewards))
    ProgramVersion.objects.filter(shop=shop, pk=version.pk).update(document=to_data(program))


def left(shop: Shop) -> int:
    return codes_left(shop=shop, rewards=["cinema/1"], at=timezone.now()).get("cinema/1", 0)


def settle(ask: Ask, seen: Seen, **data: str) -> str:
    page = ask(f"/dashboard/redemptions/to-do/{seen.promised.pk}/", seen.shop, "post", **data)
    seen.promised.refresh_from_db()
    return f"{page.status_code} {words(page)}"


def test_the_list_says_what_waits_for_whom_since_when(ours: Seen, ask: Ask) -> None:
    said = words(ask("/dashboard/redemptions/to-do/", ours.shop))
    assert "A tasting" in said
    assert "Shopper 0" in said
    assert ours.promised.code in said
    assert "secret" not in said, "no reward of this shop asks a server"
    mark_done(shop=ours.shop, number=ours.promised.number, note="", actor="staff", at=timezone.now())
    assert "Nothing waits for you" in words(ask("/dashboard/redemptions/to-do/", ours.shop))
    assert ask(f"/dashboard/redemptions/to-do/{ours.promised.pk}/", ours.shop).status_code == 404


def test_done_with_a_word_for_the_member(ours: Seen, ask: Ask) -> None:
    said = settle(ask, ours, outcome="done", note="Friday at six <b>")
    assert said.startswith("200")
    assert "Done for Shopper 0." in said
    assert (ours.promised.state, ours.promised.note) == ("used", "Friday at six <b>")


def test_what_could_not_be_done_needs_a_reason_and_returns_the_points(ours: Seen, ask: Ask) -> None:
    assert settle(ask, ours, outcome="undone").startswith("422")
    assert settle(ask, ours, outcome="undone", note="x" * 501).startswith("422")
    assert settle(ask, ours, note="a\nb", outcome="done").startswith("422")
    assert ours.promised.state == "ready"
    assert "are back with Shopper 0" in settle(ask, ours, outcome="undone", note="The cellar is shut.")
    assert (ours.promised.state, ours.promised.failure) == ("returned", "The cellar is shut.")
    assert "(The cellar is shut.)" in words(ask("/dashboard/redemptions/", ours.shop))
    assert_books(ours.shop)


def test_a_code_of_the_store_is_nothing_to_do(ours: Seen, ask: Ask) -> None:
    for method in ("get", "post"):
        page = ask(f"/dashboard/redemptions/to-do/{ours.redemption.pk}/", ours.shop, method, outcome="done")
        assert page.status_code == 404


def test_the_secret_is_shown_once_and_a_new_one_ends_it(ours: Seen, ask: Ask) -> None:
    tree = Reward(id="tree", name="A tree", kind="custom", points=1, cancellable=False, webhook_url="https://a.test/")
    offer(ours.shop, tree)
    assert "Make the secret" in words(ask("/dashboard/redemptions/to-do/", ours.shop))
    shown = ask("/dashboard/redemptions/to-do/secret/", ours.shop, "post")
    secret = FulfilmentSecret.objects.get(shop=ours.shop).secret
    assert secret in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    later = ask("/dashboard/redemptions/to-do/", ours.shop)
    assert secret not in later.content.decode()
    assert "Make a new secret" in words(later)
    ask("/dashboard/redemptions/to-do/secret/", ours.shop, "post")
    assert FulfilmentSecret.objects.get(shop=ours.shop).secret != secret


def test_codes_are_pasted_and_counted_and_never_shown(ours: Seen, ask: Ask) -> None:
    offer(ours.shop, CINEMA)
    assert "No partner’s reward yet" not in words(ask("/dashboard/redemptions/partner-codes/", ours.shop))
    page = ask(UPLOAD, ours.shop, "post", codes="SECRET-1\nSECRET-2", until="")
    said = words(page)
    assert "2 codes for A cinema ticket taken in." in said
    assert "Few left" in said
    assert "SECRET" not in page.content.decode()
    assert left(ours.shop) == 2


def test_a_file_of_codes(ours: Seen) -> None:
    offer(ours.shop, CINEMA)
    headers = {"Authorization": bearer_of(ours.shop)}
    file = SimpleUploadedFile("codes.csv", b"\xef\xbb\xbfA\r\nB\r\nC\r\n", "text/csv")
    assert Client().post(UPLOAD, {"file": file, "codes": "ignored"}, headers=headers).status_code == 200
    assert left(ours.shop) == 3
    odd = SimpleUploadedFile("codes.xlsx", b"PK\x03\x04\xff\xfe", "text/csv")
    refused = Client().post(UPLOAD, {"file": odd}, headers=headers)
    assert refused.status_code == 422
    assert "no plain text" in words(refused)
    big = SimpleUploadedFile("codes.txt", b"x" * 12_000_001, "text/plain")
    assert "send it in parts" in words(Client().post(UPLOAD, {"file": big}, headers=headers))
    many = "\n".join(f"{number:x}" for number in range(50_001))
    pasted = Client().post(UPLOAD, {"codes": many}, headers=headers)
    assert "Upload them in parts" in words(pasted)
    assert many in pasted.content.decode(), "what was pasted is there to be parted"
    assert left(ours.shop) == 3


@pytest.mark.parametrize(
    ("codes", "until", "why"),
    [
        ("", "", "no codes in it"),
        ("A\nA", "", "line 2 has one that stands above"),
        ("A", "31.12.2026", "Type the day as"),
        ("A", "9999-12-31", "Type the day as"),
        ("A", "2020-01-01", "ended already"),
    ],
)
def test_an_upload_with_a_fault_says_which(ours: Seen, ask: Ask, codes: str, until: str, why: str) -> None:
    offer(ours.shop, CINEMA)
    page = ask(UPLOAD, ours.shop, "post", codes=codes, until=until)
    assert page.status_code == 422
    assert why in words(page)
    assert left(ours.shop) == 0


def test_the_last_day_ends_where_the_shop_is(ours: Seen, ask: Ask) -> None:
    offer(ours.shop, CINEMA)
    ask(UPLOAD, ours.shop, "post", codes="A", until="2099-12-31")
    assert PartnerCode.objects.get(shop=ours.shop).usable_until == datetime(2099, 12, 31, 22, tzinfo=UTC)


def given(ours: Seen) -> Redemption:
    now = timezone.now()
    gift = promise(
        shop=ours.shop,
        member=ours.member,
        reward=CINEMA,
        points=0,
        value_minor=0,
        request_key="gift:x",
        request_digest="",
        at=now,
        expires_at=None,
    )
    outbox.run_now(kind="reward.give", subject=str(gift.number), shop_id=ours.shop.pk, now=now)
    return gift


@pytest.mark.parametrize("is_offered", [True, False])
def test_gifts_that_wait_for_codes_are_told_until_codes_are_added(ours: Seen, ask: Ask, is_offered: bool) -> None:
    if is_offered:
        offer(ours.shop, CINEMA)
    gift = given(ours)
    for path in ("", "redemptions/to-do/", "redemptions/partner-codes/"):
        assert "1 gift waits for codes" in words(ask(f"/dashboard/{path}", ours.shop))
    page = ask(UPLOAD, ours.shop, "post", codes="SECRET-1", until="")
    assert "gift waits" not in words(page)
    while outbox.drain_codes(now=timezone.now()):
        pass
    gift.refresh_from_db()
    assert (gift.state, left(ours.shop)) == ("ready", 0)


def test_a_handed_out_code_is_the_members_alone(ours: Seen, ask: Ask) -> None:
    offer(ours.shop, CINEMA)
    ask(UPLOAD, ours.shop, "post", codes="SECRET-1", until="")
    gift = given(ours)
    for path in ("redemptions/", f"members/{ours.member.pk}/", "redemptions/partner-codes/"):
        assert "SECRET" not in ask(f"/dashboard/{path}", ours.shop).content.decode()
    listed = words(ask("/dashboard/redemptions/", ours.shop))
    assert "A cinema ticket" in listed
    assert gift.code not in listed
    assert "none of ours" in listed


def test_names_of_rewards_are_text(ask: Ask) -> None:
    shop = make_shop(platform="ecwid")
    offer(shop, msgspec.structs.replace(CINEMA, name=SCRIPT))
    member = make_member(shop)
    tasting = Reward(id="t", name=SCRIPT, kind="custom", points=0, description=SCRIPT)
    promised = promise(
        shop=shop,
        member=member,
        reward=tasting,
        points=0,
        value_minor=0,
        request_key="k",
        request_digest="",
        at=timezone.now(),
        expires_at=None,
    )
    outbox.run_now(kind="reward.issue", subject=str(promised.number), shop_id=shop.pk, now=timezone.now())
    pk = Redemption.objects.get(shop=shop).pk
    for path in ("to-do/", f"to-do/{pk}/", "partner-codes/", "partner-codes/cinema/1/"):
        body = ask(f"/dashboard/redemptions/{path}", shop).content.decode()
        assert "<script>alert" not in body
        assert "&lt;script&gt;" in body
    assert balance(shop) == 0


@pytest.mark.parametrize(
    ("reward", "said"),
    [
        (
            {"kind": "cashback", "points": 100, "value_minor": 150, "minimum_points": 250},
            (
                "Every 100 points are paid out as $1.50, from 300 points on, when a member asks. | "
                "It is money once it is made: it does not expire, and the points do not come back."
            ),
        ),
        (
            {"kind": "cashback", "points": 100, "value_minor": 100, "payout_day": 5, "pays": "gift_card"},
            (
                "Every 100 points are paid out as $1, from 100 points on, by themselves on day 5 of the month. | "
                "It is money once it is made: it does not expire, and the points do not come back."
            ),
        ),
        (
            {"kind": "partner", "points": 1},
            "1 point buys It. | Who has seen a code keeps it; the points do not come back.",
        ),
        (
            {"kind": "points_slider", "points": 100, "value_minor": 100, "minimum_order_minor": 2_000},
            (
                "Every 100 points take $1 off an order of $20 or more. | An unused code works for 30 days, then the points "
                "come back."
            ),
        ),
        (
            {"kind": "free_shipping", "points": 350, "minimum_order_minor": 2_000},
            (
                "350 points buy It with an order of $20 or more. | An unused code works for 30 days, then the points come "
                "back."
            ),
        ),
        (
            {"kind": "amount_off", "points": 500, "value_minor": 500, "minimum_order_minor": 2_000},
            (
                "500 points buy $5 off an order of $20 or more. | An unused code works for 30 days, then the points come "
                "back."
            ),
        ),
        (
            {"kind": "access", "points": 5, "valid_days": 1},
            "5 points buy It. | It stays open for 1 day; the points stay spent.",
        ),
        (
            {"kind": "custom", "points": 5, "valid_days": 7},
            "5 points buy It. | You have 7 days to do it, then the points come back.",
        ),
        (
            {"kind": "custom", "points": 5, "valid_days": 7, "webhook_url": "https://a.test/"},
            "5 points buy It. | Your server has 7 days to do it, then the points come back.",
        ),
    ],
)
def test_a_reward_reads_back_in_words(ours: Seen, reward: dict[str, object], said: str) -> None:
    made = msgspec.convert({"id": "it", "name": "It", **reward}, Reward)
    fmt, program = format_for(ours.shop), parse_program(ProgramVersion.objects.get(shop=ours.shop).document)
    assert f"{reward_sentence(made, fmt, program)} | {reward_terms(made, fmt, program.policies)}" == said


def test_home_says_when_a_partners_codes_run_out(ours: Seen, ask: Ask) -> None:
    offer(ours.shop, CINEMA)
    upload(shop=ours.shop, reward_id="cinema/1", text="A\nB", usable_until=None, at=timezone.now())
    assert "2 codes left for A cinema ticket" in words(ask("/dashboard/", ours.shop))
    more = "\n".join(str(number) for number in range(8))
    upload(shop=ours.shop, reward_id="cinema/1", text=more, usable_until=None, at=timezone.now())
    assert "left for A cinema ticket" not in words(ask("/dashboard/", ours.shop))
