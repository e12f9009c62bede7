"""From an installed store to a live program, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loyalty.engine.program import default_program
from loyalty.models import Launch, LedgerEntry, Member, ProgramVersion, Shop
from loyalty.selectors.programs import draft_of, program_of, version_in_force
from loyalty.services.observations import Grant, Person, StoreProfile
from loyalty.services.posting import fold_and_post
from loyalty.services.programs import publish_draft, save_draft
from loyalty.services.shops import install
from tests.dashboard.conftest import Ask, words
from tests.factories import ALICE, make_order, make_shop, place

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
EARN = {"question": "earn", "orders": "on", "orders-points": "5", "orders-per_minor": "1"}


@pytest.fixture
def new_shop(db: None) -> Shop:
    profile = StoreProfile(
        external_id="4711", name="Halfmoon", email="", currency="USD", exponent=2, time_zone="Europe/Riga"
    )
    return install(platform="ecwid", profile=profile, grant=Grant(access_token="t"), at=timezone.now() - DAY)


def revision(shop: Shop) -> str:
    draft = draft_of(shop)
    assert draft
    return str(draft.revision)


def choose(ask: Ask, shop: Shop, goal: str = "second_orders", margin: str = "") -> None:
    assert ask("/dashboard/start/", shop, "post", goal=goal, margin=margin).status_code == 200


def test_a_store_that_was_just_installed_has_no_program_and_is_asked_for_its_goal(ask: Ask, new_shop: Shop) -> None:
    assert not ProgramVersion.objects.filter(shop=new_shop).exists()
    page = words(ask("/dashboard/", new_shop))
    assert "What do you want more of?" in page
    assert "More second orders" in page


@pytest.mark.parametrize("goal", Launch.Goal.values)
def test_every_goal_leads_to_a_draft_in_the_shops_size(ask: Ask, new_shop: Shop, goal: str) -> None:
    now = timezone.now()
    place(new_shop, make_order("1", at=now - DAY, prices=(2_490,), currency="USD"))
    choose(ask, new_shop, goal, "58")
    draft = draft_of(new_shop)
    assert draft
    program = program_of(draft)
    assert program.rules
    assert program.rewards[0].value_minor == 500
    found = Launch.objects.get(shop=new_shop)
    assert (found.goal, found.margin_percent, found.launched_at) == (goal, 58, None)
    page = words(ask("/dashboard/start/questions/", new_shop))
    assert "Filled in from your last 90 days: one order of $24.90." in page
    assert "Reads" in page


def test_tiers_that_a_program_begins_with_are_told_before_it_is_launched(ask: Ask, new_shop: Shop) -> None:
    choose(ask, new_shop, "kept_customers")
    draft = draft_of(new_shop)
    assert draft
    level = program_of(draft).tiers[-1]
    told = f"{level.name}: From ${level.minimum // 100:,}."
    assert told in words(ask("/dashboard/start/questions/?question=earn", new_shop))
    launch = words(ask("/dashboard/start/launch/", new_shop))
    assert told in launch
    assert "By what a member spent" in launch


def test_the_answers_are_the_draft_and_who_leaves_goes_on_where_they_were(ask: Ask, new_shop: Shop) -> None:
    choose(ask, new_shop)
    earn = EARN | {"revision": revision(new_shop), "orders-points": "7", "sign_up": "on", "sign_up-points": "40"}
    page = words(ask("/dashboard/start/questions/", new_shop, "post", **earn))
    assert "Next: how they redeem" in page
    draft = draft_of(new_shop)
    assert draft
    points = {rule.id: getattr(rule, "points", 0) for rule in program_of(draft).rules}
    assert points == {"base": 7, "sign-up": 40}, "what is not ticked is gone"
    assert "Question 2 of 4 is next" in words(ask("/dashboard/", new_shop))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"orders-points": "0"}, "Give a whole number from 1"),
        ({"orders-points": "many"}, "Give a whole number from 1"),
        ({"orders-points": "9" * 40}, "Give a whole number from 1"),
        ({"orders-points": "1,5"}, "Give a whole number from 1"),
        ({"orders-points": "1.5"}, "Give a whole number from 1"),
        ({"orders-per_minor": "1,5"}, "Give an amount such as 5 or 12.50."),
        ({"cashback": "on", "cashback-percent": "1,5"}, "Give a percentage such as 5 or 2.5, at most 50."),
        ({"cashback": "on", "cashback-percent": "2.125"}, "Give a percentage such as 5 or 2.5"),
        ({"cashback": "on", "cashback-percent": "50.1"}, "at most 50."),
        ({"cashback": "on", "cashback-percent": "0"}, "Give a percentage"),
        ({"orders-per_minor": "0.001"}, "Give an amount"),
        ({"orders-per_minor": "-5"}, "Give an amount"),
        ({"orders-per_minor": "NaN"}, "Give an amount"),
        ({"revision": "99"}, "The draft was changed meanwhile"),
        ({"question": "nonsense"}, "not one of ours"),
    ],
)
def test_what_cannot_be_read_is_said_beside_it_and_nothing_is_kept(
    ask: Ask, new_shop: Shop, typed: dict[str, str], said: str
) -> None:
    choose(ask, new_shop)
    before = draft_of(new_shop)
    answer = ask("/dashboard/start/questions/", new_shop, "post", **(EARN | {"revision": revision(new_shop)} | typed))
    assert answer.status_code == 422
    assert said in words(answer)
    after = draft_of(new_shop)
    assert before
    assert after
    assert (before.revision, before.document) == (after.revision, after.document)


@pytest.mark.parametrize(
    ("locale", "typed", "said"),
    [
        ("en", {"per_minor": "1,000", "percent": "2.5"}, {"per_minor": "1000", "percent": "2.5"}),
        ("de", {"per_minor": "1,50", "percent": "2,5"}, {"per_minor": "1,50", "percent": "2,5"}),
        ("de", {"per_minor": "1.000", "percent": "12"}, {"per_minor": "1000", "percent": "12"}),
    ],
)
def test_numbers_are_read_and_written_as_the_shop_writes_them(
    ask: Ask, new_shop: Shop, locale: str, typed: dict[str, str], said: dict[str, str]
) -> None:
    Shop.objects.update(locale=locale)
    choose(ask, new_shop)
    answers = EARN | {"revision": revision(new_shop), "cashback": "on"}
    answers |= {"orders-per_minor": typed["per_minor"], "cashback-percent": typed["percent"]}
    assert ask("/dashboard/start/questions/", new_shop, "post", **answers).status_code == 200
    page = ask("/dashboard/start/questions/?question=earn", new_shop).content.decode()
    assert f'name="orders-per_minor" value="{said["per_minor"]}"' in page
    assert f'name="cashback-percent" value="{said["percent"]}"' in page


def test_what_the_program_itself_refuses_stands_above_the_questions(ask: Ask, new_shop: Shop) -> None:
    """No input of the form is to blame: it was begun on the Program page."""
    partner = {"id": "cinema", "name": "Cinema", "kind": "partner", "points": 500, "cancellable": False}
    save_draft(shop=new_shop, revision=0, part={"rewards": [partner]}, at=timezone.now(), by="owner")
    choose(ask, new_shop)
    answers = {"question": "redeem", "revision": revision(new_shop), "enrolment": "automatic", "valid_days": "30"}
    answer = ask("/dashboard/start/questions/", new_shop, "post", **answers, cancellable="on")
    assert answer.status_code == 422
    assert "Not saved" in words(answer)


def test_a_goal_or_margin_that_is_none_is_refused(ask: Ask, new_shop: Shop) -> None:
    assert ask("/dashboard/start/", new_shop, "post", goal="riches").status_code == 422
    answer = ask("/dashboard/start/", new_shop, "post", goal="second_orders", margin="120")
    assert answer.status_code == 422
    assert "A whole number from 1 to 95" in words(answer)
    assert not Launch.objects.filter(shop=new_shop).exists()


def test_the_whole_way_ends_with_a_live_program_and_the_widget(ask: Ask, new_shop: Shop) -> None:
    choose(ask, new_shop)
    rewards = {"amount_off": "on", "amount_off-points": "250", "amount_off-value_minor": "2.50"}
    steps = [
        EARN,
        {"question": "rewards", **rewards, "amount_off-minimum_order_minor": "10"},
        {"question": "redeem", "valid_days": "60", "enrolment": "automatic", "cancellable": "on"},
        {"question": "rules", "moment": "paid", "expiry": "inactivity", "expiry_months": "18", "hold_days": "14"},
    ]
    for step in steps:
        answer = ask("/dashboard/start/questions/", new_shop, "post", **(step | {"revision": revision(new_shop)}))
        assert answer.status_code == 200, words(answer)
    assert "Do past orders count?" in words(answer)
    live = ask("/dashboard/start/launch/", new_shop, "post", past="none", revision=revision(new_shop))
    assert live.status_code == 200
    page = words(live)
    assert "Version 1 is live" in page
    assert "widget/v1/ecwid.js" in page
    version = version_in_force(new_shop, timezone.now())
    assert version
    (reward,) = version.program.rewards
    assert (reward.points, reward.value_minor, reward.minimum_order_minor, reward.valid_days) == (250, 250, 1000, 60)
    assert (version.program.policies.hold_days, version.program.policies.expiry_months) == (14, 18)
    assert Launch.objects.get(shop=new_shop).launched_at == version.in_force_from
    assert "Ready for the first order" in words(ask("/dashboard/", new_shop))
    again = ask("/dashboard/start/launch/", new_shop, "post", past="none")
    assert again.status_code == 409
    assert ProgramVersion.objects.filter(shop=new_shop).count() == 1


def test_what_was_done_stays_done_when_the_next_version_is_published(ask: Ask) -> None:
    now = timezone.now()
    shop = make_shop(platform="ecwid", at=now - 9 * DAY)
    place(shop, make_order("1", at=now - DAY, currency=shop.currency))
    before = ask("/dashboard/start/widget/", shop).content.decode()
    save_draft(shop=shop, revision=0, part={"name": "Another"}, at=now, by="owner")
    publish_draft(shop=shop, revision=1, at=now)
    after = ask("/dashboard/start/widget/", shop).content.decode()
    assert before.count("<s ") == after.count("<s ") == 1


def test_past_orders_count_from_the_day_that_was_chosen_and_hand_out_what_was_said(ask: Ask, new_shop: Shop) -> None:
    now = timezone.now()
    for number, days in enumerate((400, 60, 10)):
        place(new_shop, make_order(str(number), at=now - days * DAY, prices=(10_000,), currency="USD"))
    assert not LedgerEntry.objects.filter(shop=new_shop).exists(), "nothing is earned before the launch"
    choose(ask, new_shop)
    sent = EARN | {"revision": revision(new_shop), "orders-points": "1"}
    assert ask("/dashboard/start/questions/", new_shop, "post", **sent).status_code == 200
    page = words(ask("/dashboard/start/launch/", new_shop))
    assert "200 points for 1 customer" in page
    assert "300 points for 1 customer" in page
    ask("/dashboard/start/launch/", new_shop, "post", past="90", revision=revision(new_shop))
    member = Member.objects.get(shop=new_shop)
    fold_and_post(shop=new_shop, members=[member], at=timezone.now())
    member.refresh_from_db()
    assert member.available == 200


def test_a_program_that_is_live_is_not_set_up_again_but_home_may_follow_another_figure(ask: Ask) -> None:
    shop = make_shop(platform="ecwid")
    assert ask("/dashboard/start/questions/", shop).status_code == 409
    assert ask("/dashboard/start/launch/", shop).status_code == 409
    assert "Home follows it" in words(ask("/dashboard/start/", shop, "post", goal="new_customers"))
    assert Launch.objects.get(shop=shop).goal == "new_customers"


def test_on_shopify_the_widget_is_a_link_to_the_theme_editor(ask: Ask) -> None:
    shop = make_shop(platform="shopify")
    page = ask("/dashboard/start/widget/", shop).content.decode()
    wanted = "/admin/themes/current/editor?context=apps&amp;template=index&amp;activateAppId=c0ffee00c0ffee00c0ffee00c0ffee00/launcher"
    assert shop.external_id + wanted in page
    assert 'target="_top"' in page


def test_the_default_program_is_launched_where_nothing_was_answered(ask: Ask, new_shop: Shop) -> None:
    """As the walk and the demo do."""
    assert ask("/dashboard/start/launch/", new_shop, "post", past="none").status_code == 200
    version = version_in_force(new_shop, timezone.now())
    assert version
    assert version.program == default_program("USD", 2, "Europe/Riga", "Halfmoon")


def test_the_import_of_orders_of_before_goes_on_while_the_merchant_answers(ask: Ask, new_shop: Shop) -> None:
    choose(ask, new_shop)
    place(new_shop, make_order("9", at=timezone.now() - DAY, currency="USD"), ALICE)
    assert "one order of" in words(ask("/dashboard/start/questions/", new_shop))


def test_the_pages_cost_the_same_few_queries_however_many_orders_there_are(ask: Ask, new_shop: Shop) -> None:
    choose(ask, new_shop)

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as counted:
            assert ask(path, new_shop).status_code == 200
        return len(counted)

    paths = ("/dashboard/", "/dashboard/start/questions/", "/dashboard/start/launch/")
    now = timezone.now()
    place(new_shop, make_order("first", at=now - DAY, currency="USD"))
    few = [queries(path) for path in paths]
    for number in range(30):
        person = Person(external_id=f"c{number}", email=f"c{number}@shopper.test", name="C")
        place(new_shop, make_order(str(number), at=now - DAY, currency="USD"), person)
    assert [queries(path) for path in paths] == few
    assert max(few) <= 12


@pytest.mark.parametrize("preset", ["points", "vip-spend", "cashback", "milestones"])
def test_another_program_to_begin_with_replaces_the_draft(ask: Ask, new_shop: Shop, preset: str) -> None:
    choose(ask, new_shop, margin="40")
    assert ask("/dashboard/start/questions/", new_shop, "post", preset=preset).status_code == 200
    found = Launch.objects.get(shop=new_shop)
    assert (found.preset, found.margin_percent) == (preset, 40)
    assert ask("/dashboard/start/questions/", new_shop, "post", preset="nonsense").status_code == 422


def test_what_is_given_back_is_what_the_rates_say(ask: Ask, new_shop: Shop) -> None:
    """5 points a dollar, 500 of them worth $5: 5 % of sales; of these 80 % get spent."""
    place(new_shop, make_order("1", at=timezone.now() - DAY, prices=(10_000,), currency="USD"))
    choose(ask, new_shop)
    ask("/dashboard/start/questions/", new_shop, "post", **(EARN | {"revision": revision(new_shop)}))
    worth = {"amount_off": "on", "amount_off-points": "500", "amount_off-value_minor": "5"}
    sent = {"question": "rewards", "amount_off-minimum_order_minor": "0", "revision": revision(new_shop)} | worth
    page = words(ask("/dashboard/start/questions/", new_shop, "post", **sent))
    assert "gives back 5.0%" in page
    assert "4.0% of sales" in page
    assert "100 points are worth $1.00" in page


def test_a_draft_that_was_begun_on_the_program_page_is_kept(ask: Ask, new_shop: Shop) -> None:
    save_draft(shop=new_shop, revision=0, part={"name": "My own"}, at=timezone.now())
    choose(ask, new_shop)
    draft = draft_of(new_shop)
    assert draft
    assert program_of(draft).name == "My own"
    publish_draft(shop=new_shop, revision=draft.revision, at=timezone.now() - DAY)
    assert "Not enough data yet" in words(ask("/dashboard/goal/", new_shop)), "published there, it is launched too"
