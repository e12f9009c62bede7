"""Somebody who came to a store: what they press, and what is looked at on every screen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import requests
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import Running

SCREENS = ((1280, "light"), (375, "dark"), (1280, "dark"), (375, "light"))
OPEN = "document.querySelector('regulars-widget dialog').open"
# The launcher lies behind the modal panel, which axe does not know of the top layer: it would count as covering.
AXE = """async (whole) => {
  const widget = document.querySelector("regulars-widget");
  const hidden = widget.shadowRoot.querySelector("dialog[open]") ? widget.shadowRoot.querySelector(".rg-launch") : null;
  if (hidden) hidden.style.visibility = "hidden";
  const found = await axe.run(whole ? document : widget, whole ? {} : { runOnly: ["color-contrast", "target-size"] });
  if (hidden) hidden.style.visibility = "";
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} ${nodes[0].failureSummary}`);
}"""
# What is on the screen: nothing beside the window, nothing wider than the panel, no text cut off.
LAYOUT = """() => {
  const dialog = document.querySelector("regulars-widget").shadowRoot.querySelector("dialog[open]");
  if (!dialog) return [];
  const box = dialog.getBoundingClientRect(), body = dialog.querySelector(".rg-body"), found = [];
  if (box.left < 0 || box.top < 0 || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5) found.push(`the panel is beside the screen: ${JSON.stringify(box)}`);
  if (body.scrollWidth > body.clientWidth) found.push(`wider than the panel by ${body.scrollWidth - body.clientWidth}`);
  for (const each of body.querySelectorAll("*")) {
    const { left, right, width } = each.getBoundingClientRect();
    if (width && (left < box.left - 0.5 || right > box.right + 0.5)) found.push(`beside the panel: ${each.outerHTML.slice(0, 120)}`);
    if (each.clientWidth && each.scrollWidth > each.clientWidth + 1) found.push(`wider than its box: ${each.outerHTML.slice(0, 120)}`);
  }
  for (const each of dialog.querySelectorAll("h2, h3, .rg-button, [role=tab]")) {
    each.style.overflowWrap = "normal";
    if (each.scrollWidth > each.clientWidth + 1) found.push(`a word is broken: ${each.textContent}`);
    each.style.overflowWrap = "";
  }
  return found;
}"""


class Shopper:
    def __init__(
        self,
        running: Running,
        platform: str,
        store: dict[str, Any],
        name: str,
        browser: Browser,
        options: dict[str, Any],
    ) -> None:
        self.running, self.platform, self.store = running, platform, str(store["shop"])
        self.host = f"{self.store.partition('.')[0]}.{platform}.localhost"
        self.person: dict[str, str] = store["people"].get(name, {})
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **options})
        self.page: Page = context.new_page()
        self.wrong: dict[str, list[str]] = {}
        if platform == "ecwid" and self.person:
            self.keep_session()
        elif self.person:
            self.log_in()

    def at(self, path: str = "/") -> str:
        return self.running.at(self.host, path)

    def log_in(self) -> None:
        """Only browsers resolve `*.localhost`, so the store is asked by its name on the sandbox's own address."""
        answer = requests.post(
            f"{self.running.sandbox_url}/account/be",
            headers={"Host": f"{self.host}:{self.running.port}"},
            data={"customer": self.person["id"]},
            allow_redirects=False,
            timeout=30,
        )
        found = answer.cookies.items()
        self.page.context.add_cookies([{"name": name, "value": value, "url": self.at()} for name, value in found])

    def keep_session(self) -> None:
        """As the code from the mail would have left it; once, so that signing out holds."""
        session = json.dumps({**{name: self.person[name] for name in ("token", "device")}, "until": 9e15})
        key = f"regulars:ecwid:{self.store}"
        self.page.add_init_script(
            f"if (location.host === {self.at().split('/')[2]!r} && !localStorage.came) "
            f"{{ localStorage.came = 1; localStorage[{key!r}] = {session!r}; }}"
        )

    def go(self, path: str = "/") -> Shopper:
        self.page.goto(self.at(path))
        return self

    @property
    def widget(self) -> Locator:
        return self.page.locator("regulars-widget")

    @property
    def launcher(self) -> Locator:
        return self.widget.locator(".rg-launch")

    @property
    def panel(self) -> Locator:
        return self.widget.get_by_role("dialog")

    def open(self, path: str = "/") -> Shopper:
        self.go(path)
        self.launcher.click()
        self.heading()
        return self

    def heading(self, text: str = "") -> None:
        found = self.panel.get_by_role("heading", level=2)
        expect(found).to_be_visible()
        expect(self.panel.locator(".rg-busy")).to_have_count(0)
        if text:
            expect(found).to_have_text(text)

    def press(self, name: str) -> None:
        self.panel.get_by_role("button", name=name, exact=True).click()

    def tab(self, name: str) -> None:
        self.panel.get_by_role("tab", name=name, exact=True).click()
        expect(self.panel.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")

    def reload_panel(self) -> None:
        self.page.evaluate("document.querySelector('regulars-widget').load().then((panel) => panel.load())")

    def lose_connection(self, is_lost: bool) -> None:
        """Returns once a request of the page's own meets it: the part of a busy browser that sends requests hears of it
        later than the part that is told."""
        self.page.context.set_offline(is_lost)
        asked = "fetch(location.href, { method: 'HEAD', cache: 'no-store' }).then(() => false, () => true)"
        self.page.wait_for_function(f"async (isLost) => await {asked} === isLost", arg=is_lost)

    def end_session(self) -> None:
        """Somebody signed out elsewhere, or the session is too old."""
        if self.platform == "shopify":
            self.page.context.clear_cookies()
        else:
            key = f"regulars:ecwid:{self.store}"
            self.page.evaluate(f"localStorage[{key!r}] = JSON.stringify({{ token: 'old', device: '1.old', until: 0 }})")

    def check_out(self) -> None:
        """From the cart; ends on the confirmation."""
        if self.platform == "shopify":
            self.page.get_by_role("button", name="Check out").click()
            self.page.get_by_role("button", name="Pay").click()
        else:
            self.page.get_by_role("link", name="Checkout").click()
            self.page.get_by_label("E-mail").fill("marta@states.test")
            self.page.get_by_label("Name").fill("Marta")
            self.page.get_by_role("button", name="Place order").click()
        expect(self.page.get_by_role("heading", name="Thank you")).to_be_visible()

    def mailed_code(self, address: str) -> str:
        for _ in range(75):
            for mail in self.running.control("GET", f"/mail?to={address}"):
                found = re.search(r"\b\d{6}\b", json.dumps(mail))
                if found:
                    return found[0]
            self.page.wait_for_timeout(200)
        raise AssertionError(f"no mail with a code came to {address}")

    def rewrite(self, change: Callable[[str], str], policy: str = "") -> None:
        """The store's front page comes changed, and with a policy. Only browsers resolve `*.localhost`."""

        def answer(route: Route) -> None:
            headers = {
                "Host": f"{self.host}:{self.running.port}",
                "Cookie": route.request.all_headers().get("cookie", ""),
            }
            found = requests.get(self.running.sandbox_url, headers=headers, timeout=30)
            more = {"content-security-policy": policy} if policy else {}
            route.fulfill(body=change(found.text), headers={"content-type": "text/html; charset=utf-8", **more})

        # A page that comes from nowhere may not ask this machine without being allowed to.
        self.page.context.grant_permissions(["local-network-access"])
        self.page.unroute(self.at())
        self.page.route(self.at(), answer)

    def look(self, name: str, axe: str, *, page: bool = False) -> None:
        """axe over the whole page once, then what depends on size and colours on every screen."""
        if not self.page.evaluate("!!window.axe"):
            self.page.evaluate(axe)
        for number, (width, scheme) in enumerate(SCREENS):
            self.page.set_viewport_size({"width": width, "height": 812})
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.evaluate(
                "(widget => widget.place(widget.config ?? {}))(document.querySelector('regulars-widget'))"
            )
            found = [*self.page.evaluate(AXE, number == 0 or page), *self.page.evaluate(LAYOUT)]
            if found:
                self.wrong[f"{name}, {width} {scheme}"] = found
