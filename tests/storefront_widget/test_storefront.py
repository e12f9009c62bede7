"""On a storefront that talks to us directly: our own token says who it is, and CORS says from where."""

from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import Client

from loyalty.models import EmailCode, OutboxMessage, RateCounter, Shop, ShopperDevice
from storefront_widget.sessions import WRONG_CODES_AN_HOUR
from tests.factories import ALICE, BOB, balance, make_member, make_shop
from tests.storefront_widget.conftest import Storefront, key_of, mailed_code

pytestmark = pytest.mark.django_db
UNKNOWN = "nobody@shopper.test"


@pytest.fixture
def page(ecwid: Shop) -> Storefront:
    make_member(ecwid, points=520)
    return Storefront(ecwid)


def test_the_loop_of_a_shopper_from_the_code_to_the_reward(page: Storefront) -> None:
    page.sign_in(ALICE.email)
    assert page.get("member").json()["available"] == 520
    made = page.redeem().json()
    assert (made["state"], made["apply_url"]) == ("ready", "")
    assert page.get(f"redemptions/{made['id']}").json()["code"] == made["code"]
    assert balance(page.shop) == 20


def test_without_a_token_there_is_no_member(page: Storefront) -> None:
    for answer in (page.get("member"), page.redeem()):
        assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")
        assert answer["WWW-Authenticate"] == "Bearer"
    assert balance(page.shop) == 520


@pytest.mark.parametrize("token", ["forged", "a.b.c", "x" * 2000, "eyJhbGciOiJub25lIn0.e30."])
def test_a_forged_token_is_nobodys(page: Storefront, token: str) -> None:
    page.token = token
    assert page.get("member").status_code == 401


def test_a_token_of_one_shop_opens_no_other(page: Storefront) -> None:
    page.sign_in(ALICE.email)
    other = make_shop(platform="ecwid")
    make_member(other, points=900)
    stolen = Storefront(other, token=page.token)
    assert stolen.get("member").status_code == 401
    assert stolen.redeem().status_code == 401
    assert balance(other) == 900


def test_bob_reads_no_redemption_of_alice(page: Storefront) -> None:
    page.sign_in(ALICE.email)
    made = page.redeem().json()
    make_member(page.shop, BOB, points=1)
    bob = Storefront(page.shop)
    bob.sign_in(BOB.email)
    assert bob.get(f"redemptions/{made['id']}").status_code == 404


def test_the_answer_is_the_same_whether_or_not_the_address_is_known(page: Storefront) -> None:
    known, unknown = page.post("code", {"email": ALICE.email}), page.post("code", {"email": UNKNOWN})
    assert known.status_code == unknown.status_code == 202
    assert known.json().keys() == unknown.json().keys()
    assert len(known.content) == len(unknown.content)
    waiting = OutboxMessage.objects.filter(shop=page.shop, kind="mail", state="waiting")
    assert waiting.count() == 1


def test_an_unknown_address_gets_no_session_even_with_its_code(page: Storefront) -> None:
    challenge = page.post("code", {"email": UNKNOWN}).json()["challenge"]
    statuses = {
        page.post("session", {"challenge": challenge, "code": f"{guess:06d}"}).status_code for guess in range(6)
    }
    assert statuses == {401}
    assert not ShopperDevice.objects.filter(shop=page.shop).exists()


def test_a_guessed_code_fails_and_so_does_the_right_one_after_five_guesses(page: Storefront) -> None:
    challenge = page.post("code", {"email": ALICE.email}).json()["challenge"]
    code = mailed_code(page.shop)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    answers = [page.post("session", {"challenge": challenge, "code": each}) for each in [wrong] * 5 + [code]]
    assert [answer.status_code for answer in answers] == [401] * 6
    assert [answer.json()["code"] for answer in answers] == ["wrong_code"] * 4 + ["code_over"] * 2


def test_a_shop_hears_three_hundred_wrong_codes_an_hour_from_however_many_networks(page: Storefront) -> None:
    """Right ones are not counted; the next hour begins anew. Who is signed in stays so."""
    page.sign_in(ALICE.email)
    challenge = page.post("code", {"email": ALICE.email}).json()["challenge"]
    key = f"wrong-code/{page.shop.pk}/3600"
    assert not RateCounter.objects.filter(key=key, hits__gt=0).exists()
    RateCounter.objects.filter(key=key).update(hits=WRONG_CODES_AN_HOUR - 1)
    code = mailed_code(page.shop)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    guesses = [
        Storefront(page.shop, address=f"198.51.100.{number}").post("session", {"challenge": challenge, "code": wrong})
        for number in range(3)
    ]
    assert [guess.status_code for guess in guesses] == [401, 429, 429]
    assert EmailCode.objects.get(shop=page.shop, used_at=None).tries == 1
    assert page.get("member").status_code == 200


@pytest.mark.parametrize("code", ["12345", "1234567", "12345a", "１２３４５６", "123456\n"])
def test_what_is_not_six_digits_is_not_even_a_try(page: Storefront, code: str) -> None:
    challenge = page.post("code", {"email": ALICE.email}).json()["challenge"]
    assert page.post("session", {"challenge": challenge, "code": code}).status_code == 400
    assert EmailCode.objects.get(shop=page.shop).tries == 0


def test_the_sixth_code_for_an_address_waits_whoever_asks(page: Storefront) -> None:
    statuses = [
        Storefront(page.shop, address=f"203.0.113.{number}").post("code", {"email": ALICE.email}).status_code
        for number in range(6)
    ]
    assert statuses == [202] * 5 + [429]
    assert page.post("code", {"email": UNKNOWN}).status_code == 202


def test_the_limit_of_an_address_counts_unknown_ones_alike(page: Storefront) -> None:
    statuses = [
        Storefront(page.shop, address=f"203.0.113.{number}").post("code", {"email": UNKNOWN}).status_code
        for number in range(6)
    ]
    assert statuses == [202] * 5 + [429]


def test_one_client_asks_for_twenty_codes_an_hour_and_invents_no_addresses_of_its_own(page: Storefront) -> None:
    def ask(number: int, forwarded: str) -> int:
        return page.post("code", {"email": f"a{number}@shopper.test"}, **{"X-Forwarded-For": forwarded}).status_code

    statuses = [ask(number, f"198.51.100.{number}") for number in range(21)]
    assert statuses == [202] * 20 + [429]


def test_behind_a_trusted_proxy_the_client_is_who_the_proxy_saw(
    page: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "TRUSTED_PROXIES", 1)
    statuses = [
        page.post("code", {"email": f"a{number}@shopper.test"}, **{"X-Forwarded-For": f"1.2.3.{number}, 198.51.100.9"})
        for number in range(21)
    ]
    assert statuses[-1].status_code == 429
    other = page.post("code", {"email": "b@shopper.test"}, **{"X-Forwarded-For": "198.51.100.10"})
    assert other.status_code == 202
    assert int(statuses[-1]["Retry-After"]) > 0


def test_a_session_renews_once_per_device_token_and_ends(page: Storefront) -> None:
    first = page.sign_in(ALICE.email)
    second = page.post("session/renew", {"device": first["device"]}).json()
    page.token = second["token"]
    assert page.get("member").status_code == 200
    assert page.post("session/end", {"device": second["device"]}).status_code == 204
    assert page.get("member").status_code == 401
    assert page.post("session/renew", {"device": second["device"]}).json()["code"] == "signed_out"


def test_only_the_shops_own_storefront_may_read_the_answers(page: Storefront) -> None:
    page.sign_in(ALICE.email)
    own = page.get("member")
    assert own["Access-Control-Allow-Origin"] == "https://halfmoon.test"
    assert "Origin" in own["Vary"]
    assert "Access-Control-Allow-Credentials" not in own
    assert not own.cookies
    for origin in ("https://evil.test", "https://halfmoon.test.evil.test", "http://halfmoon.test", "null"):
        page.origin = origin
        foreign = page.get("member")
        assert (foreign.status_code, foreign.json()["code"]) == (403, "wrong_origin")
        assert "Access-Control-Allow-Origin" not in foreign


def test_a_preflight_names_what_is_allowed_and_a_foreign_one_gets_nothing(page: Storefront) -> None:
    def ask(origin: str) -> object:
        return Client().options(f"/widget/v1/redeem?shop={key_of(page.shop)}", headers={"Origin": origin})

    own, foreign = ask("https://halfmoon.test"), ask("https://evil.test")
    assert own.status_code == 204
    assert own["Access-Control-Allow-Origin"] == "https://halfmoon.test"
    assert own["Access-Control-Allow-Methods"] == "POST"
    assert "Idempotency-Key" in own["Access-Control-Allow-Headers"]
    assert foreign.status_code == 403
    assert "Access-Control-Allow-Origin" not in foreign


def test_errors_can_be_read_by_the_storefront_too(page: Storefront) -> None:
    assert page.get("member")["Access-Control-Allow-Origin"] == "https://halfmoon.test"


@pytest.mark.parametrize("key", ["", "ecwid", "ecwid:", "ecwid:999999", "magento:1", "ecwid:1\x00", "x" * 500])
def test_an_unknown_shop_is_not_found(db: None, key: str) -> None:
    answer = Client().get("/widget/v1/config", {"shop": key})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_shop")


def test_the_config_says_what_the_program_gives_and_nothing_of_its_makers(page: Storefront) -> None:
    config = page.get("config").json()
    assert config["shop"]["name"] == "Halfmoon"
    assert config["shop"]["currency"] == "EUR"
    [rate] = config["earn"]
    assert (rate["kind"], rate["points"], rate["per_minor"]) == ("per_amount", 1, 100)
    assert config["rewards"][0]["points"] == 500
    assert "owner@" not in page.get("config").content.decode()


def test_the_config_is_cached_by_its_content(page: Storefront) -> None:
    first = page.get("config")
    assert first["Cache-Control"].startswith("public, max-age=60")
    again = page.get("config", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Shop.objects.filter(pk=page.shop.pk).update(name="Fullmoon")
    assert page.get("config", **{"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("post", "member"), ("get", "redeem"), ("delete", "config")])
def test_another_method_is_refused_with_a_sentence(page: Storefront, method: str, path: str) -> None:
    answer = getattr(Client(), method)(f"/widget/v1/{path}?shop={key_of(page.shop)}")
    assert answer.status_code == 405
    assert answer.json()["detail"].startswith("Use ")


def test_a_thousand_calls_of_one_client_are_braked(page: Storefront) -> None:
    with patch("storefront_widget.reads.READS_A_MINUTE", 20):
        statuses = [page.get("member").status_code for _ in range(25)]
    assert statuses == [401] * 20 + [429] * 5
