"""A query that names no shop never reaches the database."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.models import Credential, Member, StoredFact
from loyalty.models.tenancy import ShopRequired
from tests.factories import make_member, make_shop

pytestmark = pytest.mark.django_db


def test_reading_without_a_shop_is_refused() -> None:
    questions = [
        lambda: list(Member.objects.all()),
        lambda: Member.objects.filter(email="x").first(),
        lambda: Member.objects.get(pk=1),
        Member.objects.count,
        lambda: Member.objects.filter(email="x").exists(),
        lambda: list(Member.objects.values_list("pk", flat=True)),
        lambda: list(StoredFact.objects.iterator()),
        lambda: Member.objects.exclude(shop=1).first(),
        lambda: list(Member.objects.filter(shop=1) | Member.objects.filter(email="x")),
    ]
    with CaptureQueriesContext(connection) as queries:
        for question in questions:
            with pytest.raises(ShopRequired):
                question()
    assert len(queries) == 0


def test_writing_without_a_shop_is_refused() -> None:
    for change in (lambda: Member.objects.update(name="x"), lambda: Member.objects.filter(pk=1).delete()):
        with pytest.raises(ShopRequired):
            change()


def test_a_shop_sees_its_own_and_the_loops_say_that_they_serve_all() -> None:
    here, there = make_shop(), make_shop()
    make_member(here)
    make_member(there)
    assert Member.objects.filter(shop=here).count() == 1
    assert Member.objects.across_shops().count() == 2


def test_tokens_are_unreadable_in_the_database() -> None:
    shop = make_shop()
    assert Credential.objects.get(shop=shop).access_token.startswith("token-")
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token FROM loyalty_credential")
        assert "token-" not in str(cursor.fetchall())
