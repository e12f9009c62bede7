"""Where a letter's own address leads: a page that asks once more, and the press of its button or of the mail program's."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from loyalty.engine.errors import LoyaltyError
from loyalty.languages import Voice
from loyalty.languages.formats import runs_from_right
from loyalty.selectors.voices import voice_for
from loyalty.services import letters, limits
from storefront_widget.client_address import client_address
from storefront_widget.languages import language_of, wanted
from storefront_widget.problems import status_of

MOST_AN_HOUR = 120
LONGEST_TOKEN = 300


@csrf_exempt
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest) -> HttpResponse:
    """To look changes nothing: programs that check mail follow every link in it. The token in the address is what
    allows the change, so a form of another site can do no more than its holder."""
    token = request.GET.get("for", "")[:LONGEST_TOKEN]
    try:
        limits.hit(f"letters-ip/{client_address(request)}", limit=MOST_AN_HOUR, window_seconds=3600, at=timezone.now())
        member = letters.reader_of(token) if request.method == "GET" else letters.stop(token=token)
    except LoyaltyError as error:
        voice = Voice(language_of(request))
        return _page(request, voice, {"title": voice.problem(error)}, status_of(error))
    voice = voice_for(member.shop, wanted(request))
    said = {"shop": " ".join(member.shop.name.split())[:100]}
    names = {"title": "title", "text": "text", "button": "button"} if request.method == "GET" else {"title": "done"}
    words = {place: voice.say("mails", f"stop.{name}", said) for place, name in names.items()}
    return _page(request, voice, words, HTTPStatus.OK)


def _page(request: HttpRequest, voice: Voice, words: Mapping[str, str], status: HTTPStatus) -> HttpResponse:
    direction = "rtl" if runs_from_right(voice.language) else "ltr"
    context = {"language": voice.language, "direction": direction, **words}
    response = render(request, "letters/stop.html", context, status=status)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
