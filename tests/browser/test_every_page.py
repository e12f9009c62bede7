"""Every page of the dashboard with data in it, whatever the resolver has: axe finds nothing, nothing leaves the screen,
and in a strange language, from right to left and half as long again, no text is found that was not translated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from loyalty.models import InboxDelivery, Member, OutboxMessage, ProgramVersion, Referral, Shop, StoredFact
from tests.browser import pseudo
from tests.browser.test_accessibility import violations
from tests.dashboard.conftest import Seen, bearer_of, fill
from tests.dashboard.test_access import EXPECTED, address
from tests.factories import make_shop

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm, pytest.mark.django_db(transaction=True)]
GREEK = "Μισοφέγγαρο"
PAGES = sorted(name for name, (_argument, on_get, _on_post) in EXPECTED.items() if on_get == 200)
# Text of the page that is cut off, or a page that is wider than its window.
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def seen(transactional_db: None, settings: Settings) -> Seen:
    settings.ECWID_CLIENT_ID, settings.ECWID_SDK_URL = "regulars", "http://nowhere.localhost/sdk.js"
    filled = fill(make_shop(platform="ecwid", currency="EUR", name="Ours"), members=3, orders=3)
    referrer, friend, _ = Member.objects.filter(shop=filled.shop).order_by("pk")
    held = {"state": "held", "why": "same_home", "claimed_at": filled.order.at, "order_id": filled.order.external_id}
    Referral.objects.create(shop=filled.shop, referrer=referrer, friend=friend, **held)
    return filled


@pytest.fixture
def page(browser: Browser, seen: Seen, live_server: LiveServer) -> Iterator[Page]:
    headers = {"Authorization": bearer_of(seen.shop)}
    context = browser.new_context(base_url=live_server.url, extra_http_headers=headers, reduced_motion="reduce")

    def ours_only(route: Route) -> None:
        route.continue_() if route.request.url.startswith(live_server.url) else route.abort()

    context.route("**/*", ours_only)
    yield context.new_page()
    context.close()


def faults(page: Page, addresses: Iterable[str], axe: str) -> dict[str, list[str]]:
    """What is wrong with pages in the strange language, by address: text that nobody translated, too wide, or axe's words.
    Every other one is dark."""
    wrong = {}
    for number, each in enumerate(addresses):
        answer = page.goto(each)
        assert answer
        assert answer.status == 200, each
        page.evaluate("for (const closed of document.querySelectorAll('details')) closed.open = true")
        page.evaluate("dark => { document.documentElement.dataset.theme = dark ? 'dark' : 'light'; }", number % 2 == 1)
        found = [*page.evaluate(pseudo.UNTRANSLATED), *violations(page, axe)]
        if page.evaluate(TOO_WIDE) > 0:
            found.append("wider than its window")
        if found:
            wrong[each] = found
    return wrong


def opened(page: Page, name: str, seen: Seen) -> Page:
    answer = page.goto(address(name, seen))
    assert answer
    assert answer.status == 200, name
    page.evaluate("for (const closed of document.querySelectorAll('details')) closed.open = true")
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_axe_finds_nothing(page: Page, seen: Seen, axe: str, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    found = {}
    for name in PAGES:
        opened(page, name, seen)
        page.evaluate("scheme => { document.documentElement.dataset.theme = scheme; }", scheme)
        found[name] = violations(page, axe)
    assert {name: what for name, what in found.items() if what} == {}


def test_everything_is_translated_and_fits_from_right_to_left(
    page: Page, seen: Seen, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    pseudo.speak(monkeypatch, settings)
    speak_greek(seen)
    untranslated, wide = {}, {}
    for name in PAGES:
        page.set_viewport_size({"width": 320, "height": 800})
        opened(page, name, seen)
        assert page.evaluate("document.documentElement.dir") == "rtl"
        untranslated[name] = page.evaluate(pseudo.UNTRANSLATED)
        wide[name] = page.evaluate(TOO_WIDE)
    assert {name: texts for name, texts in untranslated.items() if texts} == {}
    assert {name: pixels for name, pixels in wide.items() if pixels > 0} == {}


def test_a_text_that_was_forgotten_is_found(page: Page, seen: Seen) -> None:
    opened(page, "home", seen)
    assert "Home" in page.evaluate(pseudo.UNTRANSLATED)


def speak_greek(seen: Seen) -> None:
    """What the merchant and the shoppers wrote, in letters that no text of ours has; what a platform answered too."""
    shop = seen.shop
    Shop.objects.filter(pk=shop.pk).update(locale="ar", name=GREEK)
    Member.objects.filter(shop=shop).update(name=GREEK, email="")
    InboxDelivery.objects.filter(shop=shop).update(outcome=GREEK)
    OutboxMessage.objects.filter(shop=shop).update(outcome=GREEK)
    for fact in StoredFact.objects.filter(shop=shop, kind="order"):
        StoredFact.objects.filter(shop=shop, pk=fact.pk).update(body=fact.body.replace("Thing", GREEK))
    for row in ProgramVersion.objects.filter(shop=shop):
        document = row.document
        for each in (*document.get("rewards", ()), *document.get("rules", ()), *document.get("tiers", ())):
            each["name"] = GREEK
        document["name"] = GREEK
        ProgramVersion.objects.filter(shop=shop, pk=row.pk).update(document=document)


def test_what_was_typed_stays_where_it_is_too_much_or_no_page_of_ours_answers(page: Page, seen: Seen) -> None:
    opened(page, "program_file", seen)
    paste = page.get_by_label("Or its text")
    paste.evaluate("field => { field.value = 'x'.repeat(4_400_000); }")
    for answer in ("At most 4 MB are taken in at once", "The page is as it was"):
        page.get_by_role("button", name="Import into the draft").click()
        expect(page.get_by_role("alert")).to_contain_text(answer)
        assert paste.evaluate("field => field.value.length") == 4_400_000
        page.route("**/program/file/", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))


def test_a_product_is_found_by_name_and_put_into_the_field_of_ids(page: Page, seen: Seen) -> None:
    opened(page, "program_edit", seen)
    field = page.get_by_label("Only these products", exact=True)
    search = page.get_by_label("Find by name · Only these products")
    search.press_sequentially("thing 1")
    page.get_by_role("button", name="Thing 1").click()
    expect(field).to_have_value("p1")
    expect(search).to_be_focused()
    page.get_by_role("button", name="Save in the draft").click()
    page.get_by_role("link", name="Change", exact=True).first.click()
    expect(page.get_by_text("p1: Thing 1")).to_be_attached()
