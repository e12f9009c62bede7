"""Pages that mean no good, or know no better: the widget on both platforms' stand-ins looks and works as on any other."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.widget.conftest import Come
from tests.browser.widget.shopper import LAYOUT, Shopper

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]

STYLES = """<style>
* { all: unset !important; }
html { font-size: 62.5% !important; }
body { font: 700 40px/3 fantasy !important; letter-spacing: 1em !important; text-transform: uppercase !important; }
div, span, button, dialog, regulars-widget, #rg-title { display: block !important; position: static !important;
  transform: rotate(3deg) !important; color: red !important; background: yellow !important; margin: 3em !important; }
dialog::backdrop { background: red !important; } [hidden] { display: block !important; }
</style>"""
FREEZE = """for (const each of [Object, Array, String, Promise, Map, Set, RegExp, Function, Element, HTMLElement, Node, Event])
  Object.freeze(each.prototype);"""
MEASURE = """() => {
  const root = document.querySelector("regulars-widget").shadowRoot;
  return ["dialog", ".rg-launch", ".rg-head", ".rg-card", ".rg-tabs", ".rg-tile", ".rg-button"].map((name) => {
    const element = root.querySelector(name), box = element.getBoundingClientRect();
    const { color, backgroundColor, fontSize, fontWeight, textTransform, letterSpacing } = getComputedStyle(element);
    const sizes = name === ".rg-launch" || name === ".rg-button" ? [box.height] : [box.width, box.height];
    return [name, sizes.map(Math.round), color, backgroundColor, fontSize, fontWeight, textTransform, letterSpacing];
  });
}"""
# Words, between what is neither letter nor digit, that lists of what to block have in their rules for every site: EasyList's and
# Fanboy's Annoyance List's *_general_block.txt at github.com/easylist/easylist, read in November 2026. That "loyalty" and
# "reward" are in none of their rules for every site is (unverified): those files are long and change every hour.
BLOCKED = (
    "ad ads adv advert adverts advertising banner banners popup popups popunder interstitial overlay sponsor sponsored "
    "affiliate affiliates promo doubleclick adserver tracker tracking analytics pixel beacon newsletter subscribe rss share "
    "sharing social cookie cookies consent survey feedback recommend recommendations optin signup"
).split()


def same_everywhere(shopper: Shopper) -> list[object]:
    """What a page's own styles have no say in, once everything is drawn."""
    expect(shopper.panel.get_by_role("button", name="Redeem: ").first).to_be_visible()
    found: list[object] = shopper.page.evaluate(MEASURE)
    return found


def test_hostile_styles_a_strict_policy_and_frozen_prototypes_change_nothing(come: Come, platform: str) -> None:
    expected = same_everywhere(come("marta").open())
    marta = come("marta")
    marta.page.add_init_script(FREEZE)
    app = marta.running.app_url
    sources = f"'self' {app} {marta.running.at('app.ecwid.localhost').rstrip('/')}"
    # The stand-in's own pages have scripts between their tags.
    inline = "'unsafe-inline'" if platform == "ecwid" else ""
    types = "; require-trusted-types-for 'script'" if platform == "shopify" else ""
    policy = f"default-src 'none'; script-src {sources} {inline}; connect-src {sources}; style-src 'none'; form-action 'self'"

    marta.rewrite(lambda page: page.replace("</head>", f"{STYLES}</head>"))
    assert same_everywhere(marta.open()) == expected
    marta.rewrite(lambda page: page, policy + types)
    assert same_everywhere(marta.open()) == expected
    marta.panel.get_by_role("button", name="Redeem: ").first.click()
    expect(marta.panel.get_by_role("button", name="Get my code")).to_be_visible()


def test_the_script_twice_is_one_widget(come: Come) -> None:
    marta = come("marta")

    def twice(page: str) -> str:
        script = f'<script type="module" src="{marta.running.app_url}/widget/v1/loader.js?again"></script>'
        tags = "".join(re.findall(r"<script[^>]*widget/v1/loader\.js[^>]*></script>", page))
        return page.replace("</body>", f"{tags}{script}</body>")

    marta.rewrite(twice)
    marta.open()
    expect(marta.widget).to_have_count(1)
    expect(marta.widget.get_by_role("dialog")).to_have_count(1)
    expect(marta.launcher).to_have_count(1)


def test_no_address_and_no_name_is_one_that_blockers_know(come: Come, platform: str) -> None:
    marta = come("marta")
    asked: list[str] = []
    marta.page.on("request", lambda request: asked.append(request.url))
    marta.open()
    for view in ("Tiers", "Invite a friend", "My details", "Questions and terms"):
        marta.press(view)
        marta.heading(view)
        marta.press("Back")
    names = marta.page.evaluate(
        """() => [...document.querySelectorAll("regulars-widget, regulars-block"), ...document.querySelector("regulars-widget").shadowRoot.querySelectorAll("*")]
            .flatMap((each) => [each.localName, each.id, each.getAttribute("class"), each.getAttribute("part")]).filter(Boolean)"""
    )
    ours = {urlsplit(url).path for url in asked if "/widget/v1/" in url or "/apps/" in url}
    assert len(ours) >= 10
    for name in [*ours, *names]:
        words = {word.lower() for word in re.split(r"[^A-Za-z0-9]+", name)}
        assert not words & set(BLOCKED), name


def test_where_our_server_is_blocked_the_shop_is_as_it_was(come: Come) -> None:
    marta = come("marta")
    marta.page.route(re.compile(r"/widget/v1/|/apps/"), lambda route: route.abort())
    marta.go()
    marta.page.get_by_role("link", name=re.compile("Cart")).first.click()
    expect(marta.page.get_by_role("heading", level=1)).to_be_visible()
    expect(marta.launcher).to_have_count(0)


def test_a_slow_line_shows_the_shop_first_and_then_all_of_it(come: Come) -> None:
    """400 kbit/s and 400 ms there and back, as Chromium's own throttle has it."""
    marta = come("marta", viewport={"width": 375, "height": 812})
    line = marta.page.context.new_cdp_session(marta.page)
    line.send("Network.enable")
    speed = 400_000 / 8
    line.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 400, "downloadThroughput": speed, "uploadThroughput": speed},
    )
    painted: list[str] = []
    marta.page.on("requestfinished", lambda request: painted.append(request.url))
    marta.page.goto(marta.at(), wait_until="commit")
    expect(marta.page.get_by_role("heading", level=1)).to_be_visible()
    assert not any("/panel.js" in url for url in painted), "the shop's own page comes first"
    expect(marta.launcher).to_be_visible()
    marta.launcher.click()
    expect(marta.panel).to_be_visible()
    marta.heading("Hello, Marta")
    marta.tab("Earn")
    marta.press("Close")
    marta.page.get_by_role("link", name=re.compile("Cart")).first.click()
    expect(marta.page).to_have_url(re.compile("cart"))


@pytest.mark.parametrize(("width", "text"), [(320, 100), (320, 200), (1280, 200), (3840, 100)])
def test_narrow_and_wide_screens_and_large_text(come: Come, width: int, text: int) -> None:
    marta = come("marta", viewport={"width": width, "height": 2160 if width > 2000 else 640})
    marta.page.add_init_script(
        f"addEventListener('DOMContentLoaded', () => document.documentElement.style.setProperty('font-size', '{text}%'))"
    )
    marta.open()
    found = {"Rewards": marta.page.evaluate(LAYOUT)}
    for tab in ("Earn", "History"):
        marta.tab(tab)
        found[tab] = marta.page.evaluate(LAYOUT)
    for view in ("Tiers", "Invite a friend", "My details", "Questions and terms"):
        marta.press(view)
        marta.heading(view)
        found[view] = marta.page.evaluate(LAYOUT)
        marta.press("Back")
    assert {view: wrong for view, wrong in found.items() if wrong} == {}


DRAWER = """(edge) => {
  const drawer = document.createElement("aside"), pay = document.createElement("button");
  drawer.style.cssText = `position: fixed; inset-block: 0; ${edge}: 0; width: 320px; background: #fff; color: #000`;
  pay.textContent = "Check out now";
  pay.style.cssText = "position: absolute; inset: auto 16px 72px; height: 48px";
  pay.onclick = () => { window.paid = edge; drawer.remove(); };
  drawer.append(pay);
  document.querySelector("main").append(drawer);
  pay.focus();
}"""


@pytest.mark.parametrize("width", [375, 1280])
def test_a_nudge_waits_while_a_cart_that_slides_in_has_its_way_to_pay_there(come: Come, width: int) -> None:
    marta = come("marta", viewport={"width": width, "height": 812}).go()
    nudge = marta.page.locator("regulars-widget .rg-nudge")
    expect(nudge).to_be_visible()
    for edge in ("left", "right"):
        marta.page.evaluate(DRAWER, edge)
        if edge == "right" or width == 375:
            expect(nudge).to_be_hidden()
        marta.page.get_by_role("button", name="Check out now").click()
        assert marta.page.evaluate("paid") == edge
        expect(nudge).to_be_visible()


def test_a_nudge_waits_while_a_question_of_the_page_is_open(come: Come) -> None:
    marta = come("marta").go()
    nudge = marta.page.locator("regulars-widget .rg-nudge")
    expect(nudge).to_be_visible()
    marta.page.evaluate(
        """() => {
          const question = document.createElement("div");
          Object.assign(question, { ariaModal: "true", role: "dialog", tabIndex: -1, id: "question", textContent: "Take 10 % off?" });
          question.style.cssText = "position: fixed; inset: 20% 40%; background: #fff";
          document.body.append(question);
          question.focus();
        }"""
    )
    expect(nudge).to_be_hidden()
    marta.page.evaluate("question.style.opacity = 0, document.querySelector('a').focus()")
    expect(nudge).to_be_visible()


def test_who_wants_no_motion_sees_none(come: Come) -> None:
    marta = come("marta", reduced_motion="reduce").open()
    marta.page.evaluate(
        """async () => { const panel = await document.querySelector("regulars-widget").load();
        await panel.go("redeem/working", { redemption: panel.data.rewards[0] }); }"""
    )
    marta.panel.get_by_role("heading", name="Your code is on its way").wait_for()
    moving = (
        "document.getAnimations().length + document.querySelector('regulars-widget').shadowRoot.getAnimations().length"
    )
    assert marta.page.evaluate(moving) == 0
    marta.page.emulate_media(reduced_motion="no-preference")
    assert marta.page.evaluate(moving) == 1
