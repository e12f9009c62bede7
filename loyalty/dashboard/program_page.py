"""The Program page: every part of the draft in sentences, beside what is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.program_beside import Beside
from loyalty.dashboard.program_changes import NOTHING, Change, Piece, by_thing, changes, word_by_word
from loyalty.dashboard.program_examples import reward_example, rule_example
from loyalty.dashboard.program_fields import kind_of
from loyalty.dashboard.program_sentences import (
    Part,
    Sentence,
    Words,
    cap_text,
    goods,
    listed,
    plain,
    rule_sentence,
    say,
    slot,
    window,
)
from loyalty.dashboard.program_text import (
    offered,
    points_of,
    policy_sentences,
    reward_sentence,
    reward_terms,
    tier_period,
)
from loyalty.engine.activities import Plan
from loyalty.engine.campaigns import Campaign
from loyalty.engine.program import Program, Reward, to_data
from loyalty.engine.scope import Scope
from loyalty.engine.segments import SegmentRule
from loyalty.engine.tiers import Level
from loyalty.platforms.permits import Permits
from loyalty.platforms.registry import platform_of
from loyalty.selectors.program_page import members_by_tier, taken_by_reward

PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of one part. `how` is what the draft does to it: new, changed, gone, on, off or nothing."""

    id: str
    icon: str
    sentence: Sentence
    name: str
    note: str
    how: str
    on: bool
    before: Sequence[Piece] = ()
    after: Sequence[Piece] = ()


@dataclass(frozen=True, slots=True)
class RewardRow:
    id: str
    icon: str
    name: str
    terms: str
    note: str
    points: str
    costs: str
    taken: str
    how: str
    on: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class TierRow:
    id: str
    name: str
    starts: str
    started: str
    perks: Sequence[str]
    members: str
    is_live: bool
    """Members can be on it."""
    how: str


def page_context(at: Beside) -> dict[str, Any]:
    found = at.changes()
    known = by_thing(found)
    old = at.latest.program if at.latest else at.program
    return {
        "beside": at,
        "live": at.live,
        "latest": at.latest,
        "draft": at.row,
        "sub": _where(at),
        "changes": found,
        "paused": at.live.program.paused if at.live else None,
        "rules": _rules(at, old, known),
        "rewards": _rewards(at, known),
        "tiers": _tiers(at, old, known),
        "tier_measure": tier_measure(at.program),
        "campaigns": [_item("campaigns", each, campaign_sentence(each, at.words), known) for each in at.program.campaigns],
        "segments": [_item("segments", each, segment_sentence(each, at.words), known) for each in at.program.segments],
        "plans": [_item("plans", each, plan_sentence(each, at.words), known) for each in at.program.plans],
        "policies": policy_sentences(at.program.policies, at.fmt),
        "excluded": exclusion_sentence(at.program, at.words),
        "audience": audience_sentence(at.program, at.words),
        "all_caps": [cap_text(cap, at.words) for cap in at.program.caps],
        "versions": version_rows(at, newest=5),
    }  # fmt: skip


def _where(at: Beside) -> str:
    if at.live is None:
        told = _("Nothing is live yet: orders earn nothing until a version is published.")
    else:
        words = {"number": at.live.number, "since": at.fmt.full_day(at.live.in_force_from)}
        told = _("Version %(number)s is live since %(since)s.") % words
    if at.latest is not None and at.latest is not at.live:
        words = {"number": at.latest.number, "day": at.fmt.moment(at.latest.in_force_from)}
        told += " " + _("Version %(number)s goes live on %(day)s.") % words
        if at.row is None:
            told += " " + _("You are looking at version %(number)s already.") % words
    if at.row is not None:
        told += " " + _("You are looking at draft %(number)s beside it.") % {"number": at.row.number}
    return told


def _how(part: str, item_id: str, known: Mapping[tuple[str, str], Change]) -> str:
    change = known.get((part, item_id))
    return change.how if change else ""


def _rules(at: Beside, old: Program, known: Mapping[tuple[str, str], Change]) -> list[Item]:
    before = {rule.id: plain(rule_sentence(rule, at.fmt, old)) for rule in old.rules}
    data = to_data(at.program).get("rules", [])
    found = []
    for rule, raw in zip(at.program.rules, data, strict=True):
        sentence = rule_sentence(rule, at.fmt, at.program)
        kind = kind_of("rules", raw)
        how, was = _how("rules", rule.id, known), before.get(rule.id, "")
        first, second = word_by_word(was, plain(sentence)) if how and was and was != plain(sentence) else ([], [])
        found.append(
            Item(
                id=rule.id,
                icon=kind.icon if kind else "star",
                sentence=sentence,
                name=rule.name,
                note=rule_example(rule, at.program, at.fmt),
                how=how,
                on=rule.enabled,
                before=first,
                after=second,
            )
        )
    return found


def _item(part: str, each: Any, sentence: Sentence, known: Mapping[tuple[str, str], Change]) -> Item:
    kind = kind_of(part, {})
    on = bool(getattr(each, "enabled", True))
    return Item(
        each.id, kind.icon if kind else "star", sentence, each.name or each.id, "", _how(part, each.id, known), on
    )


def _rewards(at: Beside, known: Mapping[tuple[str, str], Change]) -> list[RewardRow]:
    taken = taken_by_reward(shop=at.shop, since=at.now - PERIOD)
    platform, permits = platform_of(at.shop), Permits(at.shop)
    rows = []
    for reward in at.program.rewards:
        kind = kind_of("rewards", {"kind": reward.kind})
        rows.append(
            RewardRow(
                id=reward.id,
                icon=kind.icon if kind else "gift",
                name=offered(reward, at.fmt, at.program),
                terms=" ".join([*_least_order(reward, at.words), *reward_conditions(reward, at.words)]),
                note=reward_example(reward, at.program, at.fmt),
                points=_price(reward, at.words),
                costs=_costs(reward, at.words),
                taken=at.fmt.points(taken.get(reward.id, 0)),
                how=_how("rewards", reward.id, known),
                on=reward.enabled,
                why_not=platform.cannot_carry(permits, reward),
            )
        )
    return rows


def _price(reward: Reward, words: Words) -> str:
    if reward.kind == "points_slider":
        return f"{words.fmt.points(reward.points)} = {words.money(reward.value_minor)}"
    return words.fmt.points(reward.points)


def _costs(reward: Reward, words: Words) -> str:
    if reward.kind == "percent_off":
        return f"{words.fmt.points(reward.percent)}\N{NO-BREAK SPACE}%"
    if not reward.value_minor:
        return "\N{EN DASH}"
    return words.fmt.money(reward.value_minor, words.program.currency, words.program.exponent)


def _least_order(reward: Reward, words: Words) -> list[str]:
    if not reward.minimum_order_minor:
        return []
    return [_("Orders from %(least)s.") % {"least": words.money(reward.minimum_order_minor)}]


def reward_conditions(reward: Reward, words: Words) -> list[str]:
    """What a shopper must know beside what it costs and the order it needs, a sentence each."""
    told = []
    if reward.kind == "points_slider" and reward.maximum_percent < 100:
        told.append(_("Up to %(percent)s %% of an order.") % {"percent": reward.maximum_percent})
    for part in ("tiers", "segments", "plans"):
        if getattr(reward, part):
            told.append(_("Only for %(names)s.") % {"names": words.named(part, getattr(reward, part))})
    if reward.limit_per_member is not None:
        count = reward.limit_per_member
        times = {
            "lifetime": ngettext("Once a member.", "%(times)s times a member.", count),
            "year": ngettext("Once a member each year.", "%(times)s times a member each year.", count),
            "month": ngettext("Once a member each month.", "%(times)s times a member each month.", count),
        }[reward.limit_period]
        told.append(times % {"times": words.fmt.points(reward.limit_per_member)})
    if reward.limit_total is not None or reward.stock is not None:
        least = min(each for each in (reward.limit_total, reward.stock) if each is not None)
        told.append(_("%(count)s in all.") % {"count": words.fmt.points(least)})
    return [*told, reward_terms(reward, words.fmt, words.program.policies)]


def reward_reads(reward: Reward, words: Words) -> str:
    return " ".join([reward_sentence(reward, words.fmt, words.program), *reward_conditions(reward, words)])


def tier_measure(program: Program) -> str:
    policies = program.policies
    what = {
        "spend": _("By what a member spent"),
        "points": _("By the points a member earned"),
        "orders": _("By how often a member ordered"),
    }[policies.tier_measure]
    kept = {
        "while_qualified": _("Up at once, down when it is no longer reached."),
        "a_year": _("Up at once, and kept for a year."),
        "this_year_and_next": _("Up at once, and kept until the end of the next year."),
    }[policies.tier_kept]
    return f"{what} {tier_period(policies)}. {kept}"


def tier_starts(level: Level, words: Words) -> str:
    if level.by_invitation:
        return _("By invitation")
    if not level.minimum:
        return _("From the first day")
    measure = words.program.policies.tier_measure
    if measure == "spend":
        return _("From %(least)s") % {"least": words.money(level.minimum)}
    if measure == "points":
        return _("From %(least)s") % {"least": points_of(level.minimum, words.fmt)}
    return ngettext("From %(least)s order", "From %(least)s orders", level.minimum) % {"least": level.minimum}


def _tiers(at: Beside, old: Program, known: Mapping[tuple[str, str], Change]) -> list[TierRow]:
    if not at.program.tiers:
        return []
    counts = members_by_tier(shop=at.shop)
    before = {level.id: tier_starts(level, Words(at.fmt, old)) for level in old.tiers}
    rows = []
    for level in at.program.tiers:
        count = counts.get(level.id, 0)
        members = ngettext("%(count)s member", "%(count)s members", count) % {"count": at.fmt.points(count)}
        starts = tier_starts(level, at.words)
        started = before.get(level.id, starts)
        perks = [*level.perks, *tier_gives(level, at.words)]
        rows.append(TierRow(level.id, level.name, starts, "" if started == starts else started, perks, members, level.id in before, _how("tiers", level.id, known)))  # fmt: skip
    return rows


def tier_gives(level: Level, words: Words) -> list[str]:
    """What the program itself does for members of this tier."""
    told = [plain(rule_sentence(rule, words.fmt, words.program)) for rule in words.program.rules if level.id in rule.scope.tiers]  # fmt: skip
    if level.entry_points:
        told.append(_("%(points)s on entry") % {"points": points_of(level.entry_points, words.fmt)})
    if level.entry_rewards:
        told.append(_("%(gifts)s on entry") % {"gifts": words.named("rewards", level.entry_rewards)})
    return told


def tier_sentence(level: Level, words: Words) -> Sentence:
    slots: dict[str, Part | str] = {
        "name": slot(level.name, "name"),
        "starts": slot(tier_starts(level, words), "minimum"),
    }
    perks = [*level.perks, *tier_gives(level, words)]
    head = say(_("%(name)s: %(starts)s."), slots)
    return (*head, Part(" " + "; ".join(perks) + ".")) if perks else head


def campaign_sentence(campaign: Campaign, words: Words) -> Sentence:
    rules = [plain(rule_sentence(rule, words.fmt, words.program)).removesuffix(".") for rule in campaign.rules]
    window_of = Scope(
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        first_day=campaign.first_day,
        last_day=campaign.last_day,
        weekdays=campaign.weekdays,
    )
    clauses = [piece for clause in window(window_of, words) for piece in (Part(", "), *clause)]
    first = slot("; ".join(rules) or _("No rule yet"), "rules.0.name")
    return (slot(campaign.name, "name"), Part(": "), first, *clauses, Part("."))


def segment_sentence(segment: SegmentRule, words: Words) -> Sentence:
    told = []
    for name, template, money in (
        ("order_count", _("%(range)s orders"), False),
        ("average_minor", _("an average order of %(range)s"), True),
        ("any_order_minor", _("an order of %(range)s"), True),
    ):
        between = getattr(segment, name)
        if between is not None:
            told.append(template % {"range": _between(between, words, money)})
    if segment.points_of_sale:
        told.append(_("an order from %(names)s") % {"names": listed(segment.points_of_sale)})
    if segment.minimum_age:
        told.append(_("%(age)s years of age") % {"age": segment.minimum_age})
    for names, template in ((segment.any_of, _("a place in %(names)s")), (segment.none_of, _("no place in %(names)s"))):
        if names:
            told.append(template % {"names": words.named("segments", names)})
    what = ", ".join(told) if told else _("nothing in particular: everybody")
    return say(_("%(name)s: members with %(what)s."), {"name": slot(segment.name or segment.id, "name"), "what": what})


def _between(between: tuple[int, int], words: Words, money: bool) -> str:
    write = words.money if money else words.fmt.points
    if between[1] >= 10**12:
        return _("%(least)s or more") % {"least": write(between[0])}
    return _("%(least)s to %(most)s") % {"least": write(between[0]), "most": write(between[1])}


def plan_sentence(plan: Plan, words: Words) -> Sentence:
    lasts = (
        ngettext("for %(count)s month", "for %(count)s months", plan.months) % {"count": plan.months}
        if plan.months
        else _("for ever")
    )
    slots: dict[str, Part | str] = {
        "name": slot(plan.name, "name"),
        "products": slot(words.titled("products", plan.products) or _("nothing yet"), "products"),
        "lasts": slot(lasts, "months"),
        "points": words.points(plan.entry_points, "entry_points"),
    }
    return say(_("%(name)s is bought with %(products)s, lasts %(lasts)s, and gives %(points)s at once."), slots)


def exclusion_sentence(program: Program, words: Words) -> str:
    left = program.exclusions
    scope = Scope(products=left.products, collections=left.collections, tags=left.tags)
    told = [_("sale items")] if left.on_sale else []
    told += [_("gift cards")] if left.gift_cards else []
    told += [_("test orders")] if left.test_orders else []
    if scope.picks_lines:
        told += [goods(Scope(**{name: getattr(left, name)}), words).text for name in ("products", "collections", "tags") if getattr(left, name)]  # fmt: skip
    if left.segments:
        told.append(_("members of %(names)s") % {"names": words.named("segments", left.segments)})
    return _("Never earn: %(what)s.") % {"what": ", ".join(told)} if told else _("Everything may earn.")


def audience_sentence(program: Program, words: Words) -> str:
    who = program.audience
    if who.kind == "everyone":
        told = _("For everyone.")
    else:
        named = [words.named("segments", who.segments)] if who.segments else []
        if who.customers:
            count = len(who.customers)
            named.append(ngettext("%(count)s customer by name", "%(count)s customers by name", count) % {"count": words.fmt.points(count)})  # fmt: skip
        if who.percent:
            named.append(_("%(percent)s %% of all customers, by lot") % {"percent": who.percent})
        told = _("A pilot for %(who)s.") % {"who": ", ".join(named) or _("nobody yet")}
    if who.holdout_percent:
        told += " " + _("%(percent)s %% stay held out.") % {"percent": who.holdout_percent}
    return told


@dataclass(frozen=True, slots=True)
class VersionRow:
    """`is_past`: one can go back to it."""

    number: int
    to_come: bool
    is_past: bool
    badge: str
    tone: str
    what: Sequence[str]
    more: int
    span: str


def version_rows(at: Beside, newest: int = 100) -> list[VersionRow]:
    """The `newest` of them, newest first, each with what it changed."""
    rows = []
    versions = list(at.versions)
    for index, version in list(enumerate(versions))[-newest:]:
        before = versions[index - 1] if index else None
        told = [said(change) for change in changes(before.program, version.program, Words(at.fmt, version.program))] if before else [_("The first")]  # fmt: skip
        ends = versions[index + 1].in_force_from if index + 1 < len(versions) else None
        badge, tone = ("", "")
        if version is at.live:
            badge, tone = _("Live"), "good"
        elif version.in_force_from > at.now:
            badge, tone = _("To come"), "accent"
        rows.append(
            VersionRow(
                version.number,
                version.in_force_from > at.now,
                version is not at.live and version.in_force_from <= at.now,
                badge,
                tone,
                told[:3] or [_("Nothing")],
                max(0, len(told) - 3),
                _span(version.in_force_from, ends, at),
            )
        )
    return rows[::-1]


def said(change: Change) -> str:
    """One change in one line of text."""
    how = {"new": _("%(what)s is new"), "gone": _("%(what)s is gone"), "on": _("%(what)s is on"), "off": _("%(what)s is off")}  # fmt: skip
    if change.how in how:
        return how[change.how] % {"what": change.title}
    if not change.fields:
        return change.title
    first = change.fields[0]
    after = _("nothing") if first.after == NOTHING else first.after
    words = {"title": change.title, "label": first.label, "before": first.before, "after": after}
    if first.before == NOTHING and not first.label:
        return _("%(title)s: %(after)s") % words
    if not first.label:
        return _("%(title)s: %(after)s, was %(before)s") % words
    return _("%(title)s, %(label)s: %(after)s, was %(before)s") % words


def _span(begins: datetime, ends: datetime | None, at: Beside) -> str:
    """The days on which a version is in force."""
    since = at.fmt.full_day(begins)
    if ends is not None:
        until = at.fmt.full_day(ends)
        return since if until == since else f"{since} \N{EN DASH} {until}"
    return (_("From %(day)s") if begins > at.now else _("Since %(day)s")) % {"day": since}
