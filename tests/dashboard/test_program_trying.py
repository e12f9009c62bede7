"""A test order: judged by live and by draft, and nothing is changed by it."""

from __future__ import annotations

from django.urls import reverse

from loyalty.models import LedgerEntry, StoredFact
from loyalty.services.programs import save_draft
from tests.dashboard.conftest import BEGAN, Ask, Seen, words

TRY = reverse("dashboard:program_try")
SALE = {"kind": "per_amount", "id": "base", "points": 3, "per_minor": 100, "scope": {"without_on_sale": True}}


def drafted(ours: Seen) -> None:
    parts = {"rules": [SALE], "policies": {"hold_days": 14}, "exclusions": {"tags": ["book"]}}
    save_draft(shop=ours.shop, revision=0, part=parts, at=BEGAN)


def rows_of(ours: Seen) -> tuple[int, int]:
    return (StoredFact.objects.filter(shop=ours.shop).count(), LedgerEntry.objects.filter(shop=ours.shop).count())


def test_an_order_from_history_is_judged_by_both(ours: Seen, ask: Ask) -> None:
    drafted(ours)
    before = rows_of(ours)
    assert "#0-0" in words(ask(TRY, ours.shop))
    told = words(ask(TRY, ours.shop, order=str(ours.order.pk)))
    assert "Order #0-0 Live Draft Counts for points $600.00 $600.00" in told
    assert "Points 600 1,800" in told
    assert rows_of(ours) == before


def test_an_order_of_ones_own_says_what_was_left_out(ours: Seen, ask: Ask) -> None:
    drafted(ours)
    typed = {
        "lines.0.price": "20.00",
        "lines.0.quantity": "2",
        "lines.1.price": "5",
        "lines.1.tags": "book, new",
        "lines.2.price": "10",
        "lines.2.sale": "yes",
        "discount": "0",
        "shipping": "4.90",
    }
    answer = ask(TRY, ours.shop, "post", **typed)
    told = words(answer)
    assert answer.status_code == 200
    assert "Points 55 120" in told
    assert "has an excluded tag" in told
    assert not StoredFact.objects.filter(shop=ours.shop, external_id="try").exists()


def test_what_is_wrong_with_it_is_said_at_its_field(ours: Seen, ask: Ask, theirs: Seen) -> None:
    for typed, said in (
        ({"lines.0.price": ""}, "Give at least one price."),
        ({"lines.0.price": "x"}, "Write a number such as"),
        ({"lines.0.price": "5", "member": "nobody@shopper.test"}, "Nobody here has this e-mail"),
    ):
        answer = ask(TRY, ours.shop, "post", **typed)
        assert answer.status_code == 422
        assert said in words(answer)
    told = words(ask(TRY, ours.shop, order=str(theirs.order.pk)))
    assert "Pick one of your own orders, or type one." in told
    for typed in ("x", "1" * 30, "-1"):
        assert ask(TRY, ours.shop, order=typed).status_code == 200


def test_a_members_own_tier_counts(ours: Seen, ask: Ask) -> None:
    tiers = [{"id": "low", "name": "Low"}, {"id": "high", "name": "High", "minimum": 50_000}]
    rule = {"kind": "per_order", "id": "only", "points": 7, "scope": {"tiers": ["high"]}}
    save_draft(shop=ours.shop, revision=0, part={"tiers": tiers, "rules": [rule]}, at=BEGAN)
    member = ask(TRY, ours.shop, "post", **{"lines.0.price": "5", "member": "C0@shopper.test"})
    assert "Points 5 7" in words(member)
    new = ask(TRY, ours.shop, "post", **{"lines.0.price": "5"})
    assert "Points 5 0" in words(new)
    assert "It is for other tiers" in words(new)
