"""A shopper proves an address with a code, then holds a short token and a device that renews it."""

import json
from datetime import timedelta

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.engine.errors import Invalid, Unauthorized
from loyalty.models import EmailCode, Member, OutboxMessage, Shop, ShopperDevice
from loyalty.services import shoppers
from tests.factories import ALICE, BOB, T0, make_member, make_shop

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=5)


@pytest.fixture
def shop() -> Shop:
    return make_shop(platform="ecwid")


def mailed_code(shop: Shop) -> str:
    letter = json.loads(OutboxMessage.objects.filter(shop=shop, kind="mail").latest("pk").secret)
    return str(letter["text"][:6])


def signed_in(shop: Shop, email: str = ALICE.email) -> shoppers.Session:
    challenge = shoppers.request_code(shop=shop, email=email, at=NOW)
    return shoppers.start_session(shop=shop, challenge=challenge, code=mailed_code(shop), at=NOW)


def test_the_code_from_the_mail_signs_the_member_in(shop: Shop) -> None:
    alice = make_member(shop)
    session = signed_in(shop)
    assert shoppers.member_of(shop=shop, token=session.token, at=NOW) == alice


def test_the_mail_goes_to_the_address_and_says_what_the_code_is_for(shop: Shop) -> None:
    make_member(shop)
    shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    letter = json.loads(OutboxMessage.objects.get(shop=shop, kind="mail").secret)
    assert letter["to"] == ALICE.email
    assert letter["subject"].endswith("is your code for Halfmoon")


def test_a_shops_name_cannot_break_the_head_of_a_mail(shop: Shop) -> None:
    make_member(shop)
    shop.name = "Halfmoon\r\nBcc: everybody@example.com"
    shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    letter = json.loads(OutboxMessage.objects.get(shop=shop, kind="mail").secret)
    assert "\n" not in letter["subject"]
    assert "\r" not in letter["subject"]


def test_neither_the_code_nor_the_mail_stands_readable_in_the_database(shop: Shop) -> None:
    make_member(shop)
    shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    code = mailed_code(shop)
    assert code not in EmailCode.objects.get(shop=shop).code_hash
    raw = OutboxMessage.objects.filter(shop=shop, kind="mail").extra(select={"raw": "secret"}).values("raw")
    assert code not in raw[0]["raw"]


def test_an_unknown_address_leaves_the_same_rows_and_no_mail_to_send(shop: Shop) -> None:
    make_member(shop)
    before = OutboxMessage.objects.filter(shop=shop).count()
    shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    known = OutboxMessage.objects.filter(shop=shop).latest("pk")
    shoppers.request_code(shop=shop, email="nobody@shopper.test", at=NOW)
    unknown = OutboxMessage.objects.filter(shop=shop).latest("pk")
    assert OutboxMessage.objects.filter(shop=shop).count() == before + 2
    assert (known.state, unknown.state) == ("waiting", "done")
    assert unknown.secret.strip() == ""
    assert abs(len(known.secret) - len(unknown.secret)) < 20


def test_known_and_unknown_addresses_run_the_same_statements(shop: Shop) -> None:
    make_member(shop)
    with CaptureQueriesContext(connection) as known:
        shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    with CaptureQueriesContext(connection) as unknown:
        shoppers.request_code(shop=shop, email="nobody@shopper.test", at=NOW)
    verbs = [[query["sql"].split()[0] for query in queries.captured_queries] for queries in (known, unknown)]
    assert verbs[0] == verbs[1]


def test_five_wrong_guesses_end_a_code_even_for_who_then_knows_it(shop: Shop) -> None:
    make_member(shop)
    challenge = shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    right = mailed_code(shop)
    wrong = "000000" if right != "000000" else "000001"
    for _ in range(5):
        with pytest.raises(Unauthorized):
            shoppers.start_session(shop=shop, challenge=challenge, code=wrong, at=NOW)
    with pytest.raises(Unauthorized):
        shoppers.start_session(shop=shop, challenge=challenge, code=right, at=NOW)
    assert not ShopperDevice.objects.filter(shop=shop).exists()


def test_a_code_works_once_and_for_ten_minutes(shop: Shop) -> None:
    make_member(shop)
    challenge = shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    code = mailed_code(shop)
    with pytest.raises(Unauthorized):
        shoppers.start_session(shop=shop, challenge=challenge, code=code, at=NOW + timedelta(minutes=10))
    shoppers.start_session(shop=shop, challenge=challenge, code=code, at=NOW + timedelta(minutes=9))
    with pytest.raises(Unauthorized):
        shoppers.start_session(shop=shop, challenge=challenge, code=code, at=NOW + timedelta(minutes=9))


def test_anothers_request_for_a_code_spoils_nobodys(shop: Shop) -> None:
    make_member(shop)
    challenge = shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    code = mailed_code(shop)
    shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    assert shoppers.start_session(shop=shop, challenge=challenge, code=code, at=NOW).token


def test_a_code_belongs_to_its_challenge_and_a_challenge_to_its_shop(shop: Shop) -> None:
    make_member(shop)
    make_member(shop, BOB)
    other = make_shop(platform="ecwid")
    make_member(other)
    bobs = shoppers.request_code(shop=shop, email=BOB.email, at=NOW)
    challenge = shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    code = mailed_code(shop)
    for where, what in ((shop, bobs), (other, challenge), (shop, challenge[:-1]), (shop, "forged")):
        with pytest.raises(Unauthorized):
            shoppers.start_session(shop=where, challenge=what, code=code, at=NOW)


def test_a_token_is_refused_when_forged_expired_or_of_another_shop(shop: Shop) -> None:
    make_member(shop)
    other = make_shop(platform="ecwid")
    make_member(other)
    token = signed_in(shop).token
    forged = signing.Signer(key="another-key", salt="shopper-token").sign_object({"d": 1, "e": "", "x": 9_999_999_999})
    wrong_salt = shoppers.request_code(shop=shop, email=ALICE.email, at=NOW)
    for where, what, when in (
        (other, token, NOW),
        (shop, token, NOW + timedelta(minutes=15)),
        (shop, token + "x", NOW),
        (shop, forged, NOW),
        (shop, wrong_salt, NOW),
        (shop, "", NOW),
    ):
        with pytest.raises(Unauthorized):
            shoppers.member_of(shop=where, token=what, at=when)


def test_a_device_renews_and_its_old_token_ends_it_for_both_holders(shop: Shop) -> None:
    make_member(shop)
    first = signed_in(shop)
    later = NOW + timedelta(days=3)
    second = shoppers.renew_session(shop=shop, device_token=first.device_token, at=later)
    assert shoppers.member_of(shop=shop, token=second.token, at=later).email == ALICE.email
    with pytest.raises(Unauthorized):
        shoppers.renew_session(shop=shop, device_token=first.device_token, at=later)
    with pytest.raises(Unauthorized):
        shoppers.renew_session(shop=shop, device_token=second.device_token, at=later)
    with pytest.raises(Unauthorized):
        shoppers.member_of(shop=shop, token=second.token, at=later)


def test_a_guessed_secret_ends_nobodys_device(shop: Shop) -> None:
    make_member(shop)
    session = signed_in(shop)
    number = session.device_token.partition(".")[0]
    for guess in (f"{number}.guess", "x", "", "9" * 40 + ".x", f"{number}.", "٣.x"):
        with pytest.raises(Unauthorized):
            shoppers.renew_session(shop=shop, device_token=guess, at=NOW)
        shoppers.end_session(shop=shop, device_token=guess, at=NOW)
    assert shoppers.member_of(shop=shop, token=session.token, at=NOW)


def test_a_device_lives_thirty_days_however_often_it_renews(shop: Shop) -> None:
    make_member(shop)
    token = signed_in(shop).device_token
    token = shoppers.renew_session(shop=shop, device_token=token, at=NOW + timedelta(days=29)).device_token
    with pytest.raises(Unauthorized):
        shoppers.renew_session(shop=shop, device_token=token, at=NOW + timedelta(days=30))


def test_signing_out_ends_the_short_token_too(shop: Shop) -> None:
    make_member(shop)
    session = signed_in(shop)
    shoppers.end_session(shop=shop, device_token=session.device_token, at=NOW)
    with pytest.raises(Unauthorized):
        shoppers.member_of(shop=shop, token=session.token, at=NOW)
    with pytest.raises(Unauthorized):
        shoppers.renew_session(shop=shop, device_token=session.device_token, at=NOW)


@pytest.mark.parametrize("email", ["new@shopper.test", ""])
def test_another_or_an_erased_address_signs_every_device_out(shop: Shop, email: str) -> None:
    make_member(shop)
    session = signed_in(shop)
    Member.objects.filter(shop=shop, external_id=ALICE.external_id).update(email=email)
    with pytest.raises(Unauthorized):
        shoppers.member_of(shop=shop, token=session.token, at=NOW)
    with pytest.raises(Unauthorized):
        shoppers.renew_session(shop=shop, device_token=session.device_token, at=NOW)


def test_a_device_of_another_shop_does_not_exist_here(shop: Shop) -> None:
    make_member(shop)
    other = make_shop(platform="ecwid")
    session = signed_in(shop)
    with pytest.raises(Unauthorized):
        shoppers.renew_session(shop=other, device_token=session.device_token, at=NOW)
    shoppers.end_session(shop=other, device_token=session.device_token, at=NOW)
    assert shoppers.member_of(shop=shop, token=session.token, at=NOW)


@pytest.mark.parametrize(
    "text", ["", "marta", "@b.test", "a@b", "a b@c.test", "a@b.test\nBcc: x", "a" * 400 + "@b.test"]
)
def test_what_can_be_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Invalid, match="such as marta"):
        shoppers.normal_email(text)


def test_an_address_is_compared_as_members_are_stored() -> None:
    assert shoppers.normal_email("  Alice@Shopper.TEST ") == "alice@shopper.test"


def test_old_codes_and_devices_are_forgotten(shop: Shop) -> None:
    make_member(shop)
    signed_in(shop)
    assert shoppers.forget(before=NOW) == 0
    assert shoppers.forget(before=NOW + timedelta(days=31)) == 2


def test_a_stolen_device_that_was_renewed_many_times_ends_when_its_owner_comes_back(shop: Shop) -> None:
    make_member(shop)
    owner = signed_in(shop)
    thief = owner
    for _ in range(3):
        thief = shoppers.renew_session(shop=shop, device_token=thief.device_token, at=NOW)
    made_up = owner.device_token.partition(".")[0] + ".made-up"
    with pytest.raises(Unauthorized):
        shoppers.renew_session(shop=shop, device_token=made_up, at=NOW)
    assert shoppers.member_of(shop=shop, token=thief.token, at=NOW)
    with pytest.raises(Unauthorized):
        shoppers.renew_session(shop=shop, device_token=owner.device_token, at=NOW)
    with pytest.raises(Unauthorized):
        shoppers.renew_session(shop=shop, device_token=thief.device_token, at=NOW)
    with pytest.raises(Unauthorized):
        shoppers.member_of(shop=shop, token=thief.token, at=NOW)
