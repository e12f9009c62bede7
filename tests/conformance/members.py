"""Operations on members: tiers, expiry dates, segments, campaigns, contests, fees."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.engine.campaigns import Campaign, active
from loyalty.engine.contests import positions
from loyalty.engine.expiry import after, expiring_by
from loyalty.engine.facts import Activity, Import, ImportLot, Membership
from loyalty.engine.money import parse_minor
from loyalty.engine.policies import kept_until_day
from loyalty.engine.refunds import increments
from loyalty.engine.segments import SegmentRule, Tally, inside
from loyalty.engine.statement import fold
from loyalty.engine.tiers import Entry, Level, Meter, review
from tests.conformance.builders import BEGIN, folded, line, moment, order, program, version

Data = dict[str, Any]
UTC_ZONE = ZoneInfo("UTC")


def levels_of(given: Data) -> list[Level]:
    return [Level(id=each["code"], name=each["code"], minimum=each["min"]) for each in given["tiers"]]


def tier_evaluate(given: Data, policy: Data) -> Data:
    counted = [given.get("total_spent", 0), given.get("current_transaction", 0)]
    measure = given["qualifying_amount"] if "qualifying_amount" in given else sum(counted)
    found = review(
        levels_of(given),
        given.get("current") or "",
        measure,
        at=moment(None),
        granted=given.get("manually_assigned") or "",
    )
    return {"tier": found.tier}


def tier_review(given: Data, policy: Data) -> Data:
    below = given.get("below_since")
    found = review(
        levels_of(given),
        given["current"],
        given["qualifying_amount"],
        at=moment(given["at"]),
        below_since=moment(below) if below else None,
        grace_days=given.get("grace_days", 0),
        granted=given.get("manual") or "",
    )
    until = found.grace_until
    return {
        "tier": found.tier,
        "qualified": found.qualified,
        "transition": found.transition or None,
        "grace_until": zulu(until) if until is not None else None,
    }


def zulu(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def tier_metric(given: Data, policy: Data) -> Data:
    """Entries are played in the order in which they happened, and the question is asked at its own instant."""
    played = sorted(
        [*((moment(each["at"]), 0, each) for each in given["facts"]), (moment(given["at"]), 1, {})], key=first_two
    )
    period = given["period"]
    meter = Meter()
    for at, question, each in played:
        if question:
            days = period.get("days", 0)
            return {"value": meter.value(given["metric"], period["kind"], days, at, UTC_ZONE)}
        meter.add(Entry(at, each.get("spend", 0), each.get("points", 0), each.get("orders", 0)))
    return {}


def first_two(event: tuple[datetime, int, Data]) -> tuple[datetime, int]:
    return event[:2]


def tier_until(given: Data, policy: Data) -> Data:
    kept = {"rolling_year": "a_year", "calendar_year_plus_next": "this_year_and_next"}[given["mode"]]
    day = kept_until_day(kept, moment(given["entered"]), UTC_ZONE)
    return {"until": day.isoformat() if day is not None else None}


def tier_entry_rewards(given: Data, policy: Data) -> Data:
    """Each step of the sequence is an order that lifts the measure to the step's number."""
    names = sorted({name for tier in given["tiers"] for name in tier.get("entry_rewards", [])})
    ids = {name: f"reward-{index}" for index, name in enumerate(names)}
    document = program(
        rewards=[{"id": ids[name], "name": name, "kind": "custom", "points": 0} for name in names],
        tiers=[
            {
                "id": f"tier-{index}",
                "name": tier["code"],
                "minimum": tier["min"],
                "entry_rewards": [ids[name] for name in tier.get("entry_rewards", [])],
            }
            for index, tier in enumerate(given["tiers"])
        ],
        policies={"tier_period": "lifetime"},
    )
    instants = [datetime(2026, 1, 1, 0, index, tzinfo=UTC) for index, _ in enumerate(given["qualifying_sequence"])]
    bought = [
        order([line(amount)], at, id=f"order-{index}")
        for index, (amount, at) in enumerate(zip(increments(given["qualifying_sequence"]), instants, strict=True))
    ]
    levels, rewards = [], []
    for at in instants:
        statement = folded(document, *bought, as_of=at)
        levels.append(statement.tier.name if statement.tier is not None else None)
        given_now = [gift.reward for gift in statement.gifts if gift.at == at]
        rewards.append([name for name in names if ids[name] in given_now])
    return {"levels": levels, "new_rewards": rewards}


def expiring_at(given: Data, policy: Data) -> Data:
    lots = [
        Import(
            id=str(index),
            at=BEGIN,
            lots=(ImportLot(points=step["points"], at=moment(step["at"]), expires_at=date_of(step)),),
        )
        for index, step in enumerate(given["steps"])
    ]
    statement = folded(program(), *lots, as_of=BEGIN)
    return {"points": [expiring_by(statement.lots, moment(each)) for each in given["moments"]]}


def date_of(step: Data) -> datetime | None:
    return moment(step["expires_at"]) if step.get("expires_at") else None


def expiry_exact(given: Data, policy: Data) -> Data:
    return {"expires_at": zulu(after(moment(given["earned_at"]), given["duration_days"], 0, UTC_ZONE))}


def inactivity_expiry(given: Data, policy: Data) -> Data:
    instants = [moment(each) for each in given["activity"]]
    enabled = given.get("policy_enabled_on")
    silent = program(policies={"expiry": "inactivity", "expiry_months": given["period_months"]})
    began = moment(enabled) if enabled else BEGIN
    versions = [version(program()), version(silent, began, 2)] if enabled else [version(silent)]
    now = max([*instants, began])
    start = Import(id="start", at=now, lots=(ImportLot(points=given["balance"], at=BEGIN),))
    facts = [Activity(id=str(index), at=at, kind="visit") for index, at in enumerate(instants)]
    statement = fold(versions, [start, *facts], now)
    until = statement.inactive_at
    return {"expires_on": until.date().isoformat() if until is not None else None}


def lot_dates(given: Data, policy: Data) -> Data:
    document = program(
        rules=[{"id": "rule", "kind": "per_order", "points": 1}],
        policies={"hold_days": given["hold_days"], "expiry": "lot", "expiry_months": given["expiry_months"]},
    )
    placed = moment(given["pending_at"])
    bought = order([line(100)], placed)
    held = folded(document, bought, as_of=placed)
    opened = held.pending[0].until if held.pending else placed
    lot = folded(document, bought, as_of=opened).lots[0]
    expires = zulu(lot.expires_at) if lot.expires_at is not None else None
    return {"available_at": zulu(lot.opened_at), "expires_at": expires}


def lot_order(given: Data, policy: Data) -> Data:
    lots = [
        ImportLot(points=1, at=datetime(1990, 1, 1, 0, index, tzinfo=UTC), expires_at=date_of(lot))
        for index, lot in enumerate(given["lots"])
    ]
    statement = folded(program(), Import(id="i", at=BEGIN, lots=tuple(lots)), as_of=BEGIN)
    names = {f"import:i:{index}": lot["id"] for index, lot in enumerate(given["lots"])}
    return {"order": [names[lot.source] for lot in statement.lots]}


def membership_fee(given: Data, policy: Data) -> Data:
    plan = {"id": "plan", "name": "Plan", "fee_points": given["fee_points"], "fee_seconds": given["period_seconds"]}
    last, now = instant(0), instant(given["seconds_since_last_charge"])
    start = Import(id="start", at=last, lots=(ImportLot(points=given["points"], at=last),))
    facts = [*([start] if given["points"] else []), Membership(id="m", at=last, plan="plan", event="bought")]
    statement = fold([version(program(plans=[plan]), last)], facts, now)
    return {"charged": bool(statement.totals["fee"]), "points": statement.available}


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def active_campaigns(given: Data, policy: Data) -> Data:
    campaigns = [
        Campaign(
            id=each["id"],
            name=each["id"],
            starts_at=instant(each["start"]) if "start" in each else None,
            ends_at=instant(each["end"]) if "end" in each else None,
            rewards_total=each.get("max_rewards_total"),
        )
        for each in given["campaigns"]
    ]
    rewarded = {each["id"]: each.get("rewarded_count", 0) for each in given["campaigns"]}
    return {"active": [each.id for each in active(campaigns, instant(given["now"]), UTC_ZONE, rewarded)]}


def leaderboard(given: Data, policy: Data) -> Data:
    return {"positions": positions(given["points"])}


def segment(given: Data, policy: Data) -> Data:
    criterion = given["criterion"]
    rule = SegmentRule(
        id="wanted",
        points_of_sale=tuple(criterion.get("bought_in_pos", ())),
        order_count=pair(criterion.get("transaction_count")),
        average_minor=money_pair(criterion.get("average_amount")),
        any_order_minor=money_pair(criterion.get("any_transaction_amount")),
    )
    tallies: dict[str, Tally] = {}
    for each in given["transactions"]:
        tally = tallies.setdefault(each["customer"], Tally(rule))
        tally.add(parse_minor(each["amount"], 2), each.get("pos", ""))
    return {"customers": [name for name, tally in tallies.items() if "wanted" in inside([tally], ())]}


def pair(values: list[int] | None) -> tuple[int, int] | None:
    return (values[0], values[1]) if values is not None else None


def money_pair(values: list[Any] | None) -> tuple[int, int] | None:
    return pair([parse_minor(each, 2) for each in values]) if values is not None else None


OPERATIONS = {
    "tier_evaluate": tier_evaluate,
    "tier_review": tier_review,
    "tier_metric": tier_metric,
    "tier_until": tier_until,
    "tier_entry_rewards": tier_entry_rewards,
    "expiring_at": expiring_at,
    "expiry_exact": expiry_exact,
    "inactivity_expiry": inactivity_expiry,
    "lot_dates": lot_dates,
    "lot_order": lot_order,
    "membership_fee": membership_fee,
    "active_campaigns": active_campaigns,
    "leaderboard": leaderboard,
    "segment": segment,
}
