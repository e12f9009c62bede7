"""The places that a merchant and a shopper go to, on either platform, as the tests see them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page, expect

from tests.browser.conftest import Running

EMAIL = "marta@shopper.test"
PASSWORD = "long enough"


def looked_at(page: Page) -> Page:
    """The tab in front. Chromium draws the others once a second: a click there waits for it, and may land where something
    lay before."""
    page.bring_to_front()
    return page


def resize(page: Page, width: int, height: int = 800) -> None:
    looked_at(page).set_viewport_size({"width": width, "height": height})


class Store(ABC):
    """One store: its admin in one tab, its storefront in another. `panel` is the widget's open panel."""

    def __init__(self, running: Running, context: BrowserContext) -> None:
        self.running = running
        self.admin: Page = context.new_page()
        self.front: Page = context.new_page()

    @property
    @abstractmethod
    def frame(self) -> FrameLocator:
        """The app inside the admin."""

    def install(self, past: str = "none") -> None:
        """Ends on Home, with the default program live; `past` says which orders from before it earn."""
        self.install_only()
        self.launch_default(past)

    @abstractmethod
    def install_only(self) -> None:
        """Ends in the app, which asks a new shop for its goal."""

    def launch_default(self, past: str = "none", goal: str = "") -> None:
        """The program that is launched where nobody answers anything but the goal, if that; a shop that comes back has its
        own."""
        heading = self.frame.get_by_role("heading", level=1)
        expect(heading.filter(has_text=re.compile("^(Home|What do you want more of.)$"))).to_be_visible()
        if heading.inner_text() == "Home":
            return
        app = next(frame for frame in self.admin.frames if frame.parent_frame is not None)
        status = app.evaluate(
            """async ([past, goal]) => {
                const bearer = document.querySelector("meta[name=regulars-bearer]")?.content;
                const headers = bearer ? { Authorization: `Bearer ${bearer}` } : {};
                const post = (path, values) => fetch(`/dashboard/start/${path}`, { method: "POST", headers, body: new URLSearchParams(values) });
                if (goal) await post("", { goal });
                return (await post("launch/", { past })).status;
            }""",
            [past, goal],
        )
        assert status == 200
        self.open_app()

    @abstractmethod
    def uninstall(self) -> None: ...

    @abstractmethod
    def open_app(self) -> None: ...

    def way_to(self, page: str) -> Locator:
        """The link of the app's own navigation."""
        return self.frame.get_by_role("navigation", name="Regulars").get_by_role("link", name=page, exact=True)

    def go_to(self, page: str) -> None:
        self.way_to(page).click()

    @abstractmethod
    def sign_in(self) -> None: ...

    @abstractmethod
    def order(self, product: str, quantity: int, code: str = "") -> str:
        """Through the shelf, the cart and the checkout, paid at once; the number on the confirmation."""

    @abstractmethod
    def refund_one(self, number: str) -> None: ...

    @abstractmethod
    def home(self) -> None: ...

    @property
    def panel(self) -> Locator:
        return self.front.locator("regulars-widget").get_by_role("dialog")

    def open_panel(self) -> Locator:
        self.home()
        self.front.locator("regulars-widget").get_by_role("button").first.click()
        expect(self.panel).to_be_visible()
        self.prove_identity()
        return self.panel

    @abstractmethod
    def prove_identity(self) -> None:
        """Where the platform does not vouch for the shopper, the panel asks."""

    def expect_points(self, points: int) -> Locator:
        """The panel says so, at the latest after a few looks: webhooks take their time."""
        for attempt in range(20):
            panel = self.open_panel()
            try:
                expect(panel.get_by_text(re.compile(rf"^{points}\s*points?$")).first).to_be_visible(timeout=1_000)
                return panel
            except AssertionError:
                if attempt == 19:
                    raise
        raise AssertionError


class ShopifyStore(Store):
    host, name = "loop.shopify.localhost", "loop"

    @property
    def frame(self) -> FrameLocator:
        return self.admin.frame_locator("iframe")

    def way_to(self, page: str) -> Locator:
        """In the admin's side bar, where the app's own name leads home."""
        if page == "Home":
            return self.admin.locator("[data-app-home]")
        return self.admin.locator("#app-menu").get_by_role("link", name=page, exact=True)

    def install_only(self) -> None:
        looked_at(self.admin).goto(self.running.at("admin.shopify.localhost", f"/store/{self.name}/app-store"))
        self.admin.get_by_role("link", name="Install").click()
        self.admin.get_by_role("button", name="Install").click()

    def uninstall(self) -> None:
        looked_at(self.front).goto("about:blank")
        looked_at(self.admin).goto(self.running.at("admin.shopify.localhost", f"/store/{self.name}/apps"))
        self.admin.get_by_role("button", name="Uninstall").click()

    def open_app(self) -> None:
        looked_at(self.admin).goto(
            self.running.at("admin.shopify.localhost", f"/store/{self.name}/apps/{self.running.shopify_key}")
        )

    def home(self) -> None:
        looked_at(self.front).goto(self.running.at(self.host))

    def sign_in(self) -> None:
        looked_at(self.front).goto(self.running.at(self.host, "/account/register"))
        for label, value in (
            ("First name", "Marta"),
            ("Last name", "O."),
            ("E-mail", EMAIL),
            ("Password", PASSWORD),
        ):
            self.front.get_by_label(label).fill(value)
        self.front.get_by_role("main").get_by_role("button").click()
        self.front.wait_for_url(re.compile("/account$"))

    def prove_identity(self) -> None:
        """Shopify signs who is logged in."""

    def order(self, product: str, quantity: int, code: str = "") -> str:
        self.home()
        self.front.get_by_role("link", name=product).first.click()
        self.front.get_by_label("Quantity").fill(str(quantity))
        self.front.get_by_role("button", name="Add to cart").click()
        self.front.wait_for_url("**/cart")
        looked_at(self.front).goto(self.running.at(self.host, "/checkout"))
        if code:
            self.front.get_by_label("Discount code").fill(code)
            self.front.get_by_role("button", name="Apply").click()
        self.front.get_by_role("button", name="Pay").click()
        found = re.search(r"#\d+", self.front.get_by_role("main").inner_text())
        return found[0] if found else ""

    def refund_one(self, number: str) -> None:
        looked_at(self.admin).goto(self.running.at("admin.shopify.localhost", f"/store/{self.name}/orders"))
        self.admin.get_by_role("link", name=number).first.click()
        self.admin.get_by_label(re.compile("^Give back of")).first.fill("1")
        self.admin.get_by_role("button", name="Refund").click()


class EcwidStore(Store):
    host, store = "2001.ecwid.localhost", "2001"

    @property
    def frame(self) -> FrameLocator:
        return self.admin.frame_locator("iframe")

    def install_only(self) -> None:
        looked_at(self.admin).goto(self.running.at("my.ecwid.localhost", f"/store/{self.store}/apps"))
        self.admin.get_by_role("link", name="Install").click()
        self.admin.get_by_role("button", name="Install").click()
        self.admin.get_by_role("button").first.click()
        self.open_app()

    def uninstall(self) -> None:
        looked_at(self.front).goto("about:blank")
        looked_at(self.admin).goto(self.running.at("my.ecwid.localhost", f"/store/{self.store}/apps"))
        self.admin.get_by_role("button", name="Uninstall").click()

    def open_app(self) -> None:
        looked_at(self.admin).goto(self.running.at("my.ecwid.localhost", f"/store/{self.store}/app"))

    def home(self) -> None:
        looked_at(self.front).goto(self.running.at(self.host))

    def sign_in(self) -> None:
        looked_at(self.front).goto(self.running.at(self.host, "/products/account"))
        self.front.get_by_label("E-mail").fill(EMAIL)
        self.front.get_by_label("Name, if you are new").fill("Marta O.")
        self.front.get_by_role("button", name="Sign in").click()
        # Whoever leaves before the answer is not signed in.
        expect(self.front.get_by_role("heading", name="Marta O.")).to_be_visible()

    def order(self, product: str, quantity: int, code: str = "") -> str:
        self.home()
        self.front.get_by_role("link", name=product).first.click()
        self.front.get_by_label("Quantity").fill(str(quantity))
        self.front.get_by_role("button", name="Add to cart").click()
        if code:
            self.front.get_by_label("Discount coupon").fill(code)
            self.front.get_by_role("button", name="Apply").click()
        self.front.get_by_role("link", name="Checkout").click()
        self.front.get_by_role("button", name="Place order").click()
        self.front.wait_for_url("**/checkout/done/*")
        return self.front.url.rsplit("/", 1)[1].partition("?")[0]

    def refund_one(self, number: str) -> None:
        looked_at(self.admin).goto(self.running.at("my.ecwid.localhost", f"/store/{self.store}/orders/{number}"))
        self.admin.get_by_label("Or an amount").fill("20.00")
        self.admin.get_by_role("button", name="Refund").click()

    def prove_identity(self) -> None:
        """The code from the mailbox, read as a person would read it."""
        sign_in = self.panel.get_by_role("button", name=re.compile("See my points|Sign in"))
        points = self.panel.get_by_text(re.compile(r"^\d+\s*points?$")).first
        expect(sign_in.or_(points).first).to_be_visible()
        if not sign_in.is_visible():
            return
        sign_in.click()
        email = self.panel.get_by_role("textbox")
        email.fill(EMAIL)
        before = self._mailed_codes()
        email.press("Enter")
        digits = self.panel.get_by_label(re.compile("code|digits", re.I))
        expect(digits).to_be_visible()
        digits.fill(self._newly_mailed_code(before))
        digits.press("Enter")

    def _mailed_codes(self) -> set[str]:
        """The mailbox is everybody's: other stores write to the same address."""
        mailbox = self.front.context.new_page()
        mailbox.goto(self.running.at("mail.localhost"))
        found = set(re.findall(r"\b\d{6}\b", mailbox.get_by_role("main").inner_text()))
        mailbox.close()
        looked_at(self.front)
        return found

    def _newly_mailed_code(self, before: set[str]) -> str:
        for _ in range(50):
            new = self._mailed_codes() - before
            if new:
                return new.pop()
            self.front.wait_for_timeout(200)
        raise AssertionError("no mail with a code came")
