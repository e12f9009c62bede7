"""The public answer, made once and kept in the process as the bytes that leave it.

Its version is a digest of what it says. Whoever asks with that version gets, for as long as it is kept, the same bytes
without any question to the database; whoever asks without is told of a change within seconds.
"""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

import msgspec

from loyalty.engine.naming import in_language
from loyalty.models import Shop
from loyalty.platforms.registry import platform_of
from loyalty.selectors.programs import Published, kept_versions
from loyalty.selectors.widget_settings import loaded_choices
from storefront_widget.config import config_answer

FOR_EVER = "public, max-age=31536000, immutable"
A_MINUTE = "public, max-age=60, stale-while-revalidate=3600"
KEPT = 4096
LONGEST_ASKED = 35
KEPT_SECONDS = 60
"""What a platform can carry may change without our being told; nothing older than this is believed."""


NEWEST = ""
NEWEST_SECONDS = 5
"""Browsers keep what they asked for without its version for a minute; this little changes nothing for them."""


@dataclass(frozen=True, slots=True)
class Config:
    version: str
    body: bytes
    packed: bytes
    origins: frozenset[str]
    """Storefronts that may read it."""
    until: float


_lock = Lock()
_made: OrderedDict[tuple[object, ...], Config] = OrderedDict()


def config_of(*, shop: Shop, rows: Sequence[Published], language: str, asked: str, at: datetime) -> Config:
    """The answer for this shop at this instant; `rows` are its published versions, `asked` is what the request itself
    said of its language."""
    live = next((row for row in reversed(rows) if row[2] <= at), None)
    revision, choices = loaded_choices(shop)
    key = (_identity(shop), live, revision, language)
    found = _found(key, at)
    if found is None:
        program = kept_versions([live])[0].program if live else None
        program = in_language(program, language) if program else None
        data = config_answer(shop=shop, program=program, choices=choices, language=language)
        found = _config(msgspec.json.encode(data), origins_of(shop), at)
        _keep(key, found)
    if asked and len(asked) <= LONGEST_ASKED:
        name = f"{shop.platform}:{shop.external_id}"
        _keep((name, asked, found.version), found)
        _keep((name, asked, NEWEST), replace(found, until=at.timestamp() + NEWEST_SECONDS))
    return found


def kept_config(*, key: str, asked: str, version: str, at: datetime) -> Config | None:
    """The answer of this version, if this process still has it; NEWEST is whichever it made a few seconds ago. No
    question to the database."""
    return _found((key, asked, version), at)


def origins_of(shop: Shop) -> frozenset[str]:
    """Pages that may ask: the store's own, and those that the merchant has named. `shop` comes from `shop_by_key`."""
    _, choices = loaded_choices(shop)
    return frozenset((*platform_of(shop).browser_origins(shop), *choices.origins))


def _identity(shop: Shop) -> tuple[object, ...]:
    """All of the shop that the answer is made of."""
    names = (shop.platform, shop.external_id, shop.name, shop.storefront_url)
    return (shop.pk, shop.created_at, *names, shop.currency, shop.exponent, shop.time_zone, shop.locale)


def _config(body: bytes, origins: frozenset[str], at: datetime) -> Config:
    version = hashlib.sha256(body).hexdigest()[:24]
    body = b'{"version":"' + version.encode() + b'",' + body[1:]
    return Config(version, body, gzip.compress(body, 6, mtime=0), origins, at.timestamp() + KEPT_SECONDS)


def _found(key: tuple[object, ...], at: datetime) -> Config | None:
    found = _made.get(key)
    return found if found and 0 <= found.until - at.timestamp() <= KEPT_SECONDS else None


def _keep(key: tuple[object, ...], config: Config) -> None:
    if _made.get(key) is config:
        return
    with _lock:
        _made[key] = config
        while len(_made) > KEPT:
            _made.popitem(last=False)
