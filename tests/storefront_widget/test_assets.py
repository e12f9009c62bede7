"""What the browser loads: small, cached for as long as it may be, and the same version throughout."""

import gzip
import re

from django.test import Client

from storefront_widget.assets import FOLDER, assets

FIRST_SCREEN = ("loader.js", "panel.js", "kit.js", "widget.css.js", "messages/en.panel.js")
RARE = {
    "sign-in": ("sign-in.js", "steps.js", "steps.css.js", "messages/en.sign-in.js"),
    "redeem": ("redeem.js", "steps.js", "steps.css.js", "messages/en.redeem.js"),
    "slide": ("slide.js", "steps.js", "steps.css.js", "messages/en.slide.js"),
    "give-back": ("give-back.js", "steps.js", "steps.css.js", "messages/en.give-back.js"),
    "history": ("history.js", "history.css.js", "messages/en.history.js"),
}


def packed(*names: str) -> int:
    return sum(len(assets()[name].packed) for name in names)


def test_the_loader_and_the_first_screen_stay_within_their_bytes() -> None:
    """As gzip; brotli, which a browser prefers, takes another eighth off."""
    assert packed("loader.js") <= 1_900
    assert packed(*FIRST_SCREEN) <= 11_900


def test_each_rare_view_is_small_too() -> None:
    assert all(packed(*names) <= 3_900 for names in RARE.values())


def test_every_module_is_served_to_any_storefront_with_its_headers() -> None:
    for name in assets():
        answer = Client().get(f"/widget/v1/{name}?v=1", headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/javascript")
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.content) == assets()[name].body


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


def test_no_file_of_the_installation_can_be_asked_for() -> None:
    for name in ("../urls.py", "..%2furls.py", "widget.css", "no.js", "messages"):
        assert Client().get(f"/widget/v1/{name}").status_code in (404, 400)


def test_data_never_becomes_markup() -> None:
    for path in FOLDER.rglob("*.js"):
        source = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source), (
            path
        )


def test_sizes_follow_the_measured_unit_and_media_queries_the_readers() -> None:
    styles = assets()["widget.css.js"].body.decode()
    assert "calc(var(--u)*1.25rem)" in styles
    assert "(min-width:30rem)" in styles
    assert not re.search(r"(?<!\*)(?<!width:)(?<![\d.])[\d.]+rem", styles)
