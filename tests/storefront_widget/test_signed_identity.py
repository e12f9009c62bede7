"""A shop's own server says who the shopper is. The judge signs by what docs/widget.md says, with no code of ours."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from loyalty.models import Member, Shop, ShopperDevice
from loyalty.services.widget_settings import new_signing_secret, save
from tests.factories import ALICE, BOB, make_member, make_order, make_shop, place
from tests.storefront_widget.conftest import Storefront, key_of

pytestmark = pytest.mark.django_db

ANYWHERE = "https://www.headless.example"
DOCS = Path(settings.BASE_DIR) / "docs" / "widget.md"


def signed(shop: Shop, secret: str, customer: str = ALICE.external_id, *, key: str = "", **more: Any) -> dict[str, Any]:
    fields = {"customer": customer, "email": "", "name": "", "nonce": "", "at": int(timezone.now().timestamp()), **more}
    lines = ["regulars-identity-v1", key or key_of(shop)]
    lines += [str(fields[name]) for name in ("customer", "email", "name", "nonce", "at")]
    digest = hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()
    return {**{name: value for name, value in fields.items() if value != ""}, "signature": digest}


@pytest.fixture
def page(ecwid: Shop) -> Storefront:
    save(shop=ecwid, data={"origins": [ANYWHERE]}, at=timezone.now())
    return Storefront(ecwid, origin=ANYWHERE)


@pytest.fixture
def secret(page: Storefront) -> str:
    return new_signing_secret(shop=page.shop, at=timezone.now())


def test_a_signed_customer_sees_their_own_points_and_can_redeem(page: Storefront, secret: str) -> None:
    make_member(page.shop, points=520)
    answer = page.post("session/signed", signed(page.shop, secret))
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == ANYWHERE
    page.token = answer.json()["token"]
    assert page.get("member").json()["available"] == 520
    assert page.redeem().json()["state"] == "ready"
    assert page.post("session/renew", {"device": answer.json()["device"]}).status_code == 200


def test_one_we_have_not_met_becomes_a_member_with_what_was_signed(page: Storefront, secret: str) -> None:
    body = signed(page.shop, secret, "9001", email="New@Shopper.test", name="Żółw & Søn", nonce="n-1")
    page.token = page.post("session/signed", body).json()["token"]
    met = Member.objects.get(shop=page.shop, external_id="9001")
    assert (met.email, met.name) == ("new@shopper.test", "Żółw & Søn")
    assert page.get("member").json()["available"] == 0


def test_a_known_members_name_and_address_are_the_platforms(page: Storefront, secret: str) -> None:
    make_member(page.shop, points=5)
    page.post("session/signed", signed(page.shop, secret, email="mallory@shopper.test", name="Mallory"))
    assert Member.objects.get(shop=page.shop, external_id=ALICE.external_id).email == ALICE.email


@pytest.mark.parametrize("field", ["customer", "email", "name", "nonce", "at"])
def test_whatever_is_changed_the_signature_no_longer_fits(page: Storefront, secret: str, field: str) -> None:
    make_member(page.shop, BOB, points=900)
    body = signed(page.shop, secret, email="a@b.test", name="A", nonce="n")
    other = {"customer": BOB.external_id, "email": "b@b.test", "name": "B", "nonce": "m", "at": body["at"] + 1}
    answer = page.post("session/signed", {**body, field: other[field]})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_signature")
    assert not ShopperDevice.objects.filter(shop=page.shop).exists()


def test_letters_cannot_be_moved_from_one_field_to_the_next(page: Storefront, secret: str) -> None:
    body = signed(page.shop, secret, "70", email="01@b.test")
    moved = {**body, "customer": "7001", "email": "@b.test"}
    assert page.post("session/signed", moved).json()["code"] == "wrong_signature"
    for field in ("email", "name"):
        answer = page.post("session/signed", {**body, field: "a\nb"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_signature_opens_one_session(page: Storefront, secret: str) -> None:
    make_member(page.shop, points=5)
    body = signed(page.shop, secret)
    assert page.post("session/signed", body).status_code == 200
    for _ in range(2):
        again = page.post("session/signed", body)
        assert (again.status_code, again.json()["code"]) == (401, "used_signature")
    assert page.post("session/signed", signed(page.shop, secret, nonce="another")).status_code == 200
    assert ShopperDevice.objects.filter(shop=page.shop).count() == 2


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-295, 200), (295, 200), (302, 401)])
def test_it_is_good_for_five_minutes_to_either_side(page: Storefront, secret: str, seconds: int, status: int) -> None:
    make_member(page.shop, points=5)
    answer = page.post("session/signed", signed(page.shop, secret, at=int(timezone.now().timestamp()) + seconds))
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["code"] == "stale_signature"


def test_a_used_one_stays_used_until_it_is_stale(page: Storefront, secret: str) -> None:
    make_member(page.shop, points=5)
    body = signed(page.shop, secret)
    page.post("session/signed", body)
    for later in (1, 60, 299, 301):
        with patch("storefront_widget.doors.timezone.now", return_value=timezone.now() + timedelta(seconds=later)):
            assert page.post("session/signed", body).status_code == 401


def test_another_shops_secret_or_name_opens_nothing(page: Storefront, secret: str) -> None:
    make_member(page.shop, points=5)
    other = make_shop(platform="ecwid", name="Fullmoon")
    foreign = new_signing_secret(shop=other, at=timezone.now())
    assert page.post("session/signed", signed(page.shop, foreign)).json()["code"] == "wrong_signature"
    for_other = signed(page.shop, secret, key=key_of(other))
    assert page.post("session/signed", for_other).json()["code"] == "wrong_signature"


def test_a_new_secret_ends_what_the_old_one_signs(page: Storefront, secret: str) -> None:
    make_member(page.shop, points=5)
    new_signing_secret(shop=page.shop, at=timezone.now())
    assert page.post("session/signed", signed(page.shop, secret)).json()["code"] == "wrong_signature"


def test_without_a_secret_nobody_comes_in_even_signed_with_nothing(page: Storefront) -> None:
    answer = page.post("session/signed", signed(page.shop, ""))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_offered")


def test_only_pages_that_the_merchant_named_may_ask(page: Storefront, secret: str) -> None:
    make_member(page.shop, points=5)
    page.origin = "https://evil.example"
    answer = page.post("session/signed", signed(page.shop, secret))
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")
    assert "Access-Control-Allow-Origin" not in answer
    elsewhere = Storefront(make_shop(platform="ecwid", name="Fullmoon"), origin=ANYWHERE)
    assert elsewhere.get("config").status_code == 403
    preflight = Client().options(f"/widget/v1/session/signed?shop={key_of(page.shop)}", headers={"Origin": ANYWHERE})
    assert preflight["Access-Control-Allow-Origin"] == ANYWHERE


def test_a_form_of_another_site_brings_nothing(page: Storefront, secret: str) -> None:
    make_member(page.shop, points=5)
    body = json.dumps(signed(page.shop, secret))
    for kind, headers in (("text/plain", {"X-Regulars": "1"}), ("application/json", {})):
        path = f"/widget/v1/session/signed?shop={key_of(page.shop)}"
        assert Client().post(path, data=body, content_type=kind, headers=headers).status_code in (403, 415)
    assert not ShopperDevice.objects.filter(shop=page.shop).exists()


def test_a_member_who_was_merged_signs_in_as_whom_they_became(page: Storefront, secret: str) -> None:
    alice, bob = make_member(page.shop, points=5), make_member(page.shop, BOB, points=7)
    Member.objects.filter(shop=page.shop, pk=alice.pk).update(merged_into=bob)
    page.token = page.post("session/signed", signed(page.shop, secret)).json()["token"]
    assert page.get("member").json()["available"] == 7


def test_an_order_of_the_new_customer_is_theirs(page: Storefront, secret: str) -> None:
    body = signed(page.shop, secret, BOB.external_id, email=BOB.email)
    page.token = page.post("session/signed", body).json()["token"]
    place(page.shop, make_order("later", prices=(1_000,), at=timezone.now()), BOB)
    assert page.get("member").json()["available"] == 10


def samples() -> dict[str, str]:
    return dict(re.findall(r"```(python|php|js)\n(.*?)```", DOCS.read_text(), re.S))


def vector() -> dict[str, str]:
    [table] = re.findall(r"### Test vector\n(.*?)\n\n[^|]", DOCS.read_text() + "\n\n.", re.S)
    return dict(re.findall(r"^\| (\w+) \| `([^`]*)` \|$", table, re.M))


def test_the_documented_vector_is_right() -> None:
    told = vector()
    lines = ["regulars-identity-v1", *(told[name] for name in ("shop", "customer", "email", "name", "nonce", "at"))]
    assert hmac.new(told["secret"].encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest() == told["signature"]


def signs_as_the_vector(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["signature"] == vector()["signature"]


def test_the_python_sample_signs_as_the_vector_does() -> None:
    told = vector()
    fields = {name: told[name] for name in ("shop", "customer", "email", "name", "nonce")}
    call = f"print(signed_identity({told['secret']!r}, at={told['at']}, **{fields!r}))"
    signs_as_the_vector([sys.executable, "-c", f"{samples()['python']}\n{call}"])


@pytest.mark.needs_npm
def test_the_node_sample_signs_as_the_vector_does(tmp_path: Path) -> None:
    told = vector()
    fields = {name: told[name] for name in ("shop", "customer", "email", "name", "nonce")}
    given = json.dumps({**fields, "at": int(told["at"])})
    script = tmp_path / "sample.mjs"
    script.write_text(f"{samples()['js']}\nconsole.log(signedIdentity({json.dumps(told['secret'])}, {given}));")
    signs_as_the_vector([shutil.which("node") or "node", str(script)])


def test_the_php_sample_signs_the_same_lines_in_the_same_way() -> None:
    """Read, not run: no PHP belongs to our tools."""
    source = samples()["php"]
    assert "$lines = ['regulars-identity-v1', $shop, $customer, $email, $name, $nonce, (string) $at];" in source
    assert "hash_hmac('sha256', implode(\"\\n\", $lines), $secret)" in source
