"""A store's history as Shopify's bulk operations gather it: asked for once, gathered in Shopify's own time, read from one
file per part. Nobody waits for the gathering: `NotYet` says when to look again, and what was begun stands in BulkRead.

The file is kept on disk while it is read, so that a store of any size needs little memory and a slow reader loses no
connection. Objects of a connection are lines of their own that name their parent; asked with `groupObjects` they follow
it, so one order is held at a time. Where Shopify refuses to gather, or fails, the part is read page by page.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any

import structlog

from loyalty.engine.errors import Invalid, Refused, Unavailable
from loyalty.models import BulkRead, Shop
from loyalty.platforms import http
from loyalty.platforms.base import NotYet
from loyalty.platforms.reading import parse_json, text
from loyalty.platforms.shopify.client import document, execute, user_errors

log = structlog.get_logger("regulars.shopify")

PARTS = ("customers", "orders")
MAX_FILE_BYTES = 8 * 1024**3
DOWNLOAD_SECONDS = 3600.0
LOOK_AGAIN_SECONDS = 15
GRACE_SECONDS = 2.0
"""A small store is gathered while we look."""
STORED_BEHIND = 1_000
"""How far what was handed out may be ahead of what is stored. The importer stores in chunks far smaller than this, and what
is read twice is recognised."""
_BUSY = ("OPERATION_IN_PROGRESS", "LIMIT_REACHED")


def begin(shop: Shop, now: datetime) -> dict[str, BulkRead]:
    """Both parts, begun: by this call, or by one before it."""
    reads = {read.part: read for read in BulkRead.objects.filter(shop=shop)}
    for part in PARTS:
        if part not in reads:
            operation = _run(shop, part)
            state = BulkRead.State.GATHERING if operation else BulkRead.State.PAGED
            fields = {"operation": operation, "state": state, "begun_at": now}
            reads[part], _ = BulkRead.objects.update_or_create(shop=shop, part=part, defaults=fields)
    return reads


def forget(shop: Shop) -> None:
    """All is read; the next import begins anew."""
    BulkRead.objects.filter(shop=shop).delete()


def objects(shop: Shop, read: BulkRead) -> Iterator[dict[str, Any]] | None:
    """The part's objects, each with its own ones under their kind ("LineItem", "ShippingLine"), from where the last
    reader stopped; None where it must be read page by page. Raises NotYet while Shopify gathers."""
    url = _gathered(shop, read) if read.state != BulkRead.State.PAGED else None
    if url is None:
        return None
    return _read(read, url)


def _run(shop: Shop, part: str) -> str:
    """The gid of the operation; empty where Shopify will not gather this."""
    try:
        answer = execute(shop, "bulk_run", {"query": document(f"bulk_{part}")}).get("bulkOperationRunQuery")
    except Refused as error:
        log.info("shopify.bulk_refused", shop=shop.pk, part=part, code=error.code)
        return ""
    errors = user_errors(answer)
    if any(code in _BUSY for code, _ in errors):
        raise NotYet("Shopify is still gathering for an earlier import.", retry_after_seconds=60)
    operation = answer.get("bulkOperation") if isinstance(answer, dict) else None
    if errors or not isinstance(operation, dict):
        log.info("shopify.bulk_refused", shop=shop.pk, part=part, said=errors[0][1] if errors else "")
        return ""
    return text(operation.get("id"), max_length=255)


def _gathered(shop: Shop, read: BulkRead) -> str | None:
    """The file's address, empty for a part without objects; None where the gathering came to nothing."""
    looked_until = time.monotonic() + GRACE_SECONDS
    while True:
        found = execute(shop, "bulk_state", {"id": read.operation}).get("bulkOperation")
        status = text(found.get("status"), max_length=32) if isinstance(found, dict) else "GONE"
        if isinstance(found, dict):
            _note(read, total=_whole(found.get("rootObjectCount")))
        if status == "COMPLETED" and isinstance(found, dict):
            return text(found.get("url"), max_length=4096)
        if status not in ("CREATED", "RUNNING"):
            log.warning("shopify.bulk_failed", shop=shop.pk, part=read.part, status=status)
            _note(read, state=BulkRead.State.PAGED)
            return None
        if time.monotonic() >= looked_until:
            raise NotYet(
                f"Shopify is gathering your {read.part}: {read.total:,} so far.",
                retry_after_seconds=LOOK_AGAIN_SECONDS,
            )
        time.sleep(0.2)


def _read(read: BulkRead, url: str) -> Iterator[dict[str, Any]]:
    if not url:
        return
    with tempfile.TemporaryFile() as kept:
        _download(read, url, kept)
        skip = read.stored
        _note(read, state=BulkRead.State.READING, seen=skip)
        for number, found in enumerate(grouped(kept), start=1):
            if number <= skip:
                continue
            if number % 200 == 0:
                _note(read, seen=number, stored=max(skip, number - STORED_BEHIND))
            yield found


def _download(read: BulkRead, url: str, kept: IO[bytes]) -> None:
    """Refused for a host that is none of the settings': the part is read page by page instead."""
    try:
        for line in http.stream_lines(url, timeout_seconds=DOWNLOAD_SECONDS, max_bytes=MAX_FILE_BYTES):
            kept.write(line + b"\n")
    except Refused:
        _note(read, state=BulkRead.State.PAGED)
        raise Unavailable("Shopify left its file where we may not fetch it; the history is read by pages.") from None
    kept.seek(0)


def grouped(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Objects with the lines that name them as their parent, which must follow them. Raises Unavailable for a line that
    is none, and for a child without its parent."""
    root: dict[str, Any] | None = None
    for line in lines:
        found = _object(line)
        parent = found.pop("__parentId", None)
        if parent is None:
            if root is not None:
                yield root
            root = found
        elif root is None or parent != root.get("id"):
            raise Unavailable("Shopify's file is out of order: a part of an object stands away from it.")
        else:
            kind = text(found.get("id"), max_length=255).rpartition("/")[0].rpartition("/")[2]
            root.setdefault(kind, []).append(found)
    if root is not None:
        yield root


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = parse_json(line)
    except Invalid:
        raise Unavailable("Shopify's file holds a line that cannot be read.") from None
    if not isinstance(found, dict):
        raise Unavailable("Shopify's file holds a line that is no object.")
    return found


def _note(read: BulkRead, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(read, name, value)
    BulkRead.objects.filter(shop=read.shop_id, part=read.part).update(**changes)


def _whole(count: Any) -> int:
    told = str(count)
    return int(told) if told.isascii() and told.isdigit() and len(told) <= 9 else 0
