"""The first run: a goal, four questions, whether past orders count, the launch, and the widget. Each step is a plain
form; the answers are the draft, so that who leaves goes on where they were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from loyalty.dashboard.access import embedded
from loyalty.dashboard.first_run_answers import GOALS, Wrong, answered, fit_of, suggested
from loyalty.dashboard.first_run_page import QUESTIONS, launch_context, past_choices, questions_context
from loyalty.dashboard.first_run_policies import NUMBERS, with_redeem, with_rules
from loyalty.dashboard.first_run_widget import widget_context
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.home import import_job
from loyalty.dashboard.pages import actor, asked, page
from loyalty.dashboard.refusals import kept_text, refusal_text
from loyalty.dashboard.typed import whole
from loyalty.engine.errors import Conflict, Invalid, Refused
from loyalty.engine.program import Program
from loyalty.models import Launch, Shop
from loyalty.selectors.importing import parts_under_way
from loyalty.selectors.launching import Past, launch_of, past_of
from loyalty.selectors.programs import draft_of, program_of, version_in_force
from loyalty.services import launching
from loyalty.services.programs import replace_draft

SIZED = ("earn", "rewards")
"""Questions whose answers depend on how large the shop's orders are."""
GOAL_TEXTS = {
    Launch.Goal.SECOND_ORDERS: (
        gettext_lazy("More second orders"),
        gettext_lazy("Points for every order, and a bonus for whoever comes back once"),
    ),
    Launch.Goal.LARGER_ORDERS: (
        gettext_lazy("Larger orders"),
        gettext_lazy("Points for every order, spent on orders above your average"),
    ),
    Launch.Goal.KEPT_CUSTOMERS: (
        gettext_lazy("Fewer lost customers"),
        gettext_lazy("Tiers that customers reach by what they spend, and do not want to lose"),
    ),
    Launch.Goal.NEW_CUSTOMERS: (
        gettext_lazy("New customers"),
        gettext_lazy("Points for every order, and for bringing a friend"),
    ),
}


@embedded
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """The goal. Before the launch it chooses the program to begin with, later only the figure that Home follows."""
    shop, _fmt, now = asked(request)
    if request.method == "GET":
        return page(request, "start", goal_context(shop, now))
    goal, margin = request.POST.get("goal", ""), request.POST.get("margin", "").strip().removesuffix("%").strip()
    try:
        if version_in_force(shop, now):
            launching.follow(shop=shop, goal=goal)
            return page(request, "start", goal_context(shop, now) | {"toast": _("Home follows it from now on.")})
        past = _begin(request, shop, goal, _margin(margin), now)
    except Invalid as error:
        context = goal_context(shop, now) | {
            "goal": goal,
            "margin": margin[:8],
            "errors": {error.place: refusal_text(error)},
        }
        return _refused(page(request, "start", context, status=422))
    return _questions(request, QUESTIONS[0], past)


def goal_context(shop: Shop, now: datetime) -> dict[str, Any]:
    """What the page of the goals needs; Home shows the same before anything was chosen."""
    found = launch_of(shop)
    return {
        "goals": [(goal, title, about) for goal, (title, about) in GOAL_TEXTS.items()],
        "goal": found.goal if found else "",
        "margin": str(found.margin_percent or "") if found else "",
        "is_live": version_in_force(shop, now) is not None,
        "most_margin": launching.MOST_MARGIN_PERCENT,
    }


def welcome_context(shop: Shop, fmt: Format, now: datetime) -> dict[str, Any]:
    """Home before the launch: the goal, or the way back to where the merchant was."""
    found = launch_of(shop)
    begun = found is not None and draft_of(shop) is not None
    step = found.step if found else ""
    return goal_context(shop, now) | {
        "begun": begun,
        "number": QUESTIONS.index(step) + 1 if step in QUESTIONS else 0,
        "go_on": f"{reverse('dashboard:questions')}?question={step}"
        if step in QUESTIONS
        else reverse("dashboard:launch"),
        "importing": [import_job(read, fmt) for read in parts_under_way(shop=shop)],
        "trouble": kept_text(shop.trouble),
    }


def _begin(request: HttpRequest, shop: Shop, goal: str, margin: int | None, now: datetime) -> Past | None:
    """The goal with its program, and the past where that was looked at for it. One that was begun with the same goal
    stays as it was answered."""
    if goal not in GOALS:
        raise Invalid(_("Choose one of the four."), place="goal")
    found, draft = launch_of(shop), draft_of(shop)
    if found is None and draft is not None:
        launching.keep_draft(shop=shop, goal=goal, step=QUESTIONS[0])
        launching.set_margin(shop=shop, margin_percent=margin)
    elif found is None or found.goal != goal or draft is None or found.margin_percent != margin:
        preset = GOALS[goal][0]
        past = _suggest(request, shop, goal, preset, margin, now)
        launching.set_margin(shop=shop, margin_percent=margin)
        return past
    return None


def _suggest(request: HttpRequest, shop: Shop, goal: str, preset: str, margin: int | None, now: datetime) -> Past:
    past = past_of(shop=shop, now=now)
    program = suggested(goal, preset, fit_of(shop, past, margin), shop.name, margin)
    launching.choose(shop=shop, goal=goal, preset=preset, program=program, step=QUESTIONS[0], at=now, by=actor(request))
    return past


@embedded
@require_http_methods(["GET", "POST"])
def questions(request: HttpRequest) -> HttpResponse:
    """The four questions on one page; a form answers one of them and opens the next."""
    shop, fmt, now = asked(request)
    found = _under_way(shop, now)
    if found is None:
        return _first_the_goal(request, shop, now)
    if request.method == "GET":
        wanted = request.GET.get("question", found.step)
        return _questions(request, wanted if wanted in QUESTIONS else QUESTIONS[-1])
    past: Past | None
    if "preset" in request.POST:
        try:
            past = _suggest(request, shop, found.goal, request.POST["preset"][:32], found.margin_percent, now)
        except Invalid as error:
            return _refused(_questions(request, QUESTIONS[0], errors={"": refusal_text(error)}))
        return _questions(request, QUESTIONS[0], past)
    question = request.POST.get("question", "")
    if question not in QUESTIONS:
        return _refused(_questions(request, QUESTIONS[0], errors={"": _("This form is not one of ours.")}))
    past = past_of(shop=shop, now=now) if question in SIZED else None
    try:
        _answer(request, shop, found, question, past, fmt, now)
    except Wrong as wrong:
        return _refused(_questions(request, question, past, posted=request.POST, errors=wrong.errors))
    return _after(request, shop, question, past)


def _answer(
    request: HttpRequest, shop: Shop, found: Launch, question: str, past: Past | None, fmt: Format, now: datetime
) -> None:
    """Writes the answers into the draft. Raises Wrong."""
    draft = draft_of(shop)
    if draft is None:
        raise Wrong({"": _("The draft is gone. Choose the goal again.")})
    posted = request.POST
    try:
        program = _program_with(question, program_of(draft), posted, shop, found, past, fmt)
        revision = posted.get("revision", "")
        known = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else -1
        replace_draft(shop=shop, revision=known, program=program, at=now, by=actor(request))
    except Invalid as error:
        raise Wrong({error.place if error.place in NUMBERS else "": refusal_text(error)}) from error
    except Conflict as error:
        raise Wrong({"": refusal_text(error)}) from error


def _program_with(
    question: str,
    program: Program,
    posted: Mapping[str, str],
    shop: Shop,
    found: Launch,
    past: Past | None,
    fmt: Format,
) -> Program:
    if past is None:
        return (with_redeem if question == "redeem" else with_rules)(program, posted)
    fit = fit_of(shop, past, found.margin_percent)
    return answered(program, "rules" if question == "earn" else "rewards", posted, fit, fmt)


def _after(request: HttpRequest, shop: Shop, question: str, past: Past | None) -> HttpResponse:
    """The next question, or the launch."""
    place = QUESTIONS.index(question) + 1
    if place < len(QUESTIONS):
        launching.reach(shop=shop, step=QUESTIONS[place])
        return _questions(request, QUESTIONS[place], past)
    launching.reach(shop=shop, step="launch")
    return _launch_page(request)


def _questions(
    request: HttpRequest,
    question: str,
    past: Past | None = None,
    posted: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> HttpResponse:
    shop, fmt, now = asked(request)
    found, draft = launch_of(shop), draft_of(shop)
    if found is None or draft is None:
        return _first_the_goal(request, shop, now)
    past = past or past_of(shop=shop, now=now)
    context = questions_context(shop, found, draft, question, past, fmt, posted=posted, errors=errors or {})
    response = page(request, "questions", context, status=422 if errors else 200)
    if request.method == "POST" and not errors:
        response["HX-Push-Url"] = f"{reverse('dashboard:questions')}?question={question}"
    return response


@embedded
@require_http_methods(["GET", "POST"])
def launch(request: HttpRequest) -> HttpResponse:
    """Whether past orders count, and the launch."""
    shop, fmt, now = asked(request)
    if request.method == "GET":
        return _launch_page(request)
    choices = past_choices(fmt, now)
    chosen = request.POST.get("past", "none")
    if chosen not in choices:
        return _refused(_launch_page(request, error=_("Choose whether past orders count.")))
    revision = request.POST.get("revision", "")
    known = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else None
    try:
        launching.launch(shop=shop, at=now, earns_from=choices[chosen], revision=known)
    except (Conflict, Invalid) as error:
        return _refused(_launch_page(request, error=refusal_text(error)))
    response = _widget_page(request, toast=_("Your program is live."))
    response["HX-Push-Url"] = reverse("dashboard:start_widget")
    return response


def _launch_page(request: HttpRequest, error: str = "") -> HttpResponse:
    shop, fmt, now = asked(request)
    if version_in_force(shop, now):
        raise Refused(_("The program is live. Change it on the Program page."))
    found, draft = launch_of(shop), draft_of(shop)
    if found is None or draft is None:
        return _first_the_goal(request, shop, now)
    context = launch_context(shop, found, draft, fmt, now) | {"error": error}
    response = page(request, "launch", context, status=422 if error else 200)
    if request.method == "POST" and not error:
        response["HX-Push-Url"] = reverse("dashboard:launch")
    return response


@embedded
@require_GET
def start_widget(request: HttpRequest) -> HttpResponse:
    return _widget_page(request)


def _widget_page(request: HttpRequest, toast: str = "") -> HttpResponse:
    shop, fmt, now = asked(request)
    return page(request, "start_widget", widget_context(shop, fmt, now) | {"toast": toast})


def _under_way(shop: Shop, now: datetime) -> Launch | None:
    """Raises Refused once the program is live."""
    if version_in_force(shop, now):
        raise Refused(_("The program is live. Change it on the Program page."))
    return launch_of(shop) if draft_of(shop) else None


def _first_the_goal(request: HttpRequest, shop: Shop, now: datetime) -> HttpResponse:
    response = page(request, "start", goal_context(shop, now))
    response["HX-Push-Url"] = reverse("dashboard:start")
    return response


def _margin(typed: str) -> int | None:
    if not typed:
        return None
    most = launching.MOST_MARGIN_PERCENT
    percent = whole(typed, most, least=1)
    if percent is None:
        raise Invalid(_("A whole number from 1 to %(most)s, or nothing.") % {"most": most}, place="margin")
    return percent


def _refused(response: HttpResponse) -> HttpResponse:
    """A refused form is no step to go back to."""
    response.status_code = 422
    response["HX-Push-Url"] = "false"
    return response
