"""The Program page and its forms: what is changed goes into the draft, and nothing is lost on the way."""

from __future__ import annotations

from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from loyalty.models import ProgramVersion, Shop
from loyalty.selectors.programs import draft_of, program_of
from loyalty.services.programs import save_draft
from tests.dashboard.conftest import BEGAN, SCRIPT, Ask, Seen, words

EDIT = reverse("dashboard:program_edit", args=["rules", "base"])
RATE = {"points": "3", "per_minor": "1.00", "name": "Three", "revision": "0"}


def drafted(shop: Shop) -> ProgramVersion:
    draft = draft_of(shop)
    assert draft is not None
    return draft


def add(part: str) -> str:
    return reverse("dashboard:program_add", args=[part])


def test_a_changed_rate_goes_into_the_draft_and_is_shown_beside_the_live_one(ours: Seen, ask: Ask) -> None:
    assert 'value="1.00"' in ask(EDIT, ours.shop).content.decode()
    answer = ask(EDIT, ours.shop, "post", **RATE)
    assert answer["HX-Push-Url"] == reverse("dashboard:program")
    told = words(answer)
    assert "Saved in the draft." in told
    assert "You are looking at draft 2 beside it." in told
    assert "Points 1 3" in told, "the list of changes"
    page = answer.content.decode()
    assert "<del>1</del>" in page
    assert "<ins>3</ins>" in page
    rule = program_of(drafted(ours.shop)).rules[0]
    assert (rule.name, rule.points) == ("Three", 3)  # type: ignore[union-attr]


def test_a_refused_form_keeps_what_was_typed_and_says_what_to_do(ours: Seen, ask: Ask) -> None:
    answer = ask(EDIT, ours.shop, "post", **{**RATE, "per_minor": "a lot", "name": SCRIPT})
    assert (answer.status_code, answer["HX-Push-Url"]) == (422, "false")
    page = answer.content.decode()
    assert "Write a number such as" in page
    assert 'value="a lot"' in page
    assert SCRIPT not in page
    assert draft_of(ours.shop) is None


def test_who_was_slower_is_told_and_saves_on_top(ours: Seen, ask: Ask) -> None:
    save_draft(shop=ours.shop, revision=0, part={"name": "Another"}, at=BEGAN, by="staff 7")
    answer = ask(EDIT, ours.shop, "post", **RATE)
    assert answer.status_code == 409
    assert "changed meanwhile by staff 7" in words(answer)
    assert 'value="3"' in answer.content.decode()
    assert 'name="revision" value="1"' in answer.content.decode()
    ask(EDIT, ours.shop, "post", **{**RATE, "revision": "1"})
    program = program_of(drafted(ours.shop))
    assert (program.name, program.rules[0].name) == ("Another", "Three")


def test_things_are_added_by_their_kind(ours: Seen, ask: Ask) -> None:
    assert "Points for doing something" in words(ask(add("rules"), ours.shop))
    ask(add("rules"), ours.shop, "post", kind="birthday", points="100", known_days="30", revision="0")
    ask(add("tiers"), ours.shop, "post", name="Regular", minimum="150.00", perks="A stylist\nTea", revision="1")
    ask(add("tiers"), ours.shop, "post", name="Friend", minimum="0", revision="2")
    ask(add("rewards"), ours.shop, "post", kind="percent_off", name="Ten", points="300", percent="10", valid_days="30", maximum_percent="100", limit_period="lifetime", revision="3")  # fmt: skip
    happy = {"name": "Happy hour", "rules.0.times": "2", "weekdays": "2", "kind": "multiplier", "revision": "4"}
    told = words(ask(add("campaigns"), ours.shop, "post", **happy))
    program = program_of(drafted(ours.shop))
    assert [rule.id for rule in program.rules] == ["base", "birthday"]
    assert [(level.id, level.minimum, level.perks) for level in program.tiers] == [
        ("friend", 0, ()),
        ("regular", 15_000, ("A stylist", "Tea")),
    ]
    assert program.rewards[-1].percent == 10
    assert program.campaigns[0].rules[0].id == "happy-hour-1"
    assert "A birthday gives 100 points , if the date was known 30 days before." in told
    assert "Points count 2 times on everything, on Tuesday" in told.replace(" , ", ", ")


def test_what_others_need_cannot_be_taken_out_and_it_says_what_needs_it(ours: Seen, ask: Ask) -> None:
    tiers = [{"id": "gold", "name": "Gold"}]
    rule = {"kind": "per_order", "id": "g", "points": 5, "scope": {"tiers": ["gold"]}}
    save_draft(shop=ours.shop, revision=0, part={"tiers": tiers, "rules": [rule]}, at=BEGAN)
    change = reverse("dashboard:program_change", args=["tiers", "gold"])
    answer = ask(change, ours.shop, "post", do="remove", revision="1")
    assert answer.status_code == 409
    assert "There is no tier" in words(answer)
    assert program_of(drafted(ours.shop)).tiers


def test_things_are_moved_switched_and_taken_out(ours: Seen, ask: Ask) -> None:
    extra = {"kind": "per_order", "id": "extra", "points": 5}
    base = {"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100}
    save_draft(shop=ours.shop, revision=0, part={"rules": [base, extra]}, at=BEGAN)
    change = reverse("dashboard:program_change", args=["rules", "extra"])

    def rules() -> list[tuple[str, bool]]:
        return [(rule.id, rule.enabled) for rule in program_of(drafted(ours.shop)).rules]

    ask(change, ours.shop, "post", do="up", revision="1")
    assert rules() == [("extra", True), ("base", True)]
    ask(change, ours.shop, "post", do="off", revision="2")
    assert rules()[0] == ("extra", False)
    told = words(ask(change, ours.shop, "post", do="remove", revision="3"))
    assert "is taken out of the draft" in told
    assert rules() == [("base", True)]


def test_a_form_reads_itself_back_as_it_is_typed(ours: Seen, ask: Ask) -> None:
    path = reverse("dashboard:program_reads", args=["rules"])
    told = words(ask(path, ours.shop, "post", item="base", points="5", per_minor="1"))
    assert "Members earn 5 points for every $1 they spend on everything ." in told
    assert "An order of $50 that it counts for earns 250 points and gives back 5.0%." in told
    assert "For every: Fill this in." in words(ask(path, ours.shop, "post", item="base", points="5"))
    new = words(ask(path, ours.shop, "post", kind="milestone", **{"steps.0.orders": "3", "steps.0.points": "50"}))
    assert "order number 3 brings 50 points" in new
    assert draft_of(ours.shop) is None


def test_unknown_parts_kinds_and_things_are_not_found(ours: Seen, ask: Ask) -> None:
    for path in ("add/nobody/", "add/rules/?kind=nobody", "edit/rules/nobody/", "edit/policies/x/", "set/rules/"):
        assert ask(f"/dashboard/program/{path}", ours.shop).status_code == 404, path
    assert ask("/dashboard/program/reads/rules/", ours.shop, "post", item="nobody").status_code == 404


def test_the_page_costs_the_same_however_large_the_program_is(ours: Seen, ask: Ask) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer: HttpResponse = ask(reverse("dashboard:program"), ours.shop)
        assert answer.status_code == 200
        return len(queries)

    rules = [{"kind": "per_order", "id": f"r{n}", "points": n + 1} for n in range(60)]
    tiers = [{"id": f"t{n}", "name": f"T{n}", "minimum": n} for n in range(10)]
    save_draft(shop=ours.shop, revision=0, part={"rules": rules[:1], "tiers": tiers[:1]}, at=BEGAN)
    few = cost()
    save_draft(shop=ours.shop, revision=1, part={"rules": rules, "tiers": tiers}, at=BEGAN)
    assert cost() == few <= 12


def test_before_the_launch_there_is_a_draft_and_the_way_to_launch_it(ours: Seen, ask: Ask) -> None:
    ProgramVersion.objects.filter(shop=ours.shop).delete()
    page = reverse("dashboard:program")
    assert "Nothing is live yet" in words(ask(page, ours.shop))
    ask(EDIT, ours.shop, "post", **RATE)
    told = ask(page, ours.shop)
    assert "Launch the program…" in words(told)
    assert reverse("dashboard:launch") in told.content.decode()
    assert drafted(ours.shop).number == 1
    to_launch = ask(reverse("dashboard:program_publish"), ours.shop)
    assert (to_launch.status_code, to_launch["Location"]) == (302, reverse("dashboard:launch"))
    assert ask(reverse("dashboard:program_versions"), ours.shop).status_code == 200
    assert ask(reverse("dashboard:program_pause"), ours.shop).status_code == 404
    assert "There is no draft" not in words(ask(reverse("dashboard:what_if"), ours.shop))
    assert ask(reverse("dashboard:program_try"), ours.shop, "post", **{"lines.0.price": "5"}).status_code == 200
