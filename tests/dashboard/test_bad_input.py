"""What no browser of ours sends: numbers that are none or far too long, forms that are too large."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from loyalty.dashboard.typed import whole
from loyalty.models import Shop
from loyalty.selectors.programs import draft_of
from loyalty.services.programs import begin_draft
from tests.dashboard.conftest import Ask, Seen, bearer_of, words

pytestmark = pytest.mark.django_db
LONG = "0" * 30 + "9" * 5_000
NO_NUMBERS = ["²", "١", LONG, "9" * 40, "-1", "1e3", "\x00"]


@pytest.mark.parametrize("typed", NO_NUMBERS)
def test_a_number_that_is_none_is_refused_in_every_form_and_starts_every_list_anew(
    typed: str, ours: Seen, ask: Ask
) -> None:
    begin_draft(shop=ours.shop, at=timezone.now(), by="x")
    assert ask("/dashboard/redemptions/to-do/", ours.shop, after=typed).status_code == 200
    assert ask("/dashboard/members/", ours.shop, after=f"1.{typed}").status_code == 200
    assert ask("/dashboard/program/products/", ours.shop, "post", rows=f"123,{typed}").status_code == 422
    assert ask("/dashboard/widget/", ours.shop, "post", bottom=typed, inline="16").status_code == 422
    assert ask("/dashboard/widget/preview/", ours.shop, "post", bottom=typed).status_code == 200
    row = {f"lines.{typed[:4]}.price": "5", "lines.0.price": "50"}
    assert ask("/dashboard/program/try/", ours.shop, "post", **row).status_code == 200


def test_a_number_of_thousands_of_digits_in_yaml_is_no_program(ours: Seen, ask: Ask) -> None:
    answer = ask("/dashboard/program/file/", ours.shop, "post", document=f"name: x\nexponent: {'9' * 6_000}")
    assert answer.status_code == 422
    assert "This is no plain YAML document" in words(answer)


def test_the_character_that_no_database_stores_is_refused(ours: Seen, ask: Ask) -> None:
    draft = begin_draft(shop=ours.shop, at=timezone.now(), by="x")
    document = {**draft.document, "name": "a\x00b"}
    typed = {"document": json.dumps(document), "revision": str(draft.revision)}
    assert "NUL" in words(ask("/dashboard/program/file/", ours.shop, "post", **typed))
    look = {"bottom": "16", "inline": "16", "theme": "light", "side": "end"}
    assert ask("/dashboard/widget/", ours.shop, "post", **look, title="a\\u0000b").status_code == 200
    for field in ("title", "own_terms", "hidden", "point-other"):
        answer = ask("/dashboard/widget/", ours.shop, "post", **look, **{field: "/a\x00b"})
        assert answer.status_code == 422, field


def test_rows_left_empty_do_not_grow_with_every_press(ours: Seen, ask: Ask) -> None:
    rows = {f"lines.{row}.{cell}": "" for row in range(3) for cell in ("price", "quantity", "product", "tags")}
    sale = {f"lines.{row}.sale": "no" for row in range(3)}
    page = ask("/dashboard/program/try/", ours.shop, "post", **{**rows, **sale, "lines.0.price": "50"})
    assert page.content.decode().count('.price"') == 3


@pytest.mark.parametrize("path", ["program/file/", "program/set/audience/", "widget/", "program/try/"])
def test_a_form_that_is_too_large_is_told_so_on_a_page(path: str, ours: Seen, ask: Ask) -> None:
    large = ask(f"/dashboard/{path}", ours.shop, "post", document="x" * 4_200_000)
    many = ask(f"/dashboard/{path}", ours.shop, "post", **{f"lines.{row}.price": "1" for row in range(1_200)})
    for answer in (large, many):
        assert answer.status_code == 413
        assert "That is too much at once" in words(answer)
        assert "nothing of" in words(answer)
    assert "At most 4 MB" in words(large)


def test_what_is_too_large_is_neither_parsed_nor_written_to_disk(
    ours: Seen, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsed(*_: object) -> None:
        raise AssertionError("a body that is too large was parsed")

    monkeypatch.setattr("django.http.request.MultiPartParser.parse", parsed)
    file = SimpleUploadedFile("p.json", b"x" * 4_200_000)
    for path in ("program/file/", "program/products/", "widget/"):
        assert ask(f"/dashboard/{path}", ours.shop, "post", file=file).status_code == 413
        file.seek(0)
    staff = Client(enforce_csrf_checks=True).post("/accounts/login/", {"file": file})
    assert (staff.status_code, staff["Content-Type"]) == (413, "text/plain; charset=utf-8")
    assert "At most 4 MB" in staff.content.decode()


def test_a_form_without_its_length_is_not_taken_for_an_empty_one(ours: Seen) -> None:
    headers = {"Authorization": bearer_of(ours.shop), "Transfer-Encoding": "chunked"}
    before = draft_of(ours.shop)
    answer = Client().generic("POST", "/dashboard/program/set/policies/", b"", headers=headers)
    assert answer.status_code == 411
    assert draft_of(ours.shop) == before


def test_what_is_refused_is_still_there_to_be_mended(ours: Seen, ask: Ask) -> None:
    document = "{" + " " * 300_000 + "end"
    answer = ask("/dashboard/program/file/", ours.shop, "post", document=document, revision="0")
    assert answer.status_code == 422
    assert document in answer.content.decode()
    rows = "x" * 1_100_000 + ",end"
    answer = ask("/dashboard/program/products/", ours.shop, "post", rows=rows)
    assert answer.status_code == 422
    assert rows in answer.content.decode()


@pytest.mark.parametrize("locale", ["de-DE", "en-US", "fr-FR", "ar-EG"])
def test_the_order_that_is_suggested_can_be_tried_as_it_stands(locale: str, ours: Seen, ask: Ask) -> None:
    Shop.objects.filter(pk=ours.shop.pk).update(locale=locale)
    ours.shop.refresh_from_db()
    page = ask("/dashboard/program/try/", ours.shop).content.decode()
    price = page.partition('name="lines.0.price"')[2].partition('value="')[2].partition('"')[0]
    answer = ask("/dashboard/program/try/", ours.shop, "post", **{"lines.0.price": price, "lines.0.quantity": "1"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("007", 7), ("20", 20), ("21", None), ("", None), ("0" * 9_000 + "5", 5)]
)
def test_whole_numbers(text: str, number: int | None) -> None:
    assert whole(text, 20) == number
