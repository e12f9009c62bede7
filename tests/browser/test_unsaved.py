"""What was typed is never lost without a question, and of two quick clicks the later one counts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, Request, Route, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from loyalty.models import Shop
from tests.browser import pseudo
from tests.browser.conftest import Running, Watch
from tests.browser.test_accessibility import the_frame, violations
from tests.browser.test_every_page import TOO_WIDE
from tests.browser.walks import Walk, new_ecwid, new_shopify
from tests.dashboard.conftest import Seen, bearer_of, fill
from tests.dashboard.test_access import address
from tests.factories import make_shop

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def seen(transactional_db: None, settings: Settings) -> Seen:
    settings.ECWID_CLIENT_ID, settings.ECWID_SDK_URL = "regulars", "http://nowhere.localhost/sdk.js"
    return fill(make_shop(platform="ecwid", currency="EUR", name="Ours"), members=3, orders=3)


@pytest.fixture
def page(browser: Browser, seen: Seen, live_server: LiveServer) -> Iterator[Page]:
    headers = {"Authorization": bearer_of(seen.shop)}
    context = browser.new_context(base_url=live_server.url, extra_http_headers=headers, reduced_motion="reduce")

    def ours_only(route: Route) -> None:
        route.continue_() if route.request.url.startswith(live_server.url) else route.abort()

    context.route("**/*", ours_only)
    made = context.new_page()
    yield made
    made.unroute_all(behavior="ignoreErrors")
    context.close()


@pytest.fixture
def question(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Leave without saving?")


def sees(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def typed(page: Page, seen: Seen, points: str = "70") -> Locator:
    """The form of an adjustment, with points typed."""
    page.goto(address("adjust", seen))
    field = page.get_by_label("Points", exact=True)
    field.fill(points)
    return field


def test_a_link_asks_once_and_says_what_would_be_lost(page: Page, seen: Seen, question: Locator) -> None:
    field = typed(page, seen)
    page.get_by_label("Reason").fill("Late parcel")
    link = page.get_by_role("link", name="Members")
    link.click()
    expect(question.get_by_role("listitem")).to_have_text(["Points", "Reason"])
    expect(question.get_by_role("button", name="Stay and keep them")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(field).to_have_value("70")
    expect(link).to_be_focused()
    link.click()
    question.get_by_role("button", name="Leave and lose the changes").click()
    sees(page, "Members")
    page.get_by_role("link", name="Orders").click()
    sees(page, "Orders")


def test_typed_back_is_not_changed_and_a_refused_form_is(page: Page, seen: Seen, question: Locator) -> None:
    field = typed(page, seen, "many")
    was = page.get_by_label("Points", exact=True).get_attribute("value") or ""
    page.get_by_label("Reason").fill("Late parcel")
    page.get_by_role("button", name="Adjust points").click()
    expect(field).to_be_focused()
    page.get_by_role("link", name="Orders").click()
    expect(question.get_by_role("listitem")).to_have_text(["Points", "Reason"])
    page.keyboard.press("Enter")
    field.fill(was)
    page.get_by_label("Reason").fill("")
    page.get_by_role("link", name="Orders").click()
    sees(page, "Orders")


def test_the_own_save_does_not_ask_but_another_forms_button_does(page: Page, seen: Seen, question: Locator) -> None:
    page.goto(address("program_edit", seen))
    name = page.get_by_label("Name", exact=True)
    name.fill("Beans")
    page.get_by_role("button", name="Switch off").click()
    expect(question.get_by_role("listitem")).to_have_text(["Name"])
    page.keyboard.press("Escape")
    expect(name).to_have_value("Beans")
    page.get_by_role("button", name="Save in the draft").click()
    sees(page, "Program")
    expect(page.get_by_text("Beans").first).to_be_visible()


def test_languages_ask_and_previews_searches_and_tries_do_not(page: Page, seen: Seen, question: Locator) -> None:
    page.goto(address("widget", seen))
    with page.expect_response("**/widget/preview/"):
        page.get_by_label("Above the panel").press_sequentially("Beans")
    expect(question).to_be_hidden()
    page.get_by_role("link", name="Deutsch").click()
    expect(question.get_by_role("listitem")).to_have_text(["Above the panel"])
    question.get_by_role("button", name="Leave and lose the changes").click()
    expect(page.get_by_label("Above the panel")).to_have_value("")
    page.goto(address("members", seen))
    page.get_by_role("searchbox").fill("somebody")
    page.get_by_role("link", name="Orders").click()
    sees(page, "Orders")
    page.goto(address("program_try", seen))
    page.get_by_label("Price").first.fill("12")
    page.get_by_role("link", name="Orders").click()
    sees(page, "Orders")


def test_who_goes_back_and_stays_finds_the_page_its_place_and_what_was_typed(
    page: Page, seen: Seen, question: Locator
) -> None:
    page.goto(address("members", seen))
    page.get_by_role("link", name="Orders").click()
    sees(page, "Orders")
    page.get_by_role("link", name="Program").click()
    sees(page, "Program")
    page.get_by_role("link", name="Add a way").first.click()
    page.get_by_role("link", name="A birthday").click()
    sees(page, "A birthday")
    field, place = page.get_by_label("Points", exact=True), page.url
    field.fill("77")
    for _ in range(2):
        page.evaluate("history.back()")
        expect(question).to_be_visible()
        page.keyboard.press("Escape")
        expect(field).to_have_value("77")
        expect(page).to_have_url(place)
    page.evaluate("history.go(-3)")
    question.get_by_role("button", name="Leave and lose the changes").click()
    sees(page, "Orders")
    page.evaluate("history.forward()")
    sees(page, "Program")
    expect(question).to_be_hidden()


def test_a_refusal_without_the_form_leaves_it_where_it_is(page: Page, seen: Seen, question: Locator) -> None:
    field = typed(page, seen)
    page.get_by_label("Reason").fill("Late parcel")
    page.locator("#app form").evaluate("form => form.setAttribute('action', '/dashboard/members/999999/adjust/')")
    page.get_by_role("button", name="Adjust points").click()
    expect(page.get_by_role("alert").get_by_role("heading")).to_have_text("Not found")
    expect(field).to_have_value("70")
    page.get_by_role("link", name="Orders").click()
    expect(question).to_be_visible()


def test_a_reload_is_the_browsers_to_ask_about(page: Page, seen: Seen) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    field = typed(page, seen)
    page.evaluate("location.reload()")
    page.wait_for_timeout(300)
    expect(field).to_have_value("70")
    assert asked == ["beforeunload"]
    page.get_by_label("Points", exact=True).fill("")
    with page.expect_navigation():
        page.evaluate("location.reload()")
    assert asked == ["beforeunload"]


def held_back(page: Page, path: str, seconds: float) -> list[Request]:
    """The answers to this address come late; what was asked of it."""
    asked: list[Request] = []

    def late(route: Route) -> None:
        asked.append(route.request)
        answer = route.fetch()
        time.sleep(seconds)
        route.fulfill(response=answer)

    page.route(path, late)
    return asked


def test_of_quick_clicks_the_last_one_wins(page: Page, seen: Seen) -> None:
    page.goto(address("home", seen))
    held_back(page, "**/dashboard/members/", 0.6)
    page.evaluate(
        """() => { for (const name of ["Members", "Program", "Members", "Orders"])
        [...document.querySelectorAll(".nav a")].find(link => link.textContent === name).click(); }"""
    )
    sees(page, "Orders")
    page.wait_for_timeout(1_500)
    sees(page, "Orders")
    expect(page).to_have_url(re.compile("/orders/$"))
    expect(page.locator("#app")).not_to_have_attribute("aria-busy", "true")


def test_two_quick_presses_send_once_and_a_link_waits_for_the_answer(page: Page, seen: Seen, question: Locator) -> None:
    asked = held_back(page, "**/adjust/", 0.5)
    for points, heading in (("70", "Orders"), ("many", "Adjust points")):
        typed(page, seen, points)
        page.get_by_label("Reason").fill("Late parcel")
        asked.clear()
        page.evaluate(
            """() => { const button = [...document.querySelectorAll("#app main button")].at(-1);
            button.click(); button.click(); button.form.requestSubmit();
            [...document.querySelectorAll(".nav a")].find(link => link.textContent === "Orders").click(); }"""
        )
        sees(page, heading)
        assert [each.method for each in asked] == ["POST"]
    expect(page.get_by_label("Points", exact=True)).to_have_value("many")
    expect(question).to_be_hidden()


def kept_waiting(page: Page, path: str) -> list[Route]:
    """What is asked of this address, and gets no answer by itself."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(path, keep)
    return held


def test_what_is_typed_while_a_page_is_on_its_way_is_asked_about_when_it_comes(
    page: Page, seen: Seen, question: Locator
) -> None:
    page.goto(address("home", seen))
    page.get_by_role("link", name="Widget", exact=True).click()
    sees(page, "Widget")
    field = page.get_by_label("Above the panel")
    ways = {
        "**/dashboard/members/": lambda: page.get_by_role("link", name="Members").click(),
        "**/dashboard/": lambda: page.evaluate("history.back()"),
    }
    for path, leave in ways.items():
        held = kept_waiting(page, path)
        with page.expect_request(path):
            leave()
        field.fill("Beans")
        held[0].continue_()
        expect(question.get_by_role("listitem")).to_have_text(["Above the panel"])
        page.keyboard.press("Escape")
        expect(question).to_be_hidden()
        page.unroute(path)
        sees(page, "Widget")
        expect(field).to_have_value("Beans")
        expect(page).to_have_url(re.compile("/widget/$"))
        expect(page.locator("#app")).not_to_have_attribute("aria-busy", "true")
        field.fill("")
    field.fill("Beans")
    page.get_by_role("link", name="Members").click()
    question.get_by_role("button", name="Leave and lose the changes").click()
    sees(page, "Members")


def test_a_form_that_is_on_its_way_takes_no_more_words(page: Page, seen: Seen, question: Locator) -> None:
    field = typed(page, seen)
    page.get_by_label("Reason").fill("Late parcel")
    held = kept_waiting(page, "**/adjust/")
    page.get_by_label("Reason").press("Enter")
    expect(page.locator("#app form[inert]").last).to_be_attached()
    page.keyboard.type(" and more")
    expect(page.get_by_label("Reason")).to_have_value("Late parcel")
    held[0].abort()
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("!")
    expect(page.get_by_label("Reason")).to_have_value("Late parcel!")
    expect(field).to_have_value("70")
    page.unroute("**/adjust/")
    page.get_by_label("Reason").press("Enter")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Adjust points")
    expect(question).to_be_hidden()


def test_the_question_fits_a_phone_is_translated_and_axe_finds_nothing(
    page: Page, seen: Seen, axe: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    pseudo.speak(monkeypatch, settings)
    Shop.objects.filter(pk=seen.shop.pk).update(locale="ar")
    for width, scheme in ((320, "light"), (1280, "dark")):
        page.set_viewport_size({"width": width, "height": 700})
        page.goto(address("program_edit", seen))
        page.evaluate("scheme => { document.documentElement.dataset.theme = scheme; }", scheme)
        for field in page.locator("#thing input.input").all()[:3]:
            field.fill("2")
        page.locator(".crumb a").first.click()
        question = page.get_by_role("dialog")
        expect(question).to_be_visible()
        assert page.evaluate(pseudo.UNTRANSLATED.replace('"#app"', '"#leave"').replace('"#app *"', '"#leave *"')) == []
        assert page.evaluate(TOO_WIDE) <= 0
        assert violations(page, axe) == []
        page.keyboard.press("Escape")


def in_shopify(running: Running, context: BrowserContext, axe: str, watch: Watch) -> tuple[Walk, Locator]:
    """The widget's page in Shopify's admin, by mouse; and a field of it."""
    store = new_shopify(running, context)
    store.install()
    walk = Walk(store, "desktop", axe, watch)
    walk.go_to("Widget")
    return walk, walk.app.get_by_label("From the bottom, in pixels")


def test_shopifys_own_bar_guards_the_admin_saves_and_discards(
    running: Running, context: BrowserContext, watch: Watch, axe: str
) -> None:
    walk, field = in_shopify(running, context, axe, watch)
    admin, was = walk.store.admin, field.input_value()
    bar = admin.get_by_role("region", name="Unsaved changes")
    expect(bar).to_be_hidden()
    field.fill("44")
    for link in (
        walk.store.way_to("Members"),
        admin.get_by_role("navigation", name="Store").get_by_role("link", name="Customers"),
        walk.app.get_by_role("link", name="Deutsch"),
    ):
        link.click()
        expect(bar.get_by_role("status")).to_have_text("Save or discard first.")
        walk.sees("Widget")
    expect(walk.app.get_by_role("dialog")).to_be_hidden()
    field.fill(was)
    expect(bar).to_be_hidden()
    field.fill("44")
    bar.get_by_role("button", name="Discard").click()
    expect(field).to_have_value(was)
    expect(bar).to_be_hidden()
    field.fill("many")
    bar.get_by_role("button", name="Save").click()
    walk.is_refused("whole number")
    expect(bar).to_be_visible()
    bar.get_by_role("button", name="Discard").click()
    expect(field).to_have_value(was)
    expect(bar).to_be_hidden()
    field.fill("44")
    bar.get_by_role("button", name="Save").click()
    expect(bar).to_be_hidden()
    expect(walk.app.get_by_role("status").get_by_text("Saved")).to_be_visible()
    walk.go_to("Members")
    walk.go_to("Widget")
    expect(field).to_have_value("44")


def test_where_app_bridge_knows_no_bar_our_question_guards_the_side_bar(
    running: Running, context: BrowserContext, watch: Watch, axe: str
) -> None:
    context.add_init_script("Object.defineProperty(Object.prototype, 'saveBar', { set() {}, get() {} });")
    walk, field = in_shopify(running, context, axe, watch)
    question = walk.app.get_by_role("dialog", name="Leave without saving?")
    field.fill("44")
    walk.store.go_to("Members")
    expect(question).to_be_visible()
    walk.store.go_to("Orders")
    question.get_by_role("button", name="Stay and keep them").click()
    expect(field).to_have_value("44")
    walk.store.go_to("Members")
    question.get_by_role("button", name="Leave and lose the changes").click()
    walk.sees("Members")


def test_on_a_phone_the_question_stands_where_it_is_seen(
    running: Running, context: BrowserContext, watch: Watch, axe: str
) -> None:
    """In Ecwid's admin, whose frame is as tall as the page, by keyboard alone."""
    store = new_ecwid(running, context)
    store.install()
    walk = Walk(store, "phone", axe, watch)
    walk.go_to("Widget")
    walk.write("Terms", "Beans")
    walk.hands.press(walk.app.get_by_role("link", name="Deutsch"))
    question = walk.app.get_by_role("dialog", name="Leave without saving?")
    for name in ("Stay and keep them", "Leave and lose the changes"):
        button = question.get_by_role("button", name=name)
        expect(button).to_be_in_viewport(ratio=1)
        box, view = button.bounding_box(), store.admin.viewport_size
        assert box
        assert view
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= view["height"]
    assert violations(the_frame(store.admin), axe) == []
    store.admin.keyboard.press("Escape")
    expect(walk.app.get_by_role("textbox", name="Terms")).to_have_value("Beans")
    walk.hands.press(walk.app.get_by_role("link", name="Deutsch"))
    store.admin.keyboard.press("Shift+Tab")
    store.admin.keyboard.press("Enter")
    expect(walk.app.get_by_role("textbox", name="Terms")).to_have_value("")


def test_a_second_press_of_the_button_sends_nothing(page: Page, seen: Seen) -> None:
    asked = held_back(page, "**/adjust/", 0.3)
    typed(page, seen)
    page.get_by_label("Reason").fill("Late parcel")
    asked.clear()
    page.locator("#app form button").last.evaluate("button => { button.click(); button.click(); }")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Adjust points")
    page.wait_for_timeout(700)
    assert [each.method for each in asked] == ["POST"]
