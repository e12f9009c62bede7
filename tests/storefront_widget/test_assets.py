"""What the browser loads: small, cached for as long as it may be, and the same version throughout."""

import gzip
import re

import brotli
import pytest
from django.test import Client

from loyalty.languages import TAGS
from storefront_widget.assets import FOLDER, assets

FIRST_SCREEN = ("loader.js", "panel.js", "messages/en.panel.js")
FIRST_TOUCH = ("redeem.js", "messages/en.redeem.js", "steps.js")
RARE = ("ready", "slide", "sign-in", "earn", "friend", "me", "history", "tiers", "faq")


def packed(*names: str) -> int:
    """As Chromium receives them: it takes brotli from any https address."""
    return sum(len(assets()[name].packed("br")) for name in names)


def test_the_loader_and_the_first_screen_stay_within_their_bytes() -> None:
    assert packed("loader.js") <= 3_000
    assert packed(*FIRST_SCREEN) <= 10_000


@pytest.mark.parametrize("tag", TAGS)
def test_no_language_weighs_much_more(tag: str) -> None:
    """Letters beyond ASCII take two or three bytes each."""
    assert packed("loader.js", "panel.js", f"messages/{tag}.panel.js") <= 10_240
    assert packed("redeem.js", "steps.js", f"messages/{tag}.redeem.js") <= 3_072
    for view in RARE:
        assert packed(f"{view}.js", f"messages/{tag}.{view}.js") <= 3_000, view


def test_what_the_first_touch_and_each_rare_view_bring_is_small_too() -> None:
    assert packed(*FIRST_TOUCH) <= 3_000
    for view in RARE:
        assert packed(f"{view}.js", f"messages/en.{view}.js") <= 3_000, view


def test_every_module_is_served_to_any_storefront_with_its_headers() -> None:
    for name in assets():
        answer = Client().get(f"/widget/v1/{name}?v=1", headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/javascript")
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.content) == assets()[name].body


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br, zstd", "br"), ("gzip;q=1.0", "gzip"), ("br;q=0, gzip", "gzip"), ("brx", None), ("", None)],
)
def test_a_module_comes_as_small_as_the_browser_takes_it(accepted: str, encoding: str | None) -> None:
    answer = Client().get("/widget/v1/panel.js?v=1", headers={"Accept-Encoding": accepted})
    assert answer.get("Content-Encoding") == encoding
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(encoding or "", bytes)
    assert unpack(answer.content) == assets()["panel.js"].body


def test_only_what_names_a_version_lives_for_ever() -> None:
    assert "immutable" in Client().get("/widget/v1/panel.js?v=1")["Cache-Control"]
    assert "max-age=3600" in Client().get("/widget/v1/panel.js")["Cache-Control"]
    assert "max-age=3600" in Client().get("/widget/v1/loader.js?v=1")["Cache-Control"]


def test_a_cached_module_is_not_sent_again() -> None:
    tag = Client().get("/widget/v1/loader.js")["ETag"]
    assert Client().get("/widget/v1/loader.js", headers={"If-None-Match": tag}).status_code == 304


def test_every_import_names_the_version_and_a_module_that_is_there() -> None:
    named = 0
    for name, asset in assets().items():
        assert b"__VERSION__" not in asset.body
        for path in re.findall(rb'from"\./([^"]+)"', asset.body.replace(b"from ", b"from")):
            module, _, version = path.decode().partition("?v=")
            assert module in assets(), f"{name} imports {module}"
            assert re.fullmatch(r"[0-9a-f]{12}", version) or module == "loader.js"
            named += 1
    assert named >= 12
    styles = re.findall(r'import \w+ from "\./[\w-]+\.css', "".join(path.read_text() for path in FOLDER.glob("*.js")))
    assert len(styles) == len(list(FOLDER.glob("*.css")))


def test_no_file_of_the_installation_can_be_asked_for() -> None:
    for name in ("../urls.py", "..%2furls.py", "widget.css", "no.js", "messages"):
        assert Client().get(f"/widget/v1/{name}").status_code in (404, 400)


def test_data_never_becomes_markup() -> None:
    for path in FOLDER.rglob("*.js"):
        source = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source), (
            path
        )
