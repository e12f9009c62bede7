"""The staff admin: who sees which shop's rows, who may do something, and what nobody is shown."""

from __future__ import annotations

import itertools
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from loyalty.admin.scoped import ShopScoped
from loyalty.models import (
    Credential,
    HealedOrder,
    InboxDelivery,
    OutboxMessage,
    PrivacyRequest,
    Reconciliation,
    Shop,
    ShopperDevice,
    StaffMembership,
    VerifyFault,
    VerifyRun,
)
from loyalty.services.observations import Person
from loyalty.services.outbox import leave
from loyalty.services.redemptions import redeem
from tests.factories import T0, make_order, make_shop, place, receive

pytestmark = pytest.mark.django_db
ROLES = ["owner", "manager", "support", "analyst"]
SCOPED = [model for model, site in admin.site._registry.items() if isinstance(site, ShopScoped)]
PASSWORD = "a-password-of-some-length"
_names = itertools.count(1)


@pytest.fixture(autouse=True)
def as_configured(settings: Settings) -> None:
    """What config/settings.py has to say for this room."""
    ours = "loyalty.admin.headers.StaffPages"
    settings.MIDDLEWARE = [*(each for each in settings.MIDDLEWARE if each != ours), ours]
    settings.ACCOUNT_ADAPTER = "loyalty.admin.accounts.InvitedOnly"


def filled(name: str) -> Shop:
    """A shop with a row in every table that the admin shows."""
    shop = make_shop(name=name)
    person = Person(external_id=f"{name}-c1", email=f"{name}@shopper.test", name=f"{name}-Shopper")
    place(shop, make_order(f"{name}-1", at=T0), person)
    member = shop.members.all().for_shop(shop).get()
    redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=T0)
    receive(shop_id=shop.pk, delivery_id=f"{name}-d1", topic="orders/paid", body=b'{"a": 1}', meta={}, at=T0)
    InboxDelivery.objects.filter(shop=shop).update(state="dead")
    leave(shop=shop, kind="mail", subject=f"{name}-mail", at=T0, secret="the code is 123456")
    compared = Reconciliation.objects.create(shop=shop, number=f"#{name}", begun_at=T0, finished_at=T0)
    HealedOrder.objects.create(
        shop=shop, reconciliation=compared, order_id=f"{name}-1", was_missing=True, points=1, healed_at=T0
    )
    PrivacyRequest.objects.create(
        shop=shop, kind="export", request_id=f"{name}-r1", customer_id=f"{name}-c1", asked_at=T0, document="{}"
    )
    run = VerifyRun.objects.create(shop=shop, started_at=T0)
    VerifyFault.objects.create(run=run, shop=shop, member=member, says=f"amount: {name}")
    return shop


def person(shop: Shop | None = None, role: str = "", *, staff: bool = True, superuser: bool = False) -> Client:
    number = next(_names)
    user = User.objects.create_user(
        f"user{number}", f"user{number}@staff.test", PASSWORD, is_staff=staff, is_superuser=superuser
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if shop is not None:
        StaffMembership.objects.create(shop=shop, user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


def listing(model: type) -> str:
    return reverse(f"admin:loyalty_{model._meta.model_name}_changelist")


def detail(model: type, shop: Shop) -> str:
    rows = model._default_manager.filter(**({"pk": shop.pk} if model is Shop else {"shop": shop}))
    return reverse(f"admin:loyalty_{model._meta.model_name}_change", args=[rows[0].pk])


def test_every_table_shown_is_scoped_or_for_superusers_only() -> None:
    others = {model.__name__ for model in admin.site._registry if model not in SCOPED}
    own = {model.__name__ for model in admin.site._registry if model._meta.app_label in ("loyalty", "auth")}
    assert own - {model.__name__ for model in SCOPED} == {"User", "StaffMembership"}
    browser = person(filled("Alice"), "owner")
    for model in admin.site._registry:
        if model.__name__ in others:
            path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            assert browser.get(path).status_code == 403, model.__name__


@pytest.mark.parametrize("role", ROLES)
def test_people_see_the_rows_of_their_shop_and_no_others(role: str) -> None:
    alices, bobs = filled("Alice"), filled("Bartholomew")
    browser = person(alices, role)
    for model in SCOPED:
        page = browser.get(listing(model))
        assert page.status_code == 200, model
        assert "Alice" in page.content.decode(), model
        assert "Bartholomew" not in page.content.decode(), model
        assert browser.get(detail(model, alices)).status_code == 200, model
        assert browser.get(detail(model, bobs)).status_code == 302, "as if it did not exist"


def test_superusers_see_every_shop() -> None:
    alices, bobs = filled("Alice"), filled("Bartholomew")
    browser = person(superuser=True)
    for model in SCOPED:
        page = browser.get(listing(model)).content.decode()
        assert "Alice" in page
        assert "Bartholomew" in page
        for shop in (alices, bobs):
            assert browser.get(detail(model, shop)).status_code == 200, model


def test_staff_without_a_shop_and_customers_see_nothing() -> None:
    shop = filled("Alice")
    for model in SCOPED:
        assert person().get(listing(model)).status_code == 403
        assert person(shop, "owner", staff=False).get(listing(model)).status_code in (302, 403)
        assert Client().get(listing(model)).status_code == 302


@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_nobody_writes_ledger_facts_members_or_redemptions(role: str) -> None:
    shop = filled("Alice")
    browser = person(superuser=True) if role == "superuser" else person(shop, role)
    for model in SCOPED:
        add = reverse(f"admin:loyalty_{model._meta.model_name}_add")
        assert browser.get(add).status_code == 403, model
        assert browser.post(detail(model, shop).replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403
        if model is not Shop:
            assert browser.post(detail(model, shop), {"points": "999999"}).status_code == 403, model


@pytest.mark.parametrize(
    ("role", "state"), [("owner", "waiting"), ("manager", "waiting"), ("support", "dead"), ("analyst", "dead")]
)
def test_owners_and_managers_try_a_delivery_again(role: str, state: str) -> None:
    shop = filled("Alice")
    row = InboxDelivery.objects.get(shop=shop)
    person(shop, role).post(listing(InboxDelivery), {"action": "try_again", "_selected_action": [row.pk]})
    assert InboxDelivery.objects.get(shop=shop).state == state


def test_a_manager_here_who_only_looks_there_mends_only_here() -> None:
    alices, bobs = filled("Alice"), filled("Bartholomew")
    browser = person(alices, "manager")
    StaffMembership.objects.create(shop=bobs, user=User.objects.latest("pk"), role="analyst")
    chosen = [InboxDelivery.objects.get(shop=shop).pk for shop in (alices, bobs)]
    browser.post(listing(InboxDelivery), {"action": "try_again", "_selected_action": chosen})
    states = [InboxDelivery.objects.get(shop=shop).state for shop in (alices, bobs)]
    assert states == ["waiting", "dead"]


@pytest.mark.parametrize(("role", "state"), [("owner", "waiting"), ("manager", "waiting"), ("support", "dead")])
def test_owners_and_managers_try_a_message_again(role: str, state: str) -> None:
    alices, bobs = filled("Alice"), filled("Bartholomew")
    for shop in (alices, bobs):
        OutboxMessage.objects.filter(shop=shop).update(state="dead")
        leave(shop=shop, kind="mail", subject="code:1", at=T0)
    OutboxMessage.objects.across_shops().filter(subject="code:1").update(state="dead")
    chosen = list(OutboxMessage.objects.across_shops().values_list("pk", flat=True))
    person(alices, role).post(listing(OutboxMessage), {"action": "try_again", "_selected_action": chosen})
    states = dict(OutboxMessage.objects.filter(shop=alices).values_list("subject", "state"))
    assert states["Alice-mail"] == state
    assert states["code:1"] == "dead", "the code in it has expired"
    assert set(OutboxMessage.objects.filter(shop=bobs).values_list("state", flat=True)) == {"dead"}


@pytest.mark.parametrize(("role", "asked"), [("owner", 1), ("manager", 1), ("support", 0), ("analyst", 0)])
def test_owners_and_managers_have_their_shop_compared(role: str, asked: int) -> None:
    alices, bobs = filled("Alice"), filled("Bartholomew")
    browser = person(alices, role)
    browser.post(listing(Shop), {"action": "compare", "_selected_action": [alices.pk, bobs.pk]})
    questions = Reconciliation.objects.across_shops().filter(finished_at=None)
    assert [each.shop_id for each in questions] == [alices.pk] * asked
    assert OutboxMessage.objects.filter(shop=alices, kind="orders.reconcile").count() == asked
    assert not OutboxMessage.objects.filter(shop=bobs, kind="orders.reconcile").exists()


def test_a_comparison_shows_its_orders() -> None:
    alices = filled("Alice")
    page = person(alices, "analyst").get(detail(Reconciliation, alices)).content.decode()
    assert "#Alice" in page
    assert "Alice-1" in page


def test_a_stranger_cannot_try_again_what_is_anothers() -> None:
    alices, bobs = filled("Alice"), filled("Bartholomew")
    row = InboxDelivery.objects.get(shop=bobs)
    person(alices, "owner").post(listing(InboxDelivery), {"action": "try_again", "_selected_action": [row.pk]})
    assert InboxDelivery.objects.get(shop=bobs).state == "dead"


def test_secrets_are_not_shown_to_anybody() -> None:
    shop = filled("Alice")
    token = Credential.objects.get(shop=shop).access_token
    assert Credential not in admin.site._registry
    assert ShopperDevice not in admin.site._registry
    assert Authenticator not in admin.site._registry
    browser = person(superuser=True)
    for model in SCOPED:
        page = browser.get(detail(model, shop)).content.decode()
        assert token not in page
        assert "123456" not in page
    assert "123456" not in browser.get(listing(OutboxMessage)).content.decode()


def test_what_shoppers_write_is_text(settings: Settings) -> None:
    shop = make_shop(name="Alice")
    bad = "<script>alert(1)</script>"
    place(shop, make_order("1", at=T0), Person(external_id="1", email=f"{bad}@x.test", name=bad))
    receive(shop_id=shop.pk, delivery_id=bad, topic=bad, body=bad.encode(), meta={"a": bad}, at=T0)
    browser = person(superuser=True)
    for model in SCOPED:
        if model._default_manager.filter(**({"pk": shop.pk} if model is Shop else {"shop": shop})).exists():
            for path in (listing(model), detail(model, shop)):
                assert bad not in browser.get(path).content.decode(), path


@pytest.mark.parametrize("path", ["/admin/", "/accounts/login/", "/accounts/2fa/", "/accounts/password/reset/"])
def test_pages_with_cookies_are_never_framed(path: str) -> None:
    answer = person(superuser=True).get(path, follow=True)
    assert answer["X-Frame-Options"] == "DENY"
    policy = answer["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'self'" in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert answer["Cache-Control"] == "private, no-store"


def test_people_sign_in_at_one_door() -> None:
    answer = Client().get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    assert "Sign in" in answer.content.decode()


def test_an_invited_person_signs_in_and_lands_in_the_admin() -> None:
    person(filled("Alice"), "owner")
    user = User.objects.latest("pk")
    answer = Client().post("/accounts/login/", {"login": user.email, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/"


def test_nobody_signs_up_by_themselves() -> None:
    filled_in = {"email": "eve@x.test", "password1": PASSWORD, "password2": PASSWORD}
    answer = Client().post("/accounts/signup/", filled_in)
    assert "By invitation" in answer.content.decode()
    assert not User.objects.exists()


def test_only_superusers_say_who_works_for_a_shop() -> None:
    shop = filled("Alice")
    browser = person(shop, "owner")
    assert browser.post(detail(Shop, shop), {"staff-TOTAL_FORMS": "0", "staff-INITIAL_FORMS": "0"}).status_code == 403
    assert browser.get(reverse("admin:auth_user_changelist")).status_code == 403
    invite = person(superuser=True).get(reverse("admin:auth_user_add"))
    assert invite.status_code == 200


def test_an_invited_person_sets_a_password_and_gets_in() -> None:
    shop = filled("Alice")
    user = User.objects.create_user("nina", "nina@staff.test", is_staff=True)
    StaffMembership.objects.create(shop=shop, user=user, role="manager")
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": user.email})
    link = next(word for word in mail.outbox[-1].body.split() if "/accounts/password/reset/key/" in word)
    form = browser.get(urlsplit(link).path, follow=True)
    browser.post(form.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})
    answer = browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD}, follow=True)
    if answer.redirect_chain[-1][0] != "/admin/":  # the address is proven by a second mail
        link = next(word for word in mail.outbox[-1].body.split() if "/accounts/confirm-email/" in word)
        browser.post(urlsplit(link).path)
        answer = browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/"
    assert "Members" in answer.content.decode()


def test_nobody_learns_whether_an_address_has_an_account() -> None:
    person(filled("Alice"), "owner")
    known, unknown = (
        Client().post("/accounts/password/reset/", {"email": email}, follow=True)
        for email in (User.objects.latest("pk").email, "nobody@x.test")
    )
    assert known.redirect_chain == unknown.redirect_chain
    assert len(mail.outbox) == 1
