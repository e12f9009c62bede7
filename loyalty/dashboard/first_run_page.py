"""What the pages of the first run show: the questions with their answers and what they cost, and the launch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.explanations import Row
from loyalty.dashboard.first_run_answers import PRESETS, Pick, fit_of, picks
from loyalty.dashboard.first_run_policies import Answers, redeem_answers, rules_answers
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_page import tier_measure, tier_starts
from loyalty.dashboard.program_sentences import Words, plain, rule_sentence
from loyalty.dashboard.program_text import points_of, reward_sentence
from loyalty.engine.activities import ActivityRule, BirthdayRule
from loyalty.engine.calendar import start_of_year
from loyalty.engine.document import Program
from loyalty.engine.earning import Cashback, PerAmount
from loyalty.engine.referrals import ReferralRule
from loyalty.engine.simulate import Assumptions, point_worth
from loyalty.models import Launch, ProgramVersion, Shop
from loyalty.selectors.importing import parts_under_way
from loyalty.selectors.launching import DAYS, Back, HandOut, Past, back_of, hand_outs
from loyalty.selectors.programs import program_of

QUESTIONS = ("earn", "rewards", "redeem", "rules")
SPENT_PERCENT = 100 - Assumptions().breakage_percent


@dataclass(frozen=True, slots=True)
class Question:
    """One of the four: what is answered, what that costs, and its form."""

    name: str
    title: str
    answer: str
    cost: str
    state: str
    is_open: bool
    picks: list[Pick]
    form: Answers | None
    reads: tuple[str, ...]
    button: str


@dataclass(frozen=True, slots=True)
class Part:
    """Of every 100 sold; `begins` and `share` are places on a bar of 100."""

    name: str
    amount: str
    begins: str
    share: str
    colour: str


@dataclass(frozen=True, slots=True)
class Cost:
    """The arithmetic of the rail, each line in words; `parts` are what is left of 100 where the margin is known."""

    figure: str
    a_month: str
    rows: tuple[Row, ...]
    total: Row
    parts: tuple[Part, ...]


def questions_context(
    shop: Shop,
    found: Launch,
    draft: ProgramVersion,
    opened: str,
    past: Past,
    fmt: Format,
    *,
    posted: Mapping[str, str] | None,
    errors: Mapping[str, str],
) -> dict[str, Any]:
    program = program_of(draft)
    back = back_of(program, past)
    fit = fit_of(shop, past, found.margin_percent)
    lists = {
        name: picks(
            program,
            "rules" if name == "earn" else "rewards",
            shop=shop,
            fit=fit,
            past=past,
            fmt=fmt,
            posted=posted if opened == name else None,
            errors=errors if opened == name else None,
        )
        for name in ("earn", "rewards")
    }
    forms = {
        "redeem": redeem_answers(program, posted if opened == "redeem" else None, errors),
        "rules": rules_answers(program, posted if opened == "rules" else None, errors),
    }
    reached = QUESTIONS.index(found.step) if found.step in QUESTIONS else len(QUESTIONS)
    return {
        "questions": [
            _question(place, name, opened, reached, lists.get(name, []), forms.get(name), program, past, back, fmt)
            for place, name in enumerate(QUESTIONS)
        ],
        "revision": draft.revision,
        "presets": [(each, name, each == found.preset) for each, name in PRESETS.items()],
        "filled_from": _filled_from(past, fmt),
        "importing": parts_under_way(shop=shop),
        "error": errors.get("", ""),
        "cost": cost_of(program, past, back, found.margin_percent, fmt),
        "seen": seen_by_shoppers(program, fmt),
    }


def _question(
    place: int,
    name: str,
    opened: str,
    reached: int,
    listed: list[Pick],
    form: Answers | None,
    program: Program,
    past: Past,
    back: Back,
    fmt: Format,
) -> Question:
    titles = {
        "earn": _("What do you reward?"),
        "rewards": _("What can points buy?"),
        "redeem": _("How do they redeem?"),
        "rules": _("Which rules hold?"),
    }
    buttons = {
        "earn": _("Next: what points buy"),
        "rewards": _("Next: how they redeem"),
        "redeem": _("Next: which rules hold"),
        "rules": _("Next: past orders"),
    }
    return Question(
        name=name,
        title=titles[name],
        answer=_answer(name, listed, program, fmt),
        cost=_cost_of_question(name, program, back, fmt),
        state="now" if name == opened else "done" if place < reached else "todo",
        is_open=name == opened,
        picks=listed,
        form=form,
        reads=tuple(_reads(name, program, past, fmt)),
        button=buttons[name],
    )


def _answer(name: str, listed: list[Pick], program: Program, fmt: Format) -> str:
    """What is answered so far, in one line."""
    policies = program.policies
    if name in ("earn", "rewards"):
        return ", ".join(pick.title for pick in listed if pick.on) or _("Nothing yet")
    if name == "redeem":
        return _("In the widget, in two taps; the code goes into the cart by itself where the store allows it")
    hold = (
        ngettext("Spendable after %(days)s day", "Spendable after %(days)s days", policies.hold_days)
        % {"days": policies.hold_days}
        if policies.hold_days
        else _("Spendable at once")
    )
    months = ngettext("they last %(count)s month", "they last %(count)s months", policies.expiry_months)
    last = _("they never expire") if policies.expiry == "never" else months % {"count": policies.expiry_months}
    return f"{hold}, {_('refunds take points back')}, {last}"


def _cost_of_question(name: str, program: Program, back: Back, fmt: Format) -> str:
    if name == "earn":
        return _("gives back %(share)s") % {"share": _share(back.share, fmt)}
    worth = point_worth(program)
    if name == "rewards" and worth:
        return _("100 points are worth %(amount)s") % {"amount": fmt.money(round(100 * worth))}
    return ""


def _reads(name: str, program: Program, past: Past, fmt: Format) -> list[str]:
    if name == "earn":
        return [*(plain(rule_sentence(rule, fmt, program)) for rule in program.rules), *_tiers(program, fmt)]
    if name != "rewards":
        return []
    sentences = [reward_sentence(reward, fmt, program) for reward in program.rewards]
    nearest = min((reward.points for reward in program.rewards if reward.points), default=0)
    each = _points_an_order(program, past.average_minor)
    if nearest and each:
        words = {"average": fmt.money(past.average_minor), "count": fmt.points(-(-nearest // each))}
        sentences.append(_("By orders of %(average)s alone, the nearest one is reached with order %(count)s.") % words)
    return sentences


def _tiers(program: Program, fmt: Format) -> list[str]:
    """What a rule that names a tier is about: where it begins, and how that is measured."""
    words = Words(fmt, program)
    starts = [f"{level.name}: {tier_starts(level, words)}." for level in program.tiers if level.minimum]
    return [*starts, tier_measure(program)] if starts else []


def _points_an_order(program: Program, average_minor: int) -> int:
    points = Fraction()
    for rule in program.rules:
        if isinstance(rule, PerAmount) and rule.scope.everything:
            points += Fraction(average_minor * rule.points, rule.per_minor)
        if isinstance(rule, Cashback) and rule.scope.everything:
            points += Fraction(rule.percent) * average_minor / 100 / rule.point_value_minor
    return int(points)


def _filled_from(past: Past, fmt: Format) -> str:
    average = fmt.money(past.average_minor)
    if not past.orders:
        return _(
            "No order of the last %(days)s days is known, so this begins with orders of %(average)s. Change what you like."
        ) % {"days": DAYS, "average": average}
    came = fmt.percent(past.came_back, past.customers) if past.customers else fmt.percent(0, 1)
    words = {"days": DAYS, "orders": fmt.points(past.orders), "average": average, "came": came}
    return (
        ngettext(
            "Filled in from your last %(days)s days: one order of %(average)s. Change what you like.",
            "Filled in from your last %(days)s days: %(orders)s orders of %(average)s on average, %(came)s of customers "
            "came back. Change what you like.",
            past.orders,
        )
        % words
    )


def cost_of(program: Program, past: Past, back: Back, margin_percent: int | None, fmt: Format) -> Cost:
    """Given back × what members buy × what gets spent."""
    by_members = Fraction(past.by_members, past.orders) if past.orders else Fraction(1)
    net = back.share * by_members * SPENT_PERCENT / 100
    month = past.sales_minor * 30 // DAYS
    rows = (
        Row(_("Given back to members"), _share(back.share, fmt)),
        Row(_("× orders by customers with an account"), _share(by_members, fmt)),
        Row(_("× points that get spent, as a rule"), _share(Fraction(SPENT_PERCENT, 100), fmt)),
    )
    a_month = (
        _("About %(amount)s in a month like your last three") % {"amount": fmt.money(round(month * net))}
        if past.orders
        else _("In a month without orders it costs nothing")
    )
    sales = _("Of %(amount)s sales a month") % {"amount": fmt.money(month)} if past.orders else _("Of sales")
    parts = _of_hundred(net, margin_percent, fmt) if margin_percent is not None else ()
    figure = _("%(share)s of sales") % {"share": _share(net, fmt)}
    return Cost(figure, a_month, rows, Row(sales, _share(net, fmt)), parts)


def _of_hundred(net: Fraction, margin_percent: int, fmt: Format) -> tuple[Part, ...]:
    whole = 100 * 10**fmt.exponent
    goods, rewards = whole * (100 - margin_percent) // 100, round(whole * net)
    found, begins = [], Fraction()
    for name, amount, colour in (
        (_("Goods"), goods, "k0"),
        (_("Rewards"), rewards, "k2"),
        (_("Yours"), whole - goods - rewards, "k1"),
    ):
        share = Fraction(max(0, amount) * 100, whole)
        found.append(Part(name, fmt.money(amount), f"{float(begins):.2f}", f"{float(share):.2f}", colour))
        begins += share
    return tuple(found)


def seen_by_shoppers(program: Program, fmt: Format) -> list[tuple[str, str]]:
    """(icon, sentence) for what earns and what it buys, as short as in the widget."""
    found = []
    for rule in program.rules:
        if isinstance(rule, ActivityRule) and rule.activity == "sign_up":
            found.append(("user", _("Join and get %(points)s") % {"points": points_of(rule.points, fmt)}))
        elif isinstance(rule, PerAmount):
            amount = fmt.money_short(rule.per_minor, program.currency, program.exponent)
            words = {"points": points_of(rule.points, fmt), "amount": amount}
            found.append(("bag", _("%(points)s for every %(amount)s") % words))
        elif isinstance(rule, Cashback):
            found.append(("bag", _("%(percent)s%% of every order back") % {"percent": rule.percent}))
        elif isinstance(rule, BirthdayRule):
            found.append(("cake", _("%(points)s on your birthday") % {"points": points_of(rule.points, fmt)}))
        elif isinstance(rule, ReferralRule):
            words = {"points": points_of(rule.referrer_points, fmt)}
            found.append(("users", _("%(points)s for bringing a friend") % words))
    for reward in program.rewards:
        if reward.enabled:
            found.append(("gift", reward_sentence(reward, fmt, program)))
    return found


def past_choices(fmt: Format, now: datetime) -> dict[str, datetime | None]:
    """From when past orders count, by the value in the form."""
    return {
        "none": None,
        "90": now - timedelta(days=90),
        "year": start_of_year(fmt.local(now).year, fmt.zone),
        "all": datetime(2000, 1, 1, tzinfo=UTC),
    }


def launch_context(shop: Shop, found: Launch, draft: ProgramVersion, fmt: Format, now: datetime) -> dict[str, Any]:
    program = program_of(draft)
    choices = past_choices(fmt, now)
    outs = hand_outs(shop=shop, program=program, since=[at for at in choices.values() if at], now=now)
    titles = {
        "none": (_("No, everybody begins with zero"), _("Only orders placed from now on earn.")),
        "90": (_("Those of the last 90 days"), ""),
        "year": (_("Those of this year"), ""),
        "all": (_("All that we know"), ""),
    }
    listed = [
        (name, *titles[name], _handed(outs[at], fmt) if at else _("costs nothing"), name == "none")
        for name, at in choices.items()
    ]
    counted = next(iter(outs.values()))
    return {
        "choices": listed,
        "revision": draft.revision,
        "importing": parts_under_way(shop=shop),
        "estimated": _("Estimated from %(counted)s of %(members)s customers, spread over all.")
        % {"counted": fmt.points(counted.counted), "members": fmt.points(counted.all_members)}
        if counted.counted and counted.counted < counted.all_members
        else "",
        "sentences": [plain(rule_sentence(rule, fmt, program)) for rule in program.rules]
        + _tiers(program, fmt)
        + [reward_sentence(reward, fmt, program) for reward in program.rewards],
    }


def _handed(out: HandOut, fmt: Format) -> str:
    if not out.points:
        return _("gives nothing")
    words = {
        "points": points_of(out.points, fmt),
        "members": ngettext("%(count)s customer", "%(count)s customers", out.members)
        % {"count": fmt.points(out.members)},
        "worth": fmt.money(out.worth_minor),
    }
    return _("%(points)s for %(members)s, worth %(worth)s if all are spent") % words


def _share(share: Fraction, fmt: Format) -> str:
    return fmt.percent(share.numerator, share.denominator)
