"""What every REST call passes: the store, the token, the plan, the rate limit, the scope; and how errors look."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from loyalty.sandbox.ecwid.apps import TOKEN
from loyalty.sandbox.ecwid.shops import SHOP
from loyalty.sandbox.ecwid.switches import switches
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.store import Document

WINDOW_SECONDS = 60.0
DEAD_TOKEN_CALLS_PER_MINUTE = 20  # whoever goes on with a token that does not work is shut out for a while
MAX_LIST = 100
KEPT_CALLS = 1_000

View = Callable[..., Any]


class ApiError(Exception):
    """An answer of the REST API that is no success; without a code the body stays empty."""

    def __init__(self, status: int, code: str = "", message: str = "", retry_after: int | None = None) -> None:
        super().__init__(code or str(status))
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after

    def response(self) -> Response:
        answer = jsonify(errorMessage=self.message or self.code, errorCode=self.code) if self.code else Response()
        answer.status_code = self.status
        if self.retry_after is not None:
            answer.headers["Retry-After"] = str(self.retry_after)
        return answer


class Guard:
    """Shared by all routes of the REST API; the counters live as long as the process."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.calls: deque[Document] = deque(maxlen=KEPT_CALLS)
        self.faults: list[Document] = []
        self._used: dict[str, deque[float]] = defaultdict(deque)

    def attach(self, blueprint: Blueprint) -> None:
        blueprint.register_error_handler(ApiError, lambda error: error.response())
        blueprint.register_error_handler(SandboxError, _from_sandbox_error)
        blueprint.after_request(self._record)

    def needs(self, *scopes: str) -> Callable[[View], View]:
        """Wraps a view of `/api/v3/<store_id>/...`: it gets the store's document in the id's place."""

        def wrap(view: View) -> View:
            @wraps(view)
            def guarded(store_id: str, **more: Any) -> Any:
                shop = self._admit(store_id, scopes)
                fault = self._fault()
                if fault and fault.get("when", "before") == "before":
                    _raise(fault)
                answer = view(shop, **more)
                if fault:
                    _raise(fault)
                return answer

            return guarded

        return wrap

    def _admit(self, store_id: str, scopes: tuple[str, ...]) -> Document:
        shop = self.sandbox.store.get(SHOP, "", store_id)
        if shop is None:
            raise ApiError(404, "STORE_NOT_FOUND", "Store not found")
        token = self._token(shop)
        setting = switches(self.sandbox.store)
        self._count(token["token"], int(setting["rate_limit_per_minute"]))
        if shop["suspended"]:
            raise ApiError(402, "STORE_IS_SUSPENDED", "Store is suspended")
        if not shop["paid_plan"] or "API" not in shop["features"]:
            raise ApiError(402, "NOT_AVAILABLE_ON_CURRENT_PLAN", "The feature is not available on the current plan")
        if scopes and not set(scopes) & set(token["scopes"]):
            raise ApiError(403, "INSUFFICIENT_APP_SCOPE", f"The app needs the scope {' or '.join(scopes)}")
        g.token = token
        return shop

    def _token(self, shop: Document) -> Document:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        token = self.sandbox.store.get(TOKEN, "", value.strip()) if scheme.lower() == "bearer" else None
        if token is None or token["store_id"] != shop["id"]:
            self._count(f"dead {request.remote_addr} {value[:80]}", DEAD_TOKEN_CALLS_PER_MINUTE)
            if switches(self.sandbox.store)["bare_auth_errors"]:
                raise ApiError(403)
            raise ApiError(403, "INVALID_API_TOKEN", "Invalid access token in the request")
        return token

    def _count(self, token: str, limit: int) -> None:
        moment, used = time.monotonic(), self._used[token]
        while used and used[0] <= moment - WINDOW_SECONDS:
            used.popleft()
        if len(used) >= limit:
            wait = int(used[0] + WINDOW_SECONDS - moment) + 1 if used else int(WINDOW_SECONDS)
            raise ApiError(429, "RATE_LIMITED", "Too many requests", retry_after=wait)
        used.append(moment)

    def _fault(self) -> Document | None:
        """The first fault on demand that fits this request; one of its count is used up."""
        for fault in self.faults:
            fits = fault.get("path", "") in request.path and fault.get("method", request.method) == request.method
            if fits and fault["times"] > 0:
                fault["times"] -= 1
                return fault
        return None

    def _record(self, response: Response) -> Response:
        path = request.full_path.rstrip("?")
        self.calls.append({"method": request.method, "path": path, "status": response.status_code})
        return response


def _raise(fault: Document) -> None:
    time.sleep(float(fault.get("delay_seconds", 0)))
    if fault.get("status"):
        codes = {429: "RATE_LIMITED", 402: "STORE_IS_SUSPENDED", 500: "INTERNAL_ERROR"}
        raise ApiError(fault["status"], codes.get(fault["status"], ""), "on demand", fault.get("retry_after"))


def _from_sandbox_error(error: SandboxError) -> Response:
    codes = {409: "CONSTRAINT_VIOLATION", 404: "NOT_FOUND"}
    return ApiError(error.status, codes.get(error.status, "WRONG_PARAMETER"), error.message).response()


def json_object() -> Document:
    """The request's JSON object; ApiError 415 for another content type, 400 for anything unreadable."""
    if not request.is_json:
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "Expected application/json")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ApiError(400, "WRONG_PARAMETER", "The body must be a JSON object")
    return body


def page_bounds() -> tuple[int, int]:
    """`offset` and `limit` (at most 100, which is also what is taken when it is left out)."""
    return _whole("offset", 0), min(max(_whole("limit", MAX_LIST), 1), MAX_LIST)


def _whole(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ApiError(400, "WRONG_PARAMETER", f"{name} must be a whole number")
    return int(text)


def listing(total: int, items: list[Document], offset: int, limit: int, **more: object) -> Response:
    """A page of a list, cut to `responseFields`."""
    return answer({"total": total, "count": len(items), "offset": offset, "limit": limit, "items": items, **more})


def answer(body: Document) -> Response:
    """JSON, cut to `?responseFields=id,items(id,price)` where it is given."""
    wanted = request.args.get("responseFields", "")
    return jsonify(_cut(body, _tree(wanted)) if wanted else body)


def _tree(text: str) -> dict[str, Any]:
    """`id,items(id,price)` as {"id": {}, "items": {"id": {}, "price": {}}}; unbalanced parentheses are an error."""
    root: dict[str, Any] = {}
    levels, name, last = [root], "", ""
    for character in f"{text[:2000]},":
        if character in ",()":
            if name.strip():
                last = name.strip()
                levels[-1][last] = {}
            if character == "(":
                levels.append(levels[-1].setdefault(last, {}))
            elif character == ")":
                levels.pop()
            if not levels:
                raise ApiError(400, "WRONG_PARAMETER", "responseFields is not balanced")
            name = ""
        else:
            name += character
    return root


def _cut(value: Any, tree: dict[str, Any]) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_cut(entry, tree) for entry in value]
    if isinstance(value, dict):
        return {name: _cut(value[name], below) for name, below in tree.items() if name in value}
    return value
