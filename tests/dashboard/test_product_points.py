"""Points of single products: typed, pasted, uploaded, and what an order earns by them once they are published."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.utils import timezone

from loyalty.dashboard.product_rows import points_of_products
from loyalty.models import Shop
from loyalty.selectors.programs import draft_of, program_of
from loyalty.services.programs import publish_draft
from tests.dashboard.conftest import BEGAN, SCRIPT, Ask, words
from tests.factories import balance, make_order, make_shop, place

pytestmark = pytest.mark.django_db
PATH = "/dashboard/program/products/"
DAY = timedelta(days=1)


@pytest.fixture
def shop(db: None) -> Shop:
    """It has sold Thing 1 (p1) and Thing 2 (p2)."""
    found = make_shop(platform="ecwid", at=BEGAN)
    place(found, make_order("1", at=BEGAN + DAY, prices=(1_000, 2_000)))
    return found


def in_the_draft(shop: Shop) -> dict[str, int]:
    draft = draft_of(shop)
    return points_of_products(program_of(draft)) if draft else {}


def send(ask: Ask, shop: Shop, **data: Any) -> HttpResponse:
    """As from the page that was just served."""
    revision = ask(PATH, shop).context["revision"]
    return ask(PATH, shop, "post", revision=str(revision), **data)


def test_two_colleagues_do_not_overwrite_each_other(ask: Ask, shop: Shop) -> None:
    served = str(ask(PATH, shop).context["revision"])
    send(ask, shop, product="p1", points="50")
    late = ask(PATH, shop, "post", revision=served, product="p1", points="75")
    assert late.status_code == 409
    assert "changed meanwhile" in words(late)
    assert 'value="75"' in late.content.decode(), "what was typed is still there"
    assert in_the_draft(shop) == {"p1": 50}
    other = ask(PATH, shop, "post", revision=served, product="p2", points="80")
    assert 'value="80"' in other.content.decode(), "also where it has no points yet"
    again = ask(PATH, shop, "post", revision=str(late.context["revision"]), product="p1", points="75")
    assert again.status_code == 200
    assert in_the_draft(shop) == {"p1": 75}


def test_a_product_is_found_given_points_changed_and_left_again(ask: Ask, shop: Shop) -> None:
    found = words(ask(f"{PATH}?q=thing", shop))
    assert "Thing 1 p1" in found
    assert "Thing 2 p2" in found
    assert "1 product changed in the draft." in words(send(ask, shop, product="p1", points="50"))
    send(ask, shop, product="p2", points="50")
    assert in_the_draft(shop) == {"p1": 50, "p2": 50}
    send(ask, shop, product="p1", points="75")
    assert in_the_draft(shop) == {"p1": 75, "p2": 50}
    send(ask, shop, product="p2", points="0")
    assert in_the_draft(shop) == {"p1": 75}


def test_once_published_an_order_earns_by_them(ask: Ask, shop: Shop) -> None:
    send(ask, shop, product="p1", points="50")
    draft = draft_of(shop)
    assert draft
    before = balance(shop)
    publish_draft(shop=shop, revision=draft.revision, at=timezone.now() - DAY)
    place(shop, make_order("2", at=timezone.now(), prices=(1_000, 2_000)))
    assert balance(shop) - before == 30 + 50
    assert "Draft" not in words(ask(PATH, shop)).split("Points of single products", 2)[2]


@pytest.mark.parametrize("text", ["p1,10\np2,20", "Product;Points\nThing 1;10\nTHING 2;20\n", "p1\t10\n\np2\t20\n"])
def test_rows_are_pasted_or_uploaded_by_id_or_title(ask: Ask, shop: Shop, text: str) -> None:
    assert "2 products changed" in words(send(ask, shop, rows=text))
    assert in_the_draft(shop) == {"p1": 10, "p2": 20}
    file = SimpleUploadedFile("points.csv", ("\ufeff" + text).replace("10", "11").encode())
    assert "1 product changed" in words(send(ask, shop, file=file))
    assert in_the_draft(shop) == {"p1": 11, "p2": 20}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p1,10\nnothing like it,5\np2,many", "Row 2: no product called “nothing like it” was sold lately"),
        ("p1,10\nnothing like it,5\np2,many", "Row 3: “many” is no whole number"),
        ("p1,10\np1,20", "Row 2: this product stands above already."),
        ("p1,-1", "Row 1: “-1” is no whole number"),
        ("p1,99999999", "is no whole number"),
        ("p1", "Row 1: write the product and its points"),
        ("p1,1,000", "Row 1: a product and its points, no more."),
        ("p1\nThing 2,20\np2;3", "Row 1: write the product and its points"),
        ("", "There is no row"),
        (SCRIPT + ",5", "Row 1: no product called"),
        ("\n".join(f"{number},1" for number in range(5_001)), "At most 5,000 rows"),
    ],
)
def test_every_row_that_cannot_be_read_is_named_and_none_is_taken(ask: Ask, shop: Shop, text: str, said: str) -> None:
    answer = send(ask, shop, rows=text)
    assert answer.status_code == 422
    assert said in words(answer) or said in answer.content.decode()
    assert SCRIPT not in answer.content.decode()
    assert in_the_draft(shop) == {}


def test_one_broken_first_row_blames_no_other(ask: Ask, shop: Shop) -> None:
    said = words(send(ask, shop, rows="nonsense\nThing 1,5\nThing 2,20"))
    assert "Row 1: write the product" in said
    assert "Row 2" not in said


def test_a_file_that_is_no_text_is_refused(ask: Ask, shop: Shop) -> None:
    answer = send(ask, shop, file=SimpleUploadedFile("x.csv", b"\xff\xfe\x00p"))
    assert answer.status_code == 422
    assert "The file is no text" in words(answer)


def test_two_products_of_one_name_need_their_ids(ask: Ask, shop: Shop) -> None:
    order = make_order("3", at=BEGAN + 2 * DAY, prices=(1_000, 2_000, 3_000))
    lines = tuple(
        line if number < 2 else type(line)(**{**_fields(line), "title": "Thing 1"})
        for number, line in enumerate(order.lines)
    )
    place(shop, type(order)(**{**_fields(order), "lines": lines}))
    assert "several products are called" in words(send(ask, shop, rows="Thing 1,5"))


def _fields(struct: object) -> dict[str, object]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}  # type: ignore[attr-defined]
