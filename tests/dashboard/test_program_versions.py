"""Publishing, going back and pausing from the dashboard."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from loyalty.models import LedgerEntry
from loyalty.selectors.programs import draft_of, version_in_force, versions_of
from loyalty.services.programs import save_draft
from tests.dashboard.conftest import BEGAN, Ask, Seen, words
from tests.factories import ALICE, balance, make_order, place

PUBLISH, PAUSE = reverse("dashboard:program_publish"), reverse("dashboard:program_pause")
RATE = {"kind": "per_amount", "id": "base", "points": 3, "per_minor": 100}
EXPIRING = {"expiry": "lot", "expiry_months": 12}


def test_before_it_is_published_it_says_what_it_touches(ours: Seen, ask: Ask) -> None:
    parts = {"rules": [RATE], "policies": EXPIRING, "tiers": [{"id": "a", "name": "A"}]}
    save_draft(shop=ours.shop, revision=0, part=parts, at=BEGAN)
    told = words(ask(PUBLISH, ours.shop))
    assert "It touches 1 member:" in told
    assert "Points 1 3" in told
    assert "Nobody loses points by it." in told
    assert "get their date of expiry from that day on" in told
    assert "Members move tier that day" in told


def test_published_now_it_judges_the_next_order(ours: Seen, ask: Ask) -> None:
    save_draft(shop=ours.shop, revision=0, part={"rules": [RATE]}, at=BEGAN)
    assert "Version 2 is live." in words(ask(PUBLISH, ours.shop, "post", revision="1"))
    place(ours.shop, make_order("next", at=timezone.now(), prices=(1_000,), currency="USD"), ALICE)
    assert balance(ours.shop) == 30
    assert draft_of(ours.shop) is None
    assert ask(PUBLISH, ours.shop).status_code == 404


def test_a_time_is_the_shops_and_must_lie_ahead(ours: Seen, ask: Ask) -> None:
    save_draft(shop=ours.shop, revision=0, part={"rules": [RATE]}, at=BEGAN)
    for typed, said in (("2001-01-01T00:00", "in the past"), ("", "Choose the day and the time")):
        refused = ask(PUBLISH, ours.shop, "post", revision="1", when="at", at=typed)
        assert refused.status_code == 422
        assert said in words(refused)
    torn = ask(PUBLISH, ours.shop, "post", revision="1", when="now", at="2090-12-01T00:00")
    assert torn.status_code == 422
    assert "Choose “At a time”, or empty it." in words(torn)
    assert draft_of(ours.shop) is not None
    answer = ask(PUBLISH, ours.shop, "post", revision="1", when="at", at="2090-12-01T00:00")
    assert "Version 2 goes live on Dec 1, 2090, 12:00" in words(answer)
    assert "You are looking at version 2 already." in words(answer)
    assert "From Dec 1, 2090" in words(answer)
    begins = versions_of(ours.shop)[-1].in_force_from
    assert begins.isoformat() == "2090-11-30T22:00:00+00:00", "midnight in Riga"


def test_what_is_to_come_can_be_taken_back(ours: Seen, ask: Ask) -> None:
    save_draft(shop=ours.shop, revision=0, part={"rules": [RATE]}, at=BEGAN)
    ask(PUBLISH, ours.shop, "post", revision="1", when="at", at="2090-12-01T00:00")
    assert "Take it back" in words(ask(reverse("dashboard:program_versions"), ours.shop))
    back = reverse("dashboard:program_withdraw", args=[2])
    assert "it is draft 2 again" in words(ask(back, ours.shop, "post"))
    assert "Version 2 is live." in words(ask(PUBLISH, ours.shop, "post", revision="2"))
    for number in (1, 2, 9):
        gone = ask(reverse("dashboard:program_withdraw", args=[number]), ours.shop, "post")
        assert gone.status_code == 404, "what is in force stays"


def test_nobody_publishes_or_discards_what_they_have_not_seen(ours: Seen, ask: Ask) -> None:
    save_draft(shop=ours.shop, revision=0, part={"rules": [RATE]}, at=BEGAN)
    for path in (PUBLISH, reverse("dashboard:program_discard")):
        assert "changed meanwhile" in words(ask(path, ours.shop, "post", revision="0"))
    assert len(versions_of(ours.shop)) == 1
    assert "These changes are lost." in words(ask(reverse("dashboard:program_discard"), ours.shop))
    assert "The draft is gone." in words(ask(reverse("dashboard:program_discard"), ours.shop, "post", revision="1"))
    assert draft_of(ours.shop) is None


def test_versions_are_compared_and_gone_back_to(ours: Seen, ask: Ask) -> None:
    save_draft(shop=ours.shop, revision=0, part={"rules": [RATE]}, at=BEGAN)
    ask(PUBLISH, ours.shop, "post", revision="1")
    told = words(ask(reverse("dashboard:program_versions"), ours.shop, **{"from": "1", "to": "2"}))
    assert "From version 1 to version 2" in told
    assert "Points 1 3" in told
    back = reverse("dashboard:program_back", args=[1])
    assert "The draft says what version 1 said." in words(ask(back, ours.shop, "post"))
    draft = draft_of(ours.shop)
    assert draft is not None
    assert draft.document == versions_document(ours, 1)
    assert "Draft 3 is under way" in words(ask(back, ours.shop, "post"))
    assert ask(reverse("dashboard:program_back", args=[9]), ours.shop, "post").status_code == 404
    for query in ({"from": "9", "to": "1"}, {"from": "x"}, {"from": "1" * 40, "to": "1"}):
        assert ask(reverse("dashboard:program_versions"), ours.shop, **query).status_code == 200


def versions_document(ours: Seen, number: int) -> object:
    return ours.shop.program_versions.get(number=number, shop=ours.shop).document


def test_a_pause_says_what_happens_meanwhile_and_ends(ours: Seen, ask: Ask) -> None:
    assert "Orders placed meanwhile earn nothing, then or later" in words(ask(PAUSE, ours.shop))
    told = words(ask(PAUSE, ours.shop, "post", earning="on"))
    assert "Earning is paused" in told
    order = make_order("in it", at=timezone.now(), prices=(1_000,), currency="USD")
    place(ours.shop, order, ALICE)
    fact = ours.shop.facts.get(shop=ours.shop, external_id="in it")
    assert "was placed while earning was paused" in words(ask(reverse("dashboard:order", args=[fact.pk]), ours.shop))
    assert not LedgerEntry.objects.filter(shop=ours.shop, order_id="in it").exists()
    assert "Earning and redeeming go on." in words(ask(PAUSE, ours.shop, "post"))
    assert "Paused: nothing, was earning" in words(ask("/dashboard/program/versions/", ours.shop))
    live = version_in_force(ours.shop, timezone.now() + timedelta(seconds=1))
    assert live is not None
    assert not live.program.paused.earning
