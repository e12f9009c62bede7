"""The theme app extension: of today's modules, within Shopify's limits, and as Shopify's own linter wants it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django.fixtures import Settings

from storefront_widget.shopify_extension import EXTENSION, ORDER_NOTE, app_configuration, extension_assets

ROOT = Path(__file__).parents[2]
BLOCKS = sorted((EXTENSION / "blocks").glob("*.liquid"))
ENDINGS = {".jpg", ".jpeg", ".json", ".js", ".css", ".png", ".svg", ".wasm"}
SETTING_TYPES = {"select", "text", "product", "checkbox", "color", "range"}
KEYS = {"name", "target", "settings", "enabled_on", "disabled_on", "class", "tag", "default", "available_if"}


def schema_of(block: Path) -> Any:
    (text,) = re.findall(r"{% schema %}(.*?){% endschema %}", block.read_text(), re.S)
    return json.loads(text)


def words(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXTENSION / "locales" / name).read_text())
    return found


def names_in(schema: Any) -> set[str]:
    """The messages that a schema asks for."""
    return set(re.findall(r'"t:([a-z_.]+)"', json.dumps(schema)))


def flat(tree: dict[str, Any], before: str = "") -> set[str]:
    found = set()
    for key, value in tree.items():
        found |= flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key}
    return found


def test_the_assets_are_todays_modules() -> None:
    """Stale? `manage.py shopify_extension` copies them anew."""
    kept = {path.name: path.read_bytes() for path in (EXTENSION / "assets").iterdir()}
    assert kept == extension_assets()


def test_what_is_todays_is_not_written_again() -> None:
    """Whoever deploys may read it at that moment."""
    before = {path.name: path.stat().st_mtime_ns for path in (EXTENSION / "assets").iterdir()}
    call_command("shopify_extension", stdout=StringIO())
    assert {path.name: path.stat().st_mtime_ns for path in (EXTENSION / "assets").iterdir()} == before


def test_every_module_that_a_module_asks_for_is_there() -> None:
    wanted = extension_assets()
    for name, body in wanted.items():
        for asked in re.findall(rb"[\"'`]\./([\w.-]+\.js)\?v=", body):
            assert asked.decode() in wanted, (name, asked)
        assert b"./messages/" not in body


def test_shopifys_limits_hold() -> None:
    files = [path for path in EXTENSION.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 10_000_000
    assert len(BLOCKS) <= 30
    assert sum(path.stat().st_size for path in EXTENSION.rglob("*.liquid")) < 100_000
    assert all(path.suffix in ENDINGS for path in (EXTENSION / "assets").iterdir())
    locales = list((EXTENSION / "locales").iterdir())
    assert len(locales) <= 100
    assert all(path.stat().st_size < 15_000 for path in locales)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda path: path.stem)
def test_every_block_has_a_schema_that_shopify_takes(block: Path) -> None:
    """The linter does not look into this tag."""
    schema = schema_of(block)
    assert set(schema) <= KEYS
    assert schema["target"] == ("body" if block.stem == "launcher" else "section")
    ids = [setting["id"] for setting in schema["settings"]]
    assert len(set(ids)) == len(ids)
    for setting in schema["settings"]:
        assert setting["type"] in SETTING_TYPES
        if setting["type"] == "select":
            assert setting["default"] in [option["value"] for option in setting["options"]]
    used = set(re.findall(r"block\.settings\.(\w+)", block.read_text()))
    assert used == set(ids)
    default = words("en.default.schema.json")
    assert names_in(schema) <= flat(default)
    name = schema["name"].removeprefix("t:").split(".")
    assert len(default[name[0]][name[1]]) < 25


def test_every_language_has_every_message_and_no_other() -> None:
    wanted = flat(words("en.default.schema.json"))
    assert wanted == set().union(*(names_in(schema_of(block)) for block in BLOCKS))
    for path in (EXTENSION / "locales").glob("*.schema.json"):
        assert flat(words(path.name)) == wanted, path.name


@pytest.mark.parametrize("block", BLOCKS, ids=lambda path: path.stem)
def test_whatever_a_block_writes_is_escaped(block: Path) -> None:
    """Only what Shopify writes as markup of its own may stand unescaped."""
    for output in re.findall(r"{{(.*?)}}", block.read_text()):
        bare = output.strip()
        own = bare == "block.shopify_attributes" or bare.endswith("| asset_url")
        number = bare in (
            "variant.id",
            "variant.price",
            "item.product_id",
            "item.product.collections | map: 'id' | join: ','",
        )
        assert own or number or bare.endswith("| escape"), bare


@pytest.mark.needs_npm
def test_shopifys_linter_finds_nothing() -> None:
    assert lint(EXTENSION) == []


@pytest.mark.needs_npm
def test_the_linter_would_find_something(tmp_path: Path) -> None:
    copy = tmp_path / "regulars"
    shutil.copytree(EXTENSION, copy)
    (copy / "blocks" / "page.liquid").write_text("{% if %}{{ 'nosuch.js' | asset_url }}{{ x | nosuch }}")
    assert lint(copy)


def lint(folder: Path) -> list[dict[str, Any]]:
    command = [os.environ["TEST_NODE"], str(Path(__file__).with_name("theme_check.mjs")), str(folder)]
    done = subprocess.run([*command, str(ROOT / "package.json")], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_configuration_says_what_the_settings_say(settings: Settings) -> None:
    settings.SHOPIFY_API_KEY = 'c0ffee"\\'
    settings.APP_URL = "https://rewards.test"
    told = tomllib.loads(app_configuration())
    assert told["client_id"] == 'c0ffee"\\'
    assert told["application_url"] == "https://rewards.test/shopify/"
    assert told["auth"]["redirect_urls"] == ["https://rewards.test/shopify/callback"]
    assert told["app_proxy"] == {"url": "https://rewards.test/shopify/proxy", "subpath": "loyalty", "prefix": "apps"}
    assert told["access_scopes"]["scopes"].split(",") == settings.SHOPIFY_SCOPES
    assert "write_gift_cards" in told["access_scopes"]["optional_scopes"]
    topics = {topic for each in told["webhooks"]["subscriptions"] for topic in each.get("topics", [])}
    assert {"orders/create", "orders/paid", "orders/updated", "refunds/create", "app/uninstalled"} <= topics
    (compliance,) = [each for each in told["webhooks"]["subscriptions"] if "compliance_topics" in each]
    assert len(compliance["compliance_topics"]) == 3
    assert set(told["customer"]["metafields"]["app"]) == {"loyalty_balance", "loyalty_tier"}


def test_the_configuration_is_written_where_it_is_wanted_and_nowhere_else(tmp_path: Path, settings: Settings) -> None:
    settings.SHOPIFY_API_KEY, settings.APP_URL = "key", "http://127.0.0.1:8000"
    with pytest.raises(CommandError, match="https"):
        call_command("shopify_extension", config=tmp_path, stdout=StringIO())
    settings.APP_URL = "https://rewards.test"
    with pytest.raises(CommandError, match="no folder"):
        call_command("shopify_extension", config=tmp_path / "nowhere", stdout=StringIO())
    call_command("shopify_extension", config=tmp_path, stdout=StringIO())
    assert tomllib.loads((tmp_path / "shopify.app.toml").read_text())["client_id"] == "key"
    assert not list(ROOT.glob("**/shopify.app.toml"))
    deployed = tmp_path / "extensions"
    assert (deployed / "regulars" / "assets" / "loader.js").read_bytes() == extension_assets()["loader.js"]
    assert (deployed / "regulars-order" / "src" / "server.js").read_text() == (
        'export const SERVER = "https://rewards.test";\n'
    )
    assert not (ORDER_NOTE / "src" / "server.js").exists()


@pytest.mark.parametrize("name", ["regulars", "regulars-order"])
def test_written_again_an_extension_keeps_its_uid_and_nothing_that_is_gone(
    tmp_path: Path, settings: Settings, name: str
) -> None:
    settings.SHOPIFY_API_KEY, settings.APP_URL = "key", "https://rewards.test"
    call_command("shopify_extension", config=tmp_path, stdout=StringIO())
    described = tmp_path / "extensions" / name / "shopify.extension.toml"
    described.write_text(re.sub(r"(type = .*)", r'\1\nuid = "1aafc25d-8448"', described.read_text()))
    (described.parent / "gone.js").touch()
    for _again in range(2):
        call_command("shopify_extension", config=tmp_path, stdout=StringIO())
        assert not (described.parent / "gone.js").exists()
        told = tomllib.loads(described.read_text())
        assert told.get("extensions", [told])[0]["uid"] == "1aafc25d-8448"


def test_the_note_beside_an_order_is_described_as_shopifys_command_line_reads_it() -> None:
    """Targets once each, their modules there with a default export, nothing to be installed, and the network asked for."""
    described = tomllib.loads((ORDER_NOTE / "shopify.extension.toml").read_text())
    (extension,) = described["extensions"]
    assert re.fullmatch(r"20\d\d-(01|04|07|10)", described["api_version"])
    assert (extension["type"], extension["handle"]) == ("ui_extension", ORDER_NOTE.name)
    assert extension["capabilities"] == {"network_access": True}
    targets = {each["target"]: (ORDER_NOTE / each["module"]).read_text() for each in extension["targeting"]}
    assert targets.keys() == {"purchase.thank-you.block.render", "customer-account.order-status.block.render"}
    assert all("export default () =>" in source for source in targets.values())
    sources = {path.name: path.read_text() for path in (ORDER_NOTE / "src").glob("*.js")}
    imported = {name for source in sources.values() for name in re.findall(r'from "\./([\w-]+\.js)"', source)}
    assert imported - sources.keys() == {"server.js"}
    assert sum(len(re.findall(r"^import ", source, re.M)) for source in sources.values()) == 3
    # The limit is 64 KB for the whole bundle.
    assert sum(map(len, sources.values())) < 10_000
