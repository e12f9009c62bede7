"""The oracle's lots and debts; see `oracle.py`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


class Lots:
    """What is open, what is owed, and what the clock takes."""

    def open(self, name, points, at, opened=None, expires=None):
        fixed = expires is not None
        if not fixed and self.policy(self.version, "expiry") == "lot":
            expires = self.later(at, self.version)
        lot = {"name": name, "left": points, "opened": opened or at, "expires": expires, "fixed": fixed, "expired": 0}
        self.lots.append(lot)
        self.pay_debts()
        self.watch(lot, at)
        self.active(at)
        return lot

    def watch(self, lot, at):
        if lot["expires"] is not None:
            self.plan(max(at, lot["expires"]), "expiry", "lot:" + lot["name"], ("expire", lot, lot["expires"]))

    def do_expire(self, at, lot, date):
        if lot["left"] and lot["expires"] == date:
            self.expire(lot, at, at.date().isoformat())

    def expire(self, lot, at, part):
        self.write("expired", "lot:" + lot["name"], part, -lot["left"], at)
        lot["expired"] += lot["left"]
        lot["left"] = 0

    def silence_until(self):
        if self.policy(self.version, "expiry") != "inactivity":
            return None
        start = max([self.expiry_began, *([self.last_active] if self.last_active else [])])
        return self.later(start, self.version)

    def watch_silence(self, at):
        due = self.silence_until()
        if due is not None:
            self.plan(max(due, at), "expiry", "inactivity", ("lapse", due))

    def do_lapse(self, at, due):
        if due != self.silence_until() or not [lot for lot in self.lots if lot["name"] not in self.lapsed_lots]:
            return
        gone = sum(lot["left"] for lot in self.lots)
        for lot in self.lots:
            lot["expired"] += lot["left"]
            lot["left"] = 0
            self.lapsed_lots.add(lot["name"])
        self.write("expired", "inactivity", at.date().isoformat(), -gone, at)

    def active(self, at):
        self.last_active = at
        self.watch_silence(at)

    def in_turn(self):
        far = datetime.max.replace(tzinfo=ZoneInfo("UTC"))
        return sorted(
            [lot for lot in self.lots if lot["left"]],
            key=lambda lot: (lot["expires"] or far, lot["opened"], lot["name"]),
        )

    def take(self, points, own, owner):
        """Returns what was taken (with what is owed), and writes down from where."""
        wanted = points
        for lot in ([own] if own else []) + self.in_turn():
            drawn = min(lot["left"], wanted)
            if drawn:
                lot["left"] -= drawn
                wanted -= drawn
                owner["from"].append([lot, drawn])
        if wanted and self.policy(self.version, "negative") == "clamped":
            self.forgiven += wanted
            owner["taken"] = points - wanted
        else:
            owner["taken"] = points
            if wanted:
                self.debts.append([owner, wanted])
        return owner["taken"]

    def pay_debts(self):
        for debt in self.debts:
            for lot in self.in_turn():
                paid = min(lot["left"], debt[1])
                if paid:
                    lot["left"] -= paid
                    debt[1] -= paid
                    debt[0]["from"].append([lot, paid])
        self.debts = [debt for debt in self.debts if debt[1]]

    def give_back(self, owner, points, at, part):
        left = points = min(points, owner["taken"])
        owner["taken"] -= points
        for debt in self.debts:
            if debt[0] is owner:
                less = min(left, debt[1])
                debt[1] -= less
                left -= less
        filled = []
        while left:
            source = owner["from"][-1]
            back = min(left, source[1])
            source[1] -= back
            source[0]["left"] += back
            left -= back
            filled.append(source[0])
            if not source[1]:
                owner["from"].pop()
        self.debts = [debt for debt in self.debts if debt[1]]
        self.pay_debts()
        return filled, part

    def expire_again(self, filled, at, part):
        for lot in filled:
            passed = lot["expires"] is not None and lot["expires"] <= at
            if lot["left"] and (passed or lot["name"] in self.lapsed_lots):
                self.expire(lot, at, part)
