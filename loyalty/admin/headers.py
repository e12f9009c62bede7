"""Headers of the pages that use cookies: never in a frame, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PATHS = ("/admin/", "/accounts/")

# The staff admin's scripts (Alpine) evaluate the expressions in their markup, and its theme is an inline style.
ADMIN = "script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
ACCOUNTS = "script-src 'self'; style-src 'self'; img-src 'self' data:"
REST = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


class StaffPages:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(PATHS):
            scripts = ADMIN if request.path.startswith("/admin/") else ACCOUNTS
            response["Content-Security-Policy"] = f"{REST}; {scripts}"
            response["X-Frame-Options"] = "DENY"
            response["Cache-Control"] = "private, no-store"
        return response
