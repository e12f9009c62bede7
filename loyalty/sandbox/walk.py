"""The main job, walked over HTTP as a merchant and a shopper would: `python -m loyalty.sandbox.walk SANDBOX APP`.

Install, order, points, redeem, order with the code, refund in part, uninstall, install again - on each platform. Prints
a line with the balance per step and ends with 1 at the first that is not as it should be.
"""

from __future__ import annotations

import re
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from loyalty.sandbox.forms import fields_of

WAIT_SECONDS = 15
COST = 10
PRODUCT = "THE PRODUCT"
KINDS: dict[str, dict[str, str]] = {
    "percent_off": {"percent": "5"},
    "free_shipping": {},
    "free_product": {"products": PRODUCT, "value_minor": "22.50"},
    "points_slider": {"value_minor": "0.10", "maximum_percent": "100"},
    "gift_card": {"value_minor": "0.10"},
    "store_credit": {"value_minor": "0.10"},
    "cashback": {"value_minor": "0.10"},
    "access": {"link": "https://shop.test/evening"},
    "custom": {"description": "A tasting in the cellar."},
    "partner": {"description": "Show it at the cinema's till."},
}
"""What the merchant types into each form, beside the name and the cost."""
EMAIL, SECOND_EMAIL = "marta@shopper.test", "nils@shopper.test"


class Stopped(Exception):
    """A step that did not come out."""


class Visitor:
    """A browser's place in one origin: its cookies, and its name in the Host header, for only browsers resolve
    `*.localhost`."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        parts = urlsplit(origin)
        self.base = f"http://127.0.0.1:{parts.port}"
        self.session = requests.Session()
        self.session.headers["Host"] = parts.netloc

    def get(self, path: str, **options: Any) -> requests.Response:
        return self._follow("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self._follow("POST", path, **options)

    def _follow(self, method: str, path: str, **options: Any) -> requests.Response:
        """Redirects are followed within the origin; one that leads elsewhere is the answer."""
        for _ in range(10):
            answer = self.session.request(
                method, urljoin(self.base, path), timeout=10, allow_redirects=False, **options
            )
            to = answer.headers.get("Location", "")
            if not to or (urlsplit(to).netloc and urlsplit(to).netloc != urlsplit(self.origin).netloc):
                return answer
            parts = urlsplit(to)
            path, method, options = f"{parts.path}?{parts.query}", "GET", {}
        raise Stopped(f"{self.origin}{path} redirects without end")


class Story(ABC):
    """The steps that are the same everywhere; a platform says how each is done."""

    platform = ""
    shop = ""
    email = EMAIL
    carries: tuple[str, ...] = ()
    """The kinds of reward that shoppers of this platform are shown, beside the amount off that the walk begins with."""

    def __init__(self, sandbox_url: str, app_url: str) -> None:
        self.sandbox_url = sandbox_url
        self.app_url = app_url
        self.port = urlsplit(sandbox_url).port

    def walk(self) -> None:
        self.make_shop()
        self.step("The merchant installs the app", self.install, "the dashboard opens")
        self.step("The program is launched as it is suggested", self.launch, "it is live")
        self.step("Nobody is signed in", lambda: _expect(self.member_without_sign_in(), False), "no balance is shown")
        first = self.order([("520", 1)], "")
        self.step(
            "An order of 520.00 is paid", lambda: self.expect_reason(first), "the merchant reads why it earned 520"
        )
        self.points("The shopper signs in and looks", 520)
        code = self.redeem()
        self.points(f"500 points become 5.00 off, code {code}", 20)
        second = self.order([("22.5", 2)], code, "40")
        self.points("Two for 22.50 with the code, 40.00 paid", 60)
        self.step("The code is tried again", lambda: self.expect_refused(code), "it is refused")
        self.refund(second)
        self.points("One of the two goes back, 20.00 refunded", 290)
        self.step("Uninstalled", self.uninstall, "the widget has gone quiet")
        self.step("Installed again", self.install, "the dashboard opens")
        self.points("The history is still there", 290)
        self.step("The merchant offers every kind of reward", self.offer_every_kind, "the program is published")
        self.come_as_another()
        other = self.order([("520", 1)], "")
        self.step("Another shopper buys for 520.00", lambda: self.expect_reason(other), "the order is in the list")
        for kind in self.carries:
            self.redeem_kind(kind)
        self.points("Each kind was redeemed once", 520 - COST * len(self.carries))

    def step(self, what: str, act: Callable[[], None], outcome: str) -> None:
        try:
            act()
        except requests.RequestException as error:
            raise Stopped(f"{what}: {error}") from error
        except Stopped as error:
            raise Stopped(f"{what}: {error}") from error
        self.say(what, outcome)

    def points(self, what: str, expected: int) -> None:
        """Waits for the balance: webhooks take their time."""
        until = time.monotonic() + WAIT_SECONDS
        seen: object = None
        while time.monotonic() < until:
            seen = self.balance()
            if seen == expected:
                self.say(what, f"balance {expected}")
                return
            time.sleep(0.1)
        raise Stopped(f"{what}: the balance should be {expected}, the widget says {seen}")

    def say(self, what: str, outcome: str) -> None:
        print(f"  {self.platform:8} {what:.<58} {outcome}", flush=True)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = requests.request(method, f"{self.sandbox_url}/_sandbox{path}", json=body, timeout=30)
        if not answer.ok:
            raise Stopped(f"the sandbox said {answer.status_code} to {path}: {answer.text[:200]}")
        return answer.json()

    def visitor(self, host: str) -> Visitor:
        return Visitor(f"http://{host}:{self.port}")

    def balance(self) -> object:
        answer = self.ask_member()
        return answer.json().get("available") if answer.ok else f"{answer.status_code} {answer.text[:200]}"

    def redeem(self) -> str:
        member = self.ask_member().json()
        reward = next((each for each in member["rewards"] if each["points"] == 500), None)
        if reward is None or reward["missing"]:
            raise Stopped(f"no reward of 500 points is in reach: {member['rewards']}")
        headers = {"Idempotency-Key": "walk-redeems-once", "X-Regulars": "1"}
        answers = [self.ask_redeem({"reward": reward["id"]}, headers) for _ in range(2)]
        if answers[0].status_code != 200 or answers[0].content != answers[1].content:
            raise Stopped(f"asked twice under one key, it said {[answer.text[:200] for answer in answers]}")
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            codes = self.ask_member().json()["codes"]
            if codes and codes[0]["state"] == "ready":
                return str(codes[0]["code"])
            time.sleep(0.1)
        raise Stopped("the code was not ready in time")

    def offer_every_kind(self) -> None:
        """As the merchant's forms post it, one reward after the other into a draft; then the partner's codes."""
        product = self.product_of("22.5")
        for kind, fields in KINDS.items():
            typed = {name: product if value == PRODUCT else value for name, value in fields.items()}
            said = {"name": f"Walk {kind}", "points": str(COST), **typed}
            self.submit(f"/dashboard/program/add/rewards/?kind={kind}", said, "Saved in the draft")
        self.submit("/dashboard/program/publish/", {"when": "now"}, "is live")
        listed = self.dashboard("/dashboard/redemptions/partner-codes/")
        upload = re.search(r'href="(/dashboard/redemptions/partner-codes/[^"]+/)"', listed)
        if not upload:
            raise Stopped("the partner's reward has no place for its codes")
        self.submit(upload[1], {"codes": "WALK-1\nWALK-2"}, "taken in")

    def submit(self, path: str, typed: dict[str, str], expected: str) -> None:
        """Opens the page, types, and sends its form."""
        form = {**fields_of(self.dashboard(path)), **typed}
        answer = requests.post(f"{self.app_url}{path}", form, headers={"Authorization": self.bearer()}, timeout=10)
        if answer.status_code != 200 or expected not in unescape(answer.text):
            wrong = re.findall(r'id="[^"]*-error"[^>]*>([^<]+)<', answer.text)
            raise Stopped(f"{path} said {answer.status_code} to {form}: {wrong or answer.text[:300]}")

    def redeem_kind(self, kind: str) -> None:
        offered = self.ask_member().json()["rewards"]
        reward = next((each for each in offered if each["kind"] == kind and each["name"].startswith("Walk")), None)
        if reward is None or reward["missing"] or reward["obstacle"]:
            raise Stopped(f"{kind} is not in reach: {reward or [each['kind'] for each in offered]}")
        body = {"reward": reward["id"], **({"points": COST} if kind in ("points_slider", "cashback") else {})}
        headers = {"Idempotency-Key": f"walk-redeems-{kind}", "X-Regulars": "1"}
        made = self.ask_redeem(body, headers).json()
        until = time.monotonic() + WAIT_SECONDS
        while made.get("state") == "issuing" and time.monotonic() < until:
            time.sleep(0.1)
            made = self.ask_redemption(made["id"]).json()
        if made.get("state") not in ("ready", "used"):
            raise Stopped(f"redeeming {kind} said {made}")
        self.say(f"{COST} points become {kind.replace('_', ' ')}", made["code"] or made["state"])

    def dashboard(self, path: str) -> str:
        answer = requests.get(f"{self.app_url}{path}", headers={"Authorization": self.bearer()}, timeout=10)
        if answer.status_code != 200:
            raise Stopped(f"the dashboard's {path} said {answer.status_code}")
        return unescape(answer.text)

    def launch(self) -> None:
        headers = {"Authorization": self.bearer()}
        answer = requests.post(f"{self.app_url}/dashboard/start/launch/", {"past": "none"}, headers=headers, timeout=10)
        if answer.status_code != 200 or "is live" not in answer.text:
            raise Stopped(f"launching said {answer.status_code}: {answer.text[:300]}")

    def expect_reason(self, number: str) -> None:
        _until(lambda: "520" in self.order_row(number), f"order {number} is not in the list with 520 points")
        link = re.search(r'href="(/dashboard/orders/\d+/)"', self.order_row(number))
        detail = self.dashboard(link[1]) if link else ""
        if "Counts for points" not in detail:
            raise Stopped("the order's page does not say what counted")

    def order_row(self, number: str) -> str:
        """The order's row in the dashboard's list; empty before its webhook is worked."""
        return next((row for row in self.dashboard("/dashboard/orders/").split("<tr>") if number in row), "")

    @abstractmethod
    def make_shop(self) -> None: ...

    @abstractmethod
    def install(self) -> None: ...

    @abstractmethod
    def uninstall(self) -> None: ...

    @abstractmethod
    def order(self, wanted: list[tuple[str, int]], code: str, total: str = "") -> str:
        """Through the storefront, paid at once; what people call the order."""

    @abstractmethod
    def expect_refused(self, code: str) -> None: ...

    @abstractmethod
    def refund(self, number: str) -> None:
        """One unit, or one line, of the order: 20.00."""

    @abstractmethod
    def ask_member(self) -> requests.Response: ...

    @abstractmethod
    def member_without_sign_in(self) -> bool: ...

    @abstractmethod
    def ask_redeem(self, body: dict[str, Any], headers: dict[str, str]) -> requests.Response: ...

    @abstractmethod
    def ask_redemption(self, number: str) -> requests.Response: ...

    @abstractmethod
    def come_as_another(self) -> None:
        """From here on the shopper is somebody else, in a browser of their own."""

    @abstractmethod
    def product_of(self, price: str) -> str:
        """The number of a product that costs this."""

    @abstractmethod
    def bearer(self) -> str: ...


class Ecwid(Story):
    platform = "ecwid"
    carries = ("percent_off", "free_shipping", "free_product", "points_slider", "access", "custom", "partner")

    def make_shop(self) -> None:
        made = self.control("POST", "/ecwid/shops", {"name": "2001", "title": "Walk Paper", "currency": "EUR"})
        self.shop = str(made["id"])
        self.admin = self.visitor("my.ecwid.localhost")
        self.store = self.visitor(f"{self.shop}.ecwid.localhost")
        self.products = self.control("GET", f"/ecwid/shops/{self.shop}/products")
        self.token = self.device = ""

    def install(self) -> None:
        """From the market: it leads to our callback without a state, which asks for a click; then the tab opens."""
        made = self.control("POST", f"/ecwid/shops/{self.shop}/install")
        browser = requests.Session()
        page = browser.get(made["redirect_url"], timeout=10)
        form = re.search(r'<form[^>]*method="post"[^>]*>(.*?)</form>', page.text, re.S | re.I)
        if page.status_code == 200 and form:
            tag = re.search(r'action="([^"]*)"', form[0])
            fields = dict(re.findall(r'name="([^"]+)"\s+value="([^"]*)"', form[1]))
            target = urljoin(page.url, unescape(tag[1]) if tag else "")
            page = browser.post(target, data=fields, headers={"Referer": page.url, "Origin": self.app_url}, timeout=10)
        if page.status_code >= 400:
            raise Stopped(f"connecting said {page.status_code}: {page.text[:300]}")
        opened = requests.get(made["open_url"], timeout=10)
        found = re.search(r'name="regulars-bearer" content="([^"]+)"', opened.text)
        if opened.status_code != 200 or not found:
            raise Stopped(f"the app's page said {opened.status_code}: {opened.text[:300]}")
        self._bearer = f"Bearer {unescape(found[1])}"
        self.token = ""

    def bearer(self) -> str:
        return self._bearer

    def uninstall(self) -> None:
        self.control("POST", f"/ecwid/shops/{self.shop}/uninstall")
        _until(lambda: self.api("GET", "config").status_code != 200, "the widget still answers")

    def order(self, wanted: list[tuple[str, int]], code: str, total: str = "") -> str:
        self.store.post("/products/account/login", data={"email": self.email, "name": "Marta O."})
        for price, quantity in wanted:
            product = next(each for each in self.products if each["price_minor"] == round(float(price) * 100))
            self.store.post("/products/cart/add", data={"product": product["id"], "quantity": quantity})
        if code:
            answer = self.store.post("/products/cart/coupon", data={"code": code})
            if answer.status_code != 200:
                raise Stopped("the storefront does not take the code")
        done = self.store.post("/products/checkout", data={"payment": "now", "name": "Marta O."})
        newest = self.control("GET", f"/ecwid/shops/{self.shop}/orders?limit=1")[0]
        if done.status_code != 200 or (total and float(newest["total"]) != float(total)):
            raise Stopped(f"the checkout came to {newest['total']} instead of {total}")
        return str(newest["id"])

    def expect_refused(self, code: str) -> None:
        product = next(each for each in self.products if each["price_minor"] == 2250)
        self.store.post("/products/cart/add", data={"product": product["id"], "quantity": 1})
        if "was used already" not in self.store.post("/products/cart/coupon", data={"code": code}).text:
            raise Stopped("the storefront took the code a second time")
        self.store.post("/products/cart/update", data={product["id"]: 0})

    def refund(self, number: str) -> None:
        self.admin.post(f"/store/{self.shop}/orders/{number}/refund", data={"amount": "20.00", "reason": "returned"})

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        """As the widget in the storefront's page asks."""
        headers = {"X-Regulars": "1", "Origin": self.store.origin, **options.pop("headers", {})}
        address = f"{self.app_url}/widget/v1/{path}"
        return requests.request(
            method, address, params={"shop": f"ecwid:{self.shop}"}, headers=headers, timeout=15, **options
        )

    def sign_in(self) -> None:
        """The code from the mailbox, as the shopper would type it."""
        challenge = self.api("POST", "code", json={"email": self.email}).json()["challenge"]
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            mails = self.control("GET", f"/mail?to={self.email}")
            found = re.search(r"\b(\d{6})\b", f"{mails[0]['subject']} {mails[0]['text']}") if mails else None
            if found:
                answer = self.api("POST", "session", json={"challenge": challenge, "code": found[1]})
                if answer.status_code == 200:
                    self.token = answer.json()["token"]
                    return
            time.sleep(0.2)
        raise Stopped("no code that works came by mail")

    def ask_member(self) -> requests.Response:
        if not self.token:
            self.sign_in()
        return self.api("GET", "member", headers={"Authorization": f"Bearer {self.token}"})

    def member_without_sign_in(self) -> bool:
        return self.api("GET", "member").status_code == 200

    def ask_redeem(self, body: dict[str, Any], headers: dict[str, str]) -> requests.Response:
        return self.api("POST", "redeem", json=body, headers={**headers, "Authorization": f"Bearer {self.token}"})

    def ask_redemption(self, number: str) -> requests.Response:
        return self.api("GET", f"redemptions/{number}", headers={"Authorization": f"Bearer {self.token}"})

    def come_as_another(self) -> None:
        self.email, self.token = SECOND_EMAIL, ""
        self.store = self.visitor(f"{self.shop}.ecwid.localhost")

    def product_of(self, price: str) -> str:
        return str(next(each["id"] for each in self.products if each["price_minor"] == round(float(price) * 100)))


class Shopify(Story):
    platform = "shopify"
    carries = (*Ecwid.carries, "gift_card", "store_credit", "cashback")
    password = "correct-horse"

    def make_shop(self) -> None:
        made = self.control("POST", "/shopify/shops", {"name": "walk", "title": "Walk Coffee", "currency": "EUR"})
        self.shop = str(made["domain"])
        self.admin = self.visitor("admin.shopify.localhost")
        self.store = self.visitor("walk.shopify.localhost")
        self.products = self.control("GET", f"/shopify/shops/{self.shop}/products")
        self.signed_in = False

    def install(self) -> None:
        """Managed installation: nothing is asked of us until the merchant opens the app in the admin's frame."""
        made = self.control("POST", f"/shopify/shops/{self.shop}/install")
        opened = requests.get(made["open_url"], timeout=15)
        policy = opened.headers.get("Content-Security-Policy", "")
        if opened.status_code != 200 or f"frame-ancestors {self.store.origin}" not in policy:
            raise Stopped(f"the app's page said {opened.status_code}: {opened.text[:300]}")

    def bearer(self) -> str:
        """A session token, as App Bridge gets it from the admin: good for a minute."""
        return f"Bearer {self.admin.post('/store/walk/session-token').json()['token']}"

    def uninstall(self) -> None:
        self.control("POST", f"/shopify/shops/{self.shop}/uninstall")
        _until(lambda: self.ask_member().status_code != 200, "the widget still answers")

    def order(self, wanted: list[tuple[str, int]], code: str, total: str = "") -> str:
        if not self.signed_in:
            person = {"email": self.email, "first_name": "Marta", "last_name": "O.", "password": self.password}
            self.store.post("/account/register", data=person)
            self.signed_in = True
        for price, quantity in wanted:
            self.store.post("/cart/add", data={"id": self.variant(price), "quantity": quantity})
        self.store.post("/checkout", data={"apply": "1", "discount": code})
        done = self.store.post("/checkout", data={"payment": "card", "discount": code})
        newest = self.control("GET", f"/shopify/shops/{self.shop}/orders?limit=1")[0]
        paid = float(newest["total_price"])
        if done.status_code != 200 or (total and paid != float(total)):
            raise Stopped(f"the checkout said {done.status_code} and came to {paid} instead of {total}")
        self.newest = newest
        return str(newest["name"])

    def variant(self, price: str) -> int:
        variants = [variant for product in self.products for variant in product["variants"]]
        return int(next(each["id"] for each in variants if float(each["price"]) == float(price)))

    def expect_refused(self, code: str) -> None:
        self.store.post("/cart/add", data={"id": self.variant("22.5"), "quantity": 1})
        if self.store.post("/checkout", data={"payment": "card", "discount": code}).status_code == 200:
            raise Stopped("the storefront took the code a second time")
        self.store.post("/cart/clear.js")

    def refund(self, number: str) -> None:
        line = self.newest["line_items"][0]["id"]
        path = f"/store/walk/orders/{self.newest['id']}/refund"
        self.admin.post(path, data={f"quantity-{line}": "1", "note": "returned"})

    def ask_member(self) -> requests.Response:
        return self.store.get("/apps/loyalty/member")

    def member_without_sign_in(self) -> bool:
        answer = self.visitor("walk.shopify.localhost").get("/apps/loyalty/member")
        return answer.status_code != 200 or answer.json()["member"] is not None

    def ask_redeem(self, body: dict[str, Any], headers: dict[str, str]) -> requests.Response:
        return self.store.post("/apps/loyalty/redeem", json=body, headers=headers)

    def ask_redemption(self, number: str) -> requests.Response:
        return self.store.get(f"/apps/loyalty/redemptions/{number}")

    def come_as_another(self) -> None:
        self.email, self.signed_in = SECOND_EMAIL, False
        self.store = self.visitor("walk.shopify.localhost")

    def product_of(self, price: str) -> str:
        prices = {str(each["id"]): [float(one["price"]) for one in each["variants"]] for each in self.products}
        return next(number for number, found in prices.items() if float(price) in found)


def _expect(value: object, expected: object) -> None:
    if value != expected:
        raise Stopped(f"it should be {expected}, and is {value}")


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not holds():
        if time.monotonic() > until:
            raise Stopped(otherwise)
        time.sleep(0.1)


def main(sandbox_url: str, app_url: str) -> int:
    began = time.monotonic()
    for story in (Shopify, Ecwid):
        try:
            story(sandbox_url, app_url).walk()
        except (Stopped, requests.RequestException, LookupError, ValueError, StopIteration) as error:
            print(f"  {story.platform:8} STOPPED. {error!r}", flush=True)
            return 1
    print(f"The main job works on both platforms ({time.monotonic() - began:.0f} seconds).", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
