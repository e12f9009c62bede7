"""A second opinion, written from the design and not from the code: slow, plain, on plain data, sharing nothing with the
engine. It knows what the corpus uses and refuses to answer for anything else."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from zoneinfo import ZoneInfo

from tests.engine.golden.oracle_lots import Lots

ORDER_OF_THINGS = ["version", "hold", "expiry", "review", "award", "gives", "refund", "takes", "returns"]

KNOWN_POLICIES = {
    "moment",
    "hold_days",
    "count_shipping",
    "rounding",
    "rounding_per",
    "stacking",
    "spent_points",
    "expired_codes",
    "negative",
    "expiry",
    "expiry_days",
    "expiry_months",
    "tier_period_days",
}


def when(text):
    return datetime.fromisoformat(text)


def rounded(number, how):
    return {"floor": floor(number), "ceil": ceil(number), "half_up": floor(number + Fraction(1, 2))}[how]


class Oracle(Lots):
    def __init__(self, versions, facts, until):
        self.versions = sorted(versions, key=lambda version: when(version["from"]))
        for version in self.versions:
            assert set(version["program"].get("policies", {})) <= KNOWN_POLICIES
        self.until = until
        self.waiting = []
        self.lots = []  # each: name, left, opened, expires, own award, size
        self.debts = []  # each: [owner, points]
        self.lines = []
        self.forgiven = 0
        self.version = None
        self.orders = {}
        self.redemptions = {}
        self.last_active = None
        self.expiry_began = None
        self.lapsed_lots = set()
        self.spend = []  # each: [at, order id, minor]
        self.tier = ""
        self.tiers_entered = set()
        self.seen = False
        self.count = 0
        self.clock_number = 0
        for version in self.versions:
            self.plan(when(version["from"]), "version", "+v", ("version", version))
        firsts = []
        for fact in facts:
            firsts.append(self.announce(fact))
        if firsts:
            self.plan(min(firsts), "review", "+join", ("join",))

    # the list of what is to come

    def plan(self, at, rank, name, what):
        self.waiting.append((at, ORDER_OF_THINGS.index(rank), name, what))

    def announce(self, fact):
        kind = fact["type"]
        if kind == "order":
            program = self.program_at(when(fact["placed_at"]))
            moment = fact.get(
                {"paid": "paid_at", "fulfilled": "fulfilled_at", "placed": "placed_at"}[self.policy(program, "moment")]
            )
            state = {
                "fact": fact,
                "program": program,
                "award": None,
                "back": {},
                "loose": 0,
                "whole": False,
                "returned": {},
            }
            self.orders[fact["id"]] = state
            times = []
            if (
                moment
                and not (fact.get("cancelled_at") and when(fact["cancelled_at"]) <= when(moment))
                and program is not None
            ):
                self.plan(when(moment), "award", "order:" + fact["id"], ("award", state))
                times.append(when(moment))
            for refund in fact.get("refunds", []):
                self.plan(
                    when(refund["at"]), "refund", f"order:{fact['id']}/refund:{refund['id']}", ("refund", state, refund)
                )
                times.append(when(refund["at"]))
            if fact.get("cancelled_at"):
                self.plan(when(fact["cancelled_at"]), "refund", f"order:{fact['id']}/cancel", ("cancel", state))
                times.append(when(fact["cancelled_at"]))
            return min([when(fact["placed_at"]), *times])
        at = when(fact["at"])
        if kind == "redemption":
            self.plan(at, "takes", "redemption:" + fact["id"], ("redeem", fact))
            if fact.get("given_back_at"):
                self.plan(when(fact["given_back_at"]), "returns", "redemption:" + fact["id"], ("give back", fact))
        elif kind == "adjustment":
            self.plan(at, "gives" if fact["points"] > 0 else "takes", "adjustment:" + fact["id"], ("adjust", fact))
        elif kind == "import":
            self.plan(at, "gives", "import:" + fact["id"], ("import", fact))
        elif kind == "activity":
            self.plan(at, "gives", "activity:" + fact["id"], ("activity", fact))
        else:
            raise NotImplementedError(kind)
        return at

    # the program

    def program_at(self, at):
        chosen = None
        for version in self.versions:
            if when(version["from"]) <= at:
                chosen = version["program"]
        return chosen

    def policy(self, program, name):
        defaults = {
            "moment": "paid",
            "hold_days": 0,
            "count_shipping": False,
            "rounding": "floor",
            "rounding_per": "order",
            "stacking": "sum",
            "spent_points": "pro_rata",
            "expired_codes": "return",
            "negative": "allowed",
            "expiry": "never",
            "expiry_days": 0,
            "expiry_months": 0,
            "tier_period_days": 365,
        }
        return (program or {}).get("policies", {}).get(name, defaults[name])

    def later(self, start, program):
        days, months = self.policy(program, "expiry_days"), self.policy(program, "expiry_months")
        if days:
            return start + timedelta(hours=24 * days)
        local = start.astimezone(ZoneInfo(program["time_zone"]))
        month = local.month + months
        year = local.year + (month - 1) // 12
        month = (month - 1) % 12 + 1
        last = calendar.monthrange(year, month)[1]
        moved = local.replace(year=year, month=month, day=min(local.day, last))
        return moved.astimezone(start.tzinfo)

    # the story

    def tell(self):
        while True:
            due = [event for event in self.waiting if event[0] <= self.until]
            if not due:
                return self
            event = min(due, key=lambda each: each[:3])
            self.waiting.remove(event)
            what = event[3]
            getattr(self, "do_" + what[0].replace(" ", "_"))(event[0], *what[1:])

    def write(self, kind, source, part, points, at):
        if points:
            self.lines.append([kind, source, part, points, at.isoformat()])

    def balance(self):
        return sum(line[3] for line in self.lines)

    def do_version(self, at, version):
        before = self.policy(self.version, "expiry")
        self.version = version["program"]
        after = self.policy(self.version, "expiry")
        if before != after:
            self.expiry_began = at
            for lot in self.lots:
                gone = lot["expires"] is not None and lot["expires"] <= at
                if not gone and not lot["fixed"]:
                    lot["expires"] = self.later(at, self.version) if after == "lot" else None
                    self.watch(lot, at)
        self.watch_silence(at)
        self.review(at)

    def do_join(self, at):
        self.seen = True
        self.review(at)

    # orders

    def nets(self, state):
        fact = state["fact"]
        gross = {
            line["id"]: max(0, line["quantity"] * line["unit_price_minor"] - line.get("discount_minor", 0))
            for line in fact["lines"]
        }
        cards = {line["id"] for line in fact["lines"] if line.get("gift_card")}
        goods = sum(amount for line, amount in gross.items() if line not in cards)
        off = min(fact.get("order_discount_minor", 0), goods)
        return {
            line: Fraction(amount) if line in cards or not goods else Fraction(amount * (goods - off), goods)
            for line, amount in gross.items()
        }

    def gone(self, state, line):
        """The part of a line that was refunded."""
        if state["whole"]:
            return Fraction(1)
        nets = self.nets(state)
        total = sum(nets.values())
        if line not in nets:
            shipping = state["fact"].get("shipping_minor", 0)
            return min(Fraction(1), Fraction(state["back"].get("+shipping", 0), shipping or 1))
        if not nets[line]:
            return Fraction(0)
        amount = state["back"].get(line, 0)
        own = Fraction(1) if amount >= floor(nets[line]) > 0 else amount / nets[line]
        return min(Fraction(1), own + state["loose"] / total)

    def do_award(self, at, state):
        fact, program = state["fact"], state["program"]
        self.active(at)
        excluded = set(program.get("exclusions", {}).get("tags", []))
        nets, counts, units, kinds = self.nets(state), {}, {}, {}
        for line in fact["lines"]:
            if line.get("gift_card") or excluded & set(line.get("tags", [])):
                continue
            counts[line["id"]] = nets[line["id"]] * (1 - self.gone(state, line["id"]))
            units[line["id"]] = line["quantity"]
            kinds[line["id"]] = set(line.get("collection_ids", []))
        if self.policy(program, "count_shipping") and fact.get("shipping_minor"):
            counts["+shipping"] = fact["shipping_minor"] * (1 - self.gone(state, "+shipping"))
            units["+shipping"], kinds["+shipping"] = 0, set()
        self.count += bool(counts)
        before = {line: self.gone(state, line) for line in counts}
        by_line = self.apply_rules(program, counts, units, kinds)
        exact = sum(by_line.values(), Fraction())
        how = self.policy(program, "rounding")
        points = rounded(exact, how)
        if self.policy(program, "rounding_per") == "line":
            points = sum(rounded(part, how) for part in by_line.values())
        awards = []
        if points:
            awards.append(("order:" + fact["id"], points, by_line))
        for rule in program["rules"]:
            if rule["kind"] == "milestone" and counts:
                awards += [
                    (f"milestone:{rule['id']}:{step['orders']}", step["points"], counts)
                    for step in rule["steps"]
                    if step["orders"] == self.count
                ]
        until = at + timedelta(days=self.policy(program, "hold_days"))
        state["award"] = []
        for name, size, weights in awards:
            award = {
                "name": name,
                "points": size,
                "weights": weights,
                "before": before,
                "taken": 0,
                "lot": None,
                "open": False,
                "until": until,
            }
            state["award"].append(award)
            if until > at:
                self.plan(until, "hold", name, ("release", state, award))
            else:
                self.do_release(at, state, award)
        self.spend.append([at, fact["id"], floor(self.spent(state))])
        self.review(at)

    def spent(self, state):
        cards = {line["id"] for line in state["fact"]["lines"] if line.get("gift_card")}
        return sum(net * (1 - self.gone(state, line)) for line, net in self.nets(state).items() if line not in cards)

    def apply_rules(self, program, counts, units, kinds):
        """Points of each line before rounding."""
        found = []
        for rule in program["rules"]:
            lines = self.lines_for(rule, counts, kinds)
            amount = sum(counts[line] for line in lines)
            if not lines or amount < rule.get("scope", {}).get("minimum_spend_minor", 0):
                continue
            share = self.share(rule, lines, amount, counts, units)
            if sum(share.values()):
                found.append((rule, share))
        if self.policy(program, "stacking") == "highest" and found:
            best = max(sum(share.values()) for _, share in found)
            found = [each for each in found if sum(each[1].values()) == best][:1]
        rates, total = dict.fromkeys(counts, Fraction()), dict.fromkeys(counts, Fraction())
        for rule, share in found:
            for line, part in share.items():
                total[line] += part
                if rule["kind"] == "per_amount":
                    rates[line] += part
        for rule in program["rules"]:
            if rule["kind"] == "multiplier":
                for line in self.lines_for(rule, counts, kinds):
                    total[line] += rates[line] * (Fraction(rule["times"]) - 1)
        return total

    def lines_for(self, rule, counts, kinds):
        scope = rule.get("scope", {})
        if scope.get("tiers") and self.tier not in scope["tiers"]:
            return []
        return [line for line in counts if not scope.get("collections") or kinds[line] & set(scope["collections"])]

    def share(self, rule, lines, amount, counts, units):
        points = rule.get("points", 0)
        if rule["kind"] == "per_amount":
            return {line: counts[line] * points / rule["per_minor"] for line in lines}
        if rule["kind"] == "per_item":
            return {line: Fraction(units[line] * points) for line in lines}
        if rule["kind"] == "per_order":
            even = Fraction(points, len(lines))
            return {line: points * counts[line] / amount if amount else even for line in lines}
        return {}

    def do_release(self, at, state, award):
        points = award["points"] - award["taken"]
        if points > 0:
            award["open"] = True
            award["lot"] = self.open(award["name"], points, at)
            self.write("earned", award["name"], "", points, at)

    def do_refund(self, at, state, refund):
        named = 0
        for line in refund.get("lines", []):
            known = line["line_id"] in {each["id"] for each in state["fact"]["lines"]}
            amount = line["amount_minor"] if known else 0
            state["back"][line["line_id"]] = state["back"].get(line["line_id"], 0) + amount
            named += amount
        state["back"]["+shipping"] = state["back"].get("+shipping", 0) + refund.get("shipping_minor", 0)
        state["loose"] += (
            max(refund["amount_minor"], sum(line["amount_minor"] for line in refund.get("lines", []))) - named
        )
        money = state["loose"] + sum(amount for line, amount in state["back"].items() if line != "+shipping")
        total = sum(self.nets(state).values())
        state["money"] = money
        if money >= total and (total or money):
            state["whole"] = True
        self.follow(at, state, "refund:" + refund["id"], False)

    def do_cancel(self, at, state):
        state["whole"] = True
        self.follow(at, state, "cancel:" + state["fact"]["id"], True)

    def due(self, state, award):
        if state["whole"]:
            return award["points"]
        total = wanted = Fraction()
        plain = not sum(award["weights"].values())
        for line, weight in award["weights"].items():
            own = Fraction(1) if plain else weight
            before = award["before"][line]
            part = self.gone(state, line)
            part = (part - before) / (1 - before) if before < 1 else Fraction()
            total += own
            wanted += own * part
        return floor(award["points"] * wanted / total) if total else 0

    def follow(self, at, state, source, cancelled):
        for award in state["award"] or []:
            expired = award["lot"]["expired"] if award["lot"] else 0
            wanted = min(self.due(state, award), award["points"] - expired) - award["taken"]
            if wanted <= 0:
                continue
            award["taken"] += wanted
            if award["open"]:
                own = award["name"] == "order:" + state["fact"]["id"]
                taken = self.take(wanted, award["lot"], {"from": [], "taken": 0})
                self.write("reversed", source, "" if own and cancelled else award["name"], -taken, at)
        state["undone"] = [*state.get("undone", []), (at, source)]
        self.return_spent(at, state, source)
        for entry in self.spend:
            if entry[1] == state["fact"]["id"]:
                entry[2] = floor(self.spent(state))
        self.review(at)

    def return_spent(self, at, state, source):
        policy = self.policy(state["program"], "spent_points")
        total = sum(self.nets(state).values())
        if policy == "pro_rata" or (policy == "full_refund_only" and state["whole"]):
            part = (
                Fraction(1)
                if state["whole"]
                else min(Fraction(1), state.get("money", 0) / total)
                if total
                else Fraction(0)
            )
            codes = {code.lower() for code in state["fact"].get("discount_codes", [])}
            for name, spent in sorted(self.redemptions.items()):
                if spent["fact"].get("code", "").lower() not in codes or not codes:
                    continue
                before = state["returned"].get(name, 0)
                points = min(floor(spent["fact"]["points"] * part) - before, spent["taken"])
                if points > 0:
                    state["returned"][name] = before + points
                    filled, key = self.give_back(spent, points, at, "redemption:" + name)
                    self.write("returned", source, key, points, at)
                    self.expire_again(filled, at, f"{source}/{key}")

    def do_late(self, at, state, source):
        self.return_spent(at, state, source)

    # decisions

    def do_redeem(self, at, fact):
        self.active(at)
        owner = {"from": [], "taken": 0, "fact": fact}
        self.redemptions[fact["id"]] = owner
        self.write("redeemed", "redemption:" + fact["id"], "", -self.take(fact["points"], None, owner), at)
        for name, state in self.orders.items():
            codes = {code.lower() for code in state["fact"].get("discount_codes", [])}
            undone = [each for each in state.get("undone", []) if at - each[0] <= timedelta(days=1)]
            if undone and fact.get("code", "").lower() in codes:
                self.plan(at, "returns", f"order:{name}/late:{fact['id']}", ("late", state, undone[-1][1]))

    def do_give_back(self, at, fact):
        owner = self.redemptions[fact["id"]]
        promised = self.policy(self.program_at(when(fact["at"])), "expired_codes")
        if fact.get("given_back_why") == "expired" and promised == "stay_spent":
            return
        points = owner["taken"]
        filled, _ = self.give_back(owner, points, at, "")
        self.write("returned", "redemption:" + fact["id"], "", points, at)
        self.expire_again(filled, at, "redemption:" + fact["id"])

    def do_adjust(self, at, fact):
        name = "adjustment:" + fact["id"]
        if fact["points"] > 0:
            self.open(name, fact["points"], at)
            self.write("adjusted", name, "", fact["points"], at)
        else:
            self.write("adjusted", name, "", -self.take(-fact["points"], None, {"from": [], "taken": 0}), at)

    def do_import(self, at, fact):
        for number, lot in enumerate(fact["lots"]):
            expires = when(lot["expires_at"]) if lot.get("expires_at") else None
            self.open(f"import:{fact['id']}:{number}", lot["points"], at, when(lot["at"]), expires)
            self.write("imported", "import:" + fact["id"], str(number), lot["points"], at)

    def do_activity(self, at, fact):
        self.active(at)
        rules = [
            rule for rule in self.version["rules"] if rule["kind"] == "activity" and rule["activity"] == fact["kind"]
        ]
        points = sum(rule["points"] for rule in rules)
        if points:
            self.open("activity:" + fact["id"], points, at)
            self.write("earned", "activity:" + fact["id"], "", points, at)

    # tiers

    def review(self, at):
        levels = (self.version or {}).get("tiers", [])
        if not levels or not self.seen:
            return
        days = timedelta(days=self.policy(self.version, "tier_period_days"))
        measure = sum(entry[2] for entry in self.spend if entry[0] > at - days)
        reached = [level for level in levels if measure >= level.get("minimum", 0)]
        self.tier = reached[-1]["id"] if reached else ""
        for level in reached:
            if level["id"] not in self.tiers_entered:
                self.tiers_entered.add(level["id"])
                if level.get("entry_points"):
                    self.open("tier:" + level["id"], level["entry_points"], at)
                    self.write("earned", "tier:" + level["id"], "", level["entry_points"], at)
        leaving = [entry[0] + days for entry in self.spend if entry[0] > at - days]
        if leaving:
            self.plan(min(leaving), "review", "tier", ("review",))

    def do_review(self, at):
        self.review(at)


def statement(versions, facts, until):
    told = Oracle(versions, facts, until).tell()
    return {
        "movements": told.lines,
        "available": told.balance(),
        "debt": sum(debt[1] for debt in told.debts),
        "forgiven": told.forgiven,
        "tier": told.tier,
    }
