"""The browser's modules, made small once per process and served with the headers a foreign page needs.

loader.js is asked for by its plain name and lives an hour; it names the others with the digest of all of them, so they
live for ever and no page ever mixes two versions.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

import brotli
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from rcssmin import cssmin
from rjsmin import jsmin

from loyalty.languages import TAGS
from loyalty.languages.catalogs import catalog
from loyalty.languages.formats import runs_from_right

FOLDER = Path(__file__).resolve().parent / "static" / "widget" / "v1"
CONTENT_TYPE = "text/javascript; charset=utf-8"
ENTRIES = ("loader.js", "ecwid.js")
_VERSION = "__VERSION__"
PARTS = tuple("panel blocks earn faq friend history me ready redeem sign-in slide tiers".split())
"""Of the catalogues, what the browser says; the server says the rest."""
_STYLES = re.compile(r'import (?P<name>\w+) from "\./(?P<file>[\w-]+\.css)\.js\?v=__VERSION__";')
_FOR_EVER = "public, max-age=31536000, immutable"
_AN_HOUR = "public, max-age=3600, stale-while-revalidate=86400"


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    tag: str

    def packed(self, encoding: str) -> bytes:
        """As small as it goes, made once per process when it is first asked for: "br" or "gzip"."""
        return _packed(self.body, encoding)


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """By name. Styles are put into the module that asks for them, so that a page whose policy allows none still gets
    them, and they come with it."""
    scripts = {path.relative_to(FOLDER).as_posix(): path.read_text() for path in sorted(FOLDER.rglob("*.js"))}
    small = {name: jsmin(_STYLES.sub(_styles, source)) for name, source in scripts.items()}
    small |= {f"messages/{tag}.{part}.js": _messages(tag, part) for tag in TAGS for part in PARTS}
    version = hashlib.sha256(json.dumps(small, sort_keys=True).encode()).hexdigest()[:12]
    return {name: _asset(source.replace(_VERSION, version)) for name, source in small.items()}


def asset(request: HttpRequest, name: str) -> HttpResponse:
    found = assets().get(name)
    if found is None or request.method not in ("GET", "HEAD"):
        missing = found is None
        return HttpResponse(status=HTTPStatus.NOT_FOUND if missing else HTTPStatus.METHOD_NOT_ALLOWED)
    if request.headers.get("If-None-Match", "") == found.tag:
        response = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    elif encoding := _encoding(request):
        response = HttpResponse(found.packed(encoding), content_type=CONTENT_TYPE)
        response["Content-Encoding"] = encoding
    else:
        response = HttpResponse(found.body, content_type=CONTENT_TYPE)
    response["ETag"] = found.tag
    response["Cache-Control"] = _FOR_EVER if request.GET.get("v") and name not in ENTRIES else _AN_HOUR
    # Modules are fetched in CORS mode by whichever storefront names them; they hold nothing of anybody's.
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, ("Accept-Encoding",))
    return response


def _styles(asked: re.Match[str]) -> str:
    return f"const {asked['name']} = {json.dumps(cssmin((FOLDER / asked['file']).read_text()))};"


def _messages(tag: str, part: str) -> str:
    """A part of a catalogue as a module. The first one says which way its language runs, if from the right."""
    turned = {"dir": "rtl"} if part == "panel" and runs_from_right(tag) else {}
    said = json.dumps({**turned, **catalog(tag, part)}, ensure_ascii=False, separators=(",", ":"))
    return f"export default {said};"


def _encoding(request: HttpRequest) -> str:
    """The smaller one of those that the browser takes; empty for neither."""
    offers = [offer.strip().split(";") for offer in request.headers.get("Accept-Encoding", "").lower().split(",")]
    taken = {name for name, *weights in offers if "q=0" not in [weight.strip() for weight in weights]}
    return next((encoding for encoding in ("br", "gzip") if encoding in taken), "")


@lru_cache(maxsize=2048)
def _packed(body: bytes, encoding: str) -> bytes:
    return brotli.compress(body, mode=brotli.MODE_TEXT) if encoding == "br" else gzip.compress(body, 9, mtime=0)


def _asset(source: str) -> Asset:
    body = source.encode()
    return Asset(body, f'"{hashlib.sha256(body).hexdigest()[:24]}"')
