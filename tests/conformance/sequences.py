"""Sequences of steps on one member's lots: decisions are asked for (`accept`, `transition`), facts are validated, then kept as facts, and
`fold` says the numbers. Step order becomes time order; every step has a program version, so that it may have its own
policy for negative balances."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec

from loyalty.engine.errors import Conflict, Invalid, Refused
from loyalty.engine.facts import LATEST, Adjustment, Fact, Import, ImportLot, Order, Redemption, validate
from loyalty.engine.program import Version
from loyalty.engine.refunds import check_refunds
from loyalty.engine.rewards import accept, transition
from loyalty.engine.statement import Statement, fold
from tests.conformance.builders import BEGIN, line, moment, order, program, refund, version

Data = dict[str, Any]

MODES = {"allow": "allowed", "allow_negative": "allowed", "clamp_to_zero": "clamped"}
ERRORS = {
    "not_enough_points": "insufficient_points",
    "already_resolved": "already_resolved",
    "refund_exceeds_order": "reversal_exceeds_award",
}


class Play:
    """What has happened so far: facts by their identity, versions by their instant, and the states of redemptions."""

    def __init__(self, policy: Data) -> None:
        self.mode = policy.get("clawback", policy.get("negative", "allow"))
        self.facts: dict[str, Fact] = {}
        self.versions: list[Version] = [version(program())]
        self.states: dict[str, Any] = {}
        self.at = BEGIN
        self.lots: dict[str, str] = {}
        self.orders: dict[str, str] = {}
        self.named: set[str] = set()

    def step(self, step: Data, index: int) -> None:
        """Raises Refused, Conflict or Invalid where the engine refuses the step; then nothing has happened."""
        ticks = count(int(self.at.timestamp()))
        next(ticks)
        soonest = datetime.fromtimestamp(next(ticks), UTC)
        self.at = max(soonest, moment(step.get("at"), soonest))
        mode = "allow" if step.get("allow_deficit") else step.get("mode", self.mode)
        document = program(policies={"negative": MODES[mode]})
        self.versions.append(msgspec.structs.replace(version(document, self.at), number=index))
        STEPS[step["op"]](self, step, f"{index:04}")

    def keep(self, key: str, fact: Fact) -> None:
        """Raises Invalid for a fact that nobody means."""
        validate(fact)
        self.facts[key] = fact

    def statement(self, at: datetime | None = None) -> Statement:
        return fold(self.versions, list(self.facts.values()), at or self.at)

    def left(self, lot: str) -> int:
        return sum(each.left for each in self.statement().lots if each.source == self.lots[lot])


def earn(play: Play, step: Data, index: str) -> None:
    """An imported lot, earned by an order of as many minor units, so that the order's refunds take it back."""
    name = step.get("key", index)
    lot = step.get("id", index)
    if f"import:{name}" in play.facts:
        play.lots.setdefault(lot, "nothing")
        play.named.add(lot)
        return
    play.named.add(lot)
    pending = step.get("state") == "pending"
    expires_at = moment(step["expires_at"]) if step.get("expires_at") else None
    each = ImportLot(
        points=step["points"],
        at=play.at,
        expires_at=expires_at,
        available_at=LATEST if pending else None,
        order_id=f"order-{index}",
    )
    play.keep(f"import:{name}", Import(id=index, at=play.at, lots=(each,)))
    play.keep(f"order:{index}", order([line(step["points"])], play.at, id=f"order-{index}", customer_id="c"))
    play.lots[lot], play.orders[lot] = f"import:{index}:0", f"order:{index}"


def imported(play: Play, lot: str) -> tuple[str, Import]:
    source = play.lots[lot].split(":")[1]
    return next((key, fact) for key, fact in play.facts.items() if isinstance(fact, Import) and fact.id == source)


def release(play: Play, step: Data, index: str) -> None:
    key, fact = imported(play, step["lot"])
    date = moment(step["expires_at"]) if step.get("expires_at") else fact.lots[0].expires_at
    lot = msgspec.structs.replace(fact.lots[0], available_at=play.at, expires_at=date)
    play.keep(key, msgspec.structs.replace(fact, lots=(lot,)))


def expire_lot(play: Play, step: Data, index: str) -> None:
    """A lot that expires has a date: its own, or now if that is earlier or it has none."""
    key, fact = imported(play, step["lot"])
    date = min(fact.lots[0].expires_at or play.at, play.at)
    lot = msgspec.structs.replace(fact.lots[0], expires_at=date)
    play.keep(key, msgspec.structs.replace(fact, lots=(lot,)))


def expire_due(play: Play, step: Data, index: str) -> None:
    """The clock expires what is due; there is nothing to do but to look."""


def take(play: Play, step: Data, index: str, used: bool) -> None:
    name = step.get("key", step.get("id", index))
    if f"redemption:{name}" in play.facts:
        return
    if not step.get("allow_deficit"):
        reward = {"id": "reward", "name": "Reward", "kind": "custom", "points": step["points"]}
        accept(
            play.statement(),
            program(rewards=[reward]),
            "reward",
            as_of=play.at,
            points=step.get("client_claimed_cost"),
            taken_by_member=0,
            taken_in_total=0,
        )
    fact = Redemption(id=name, at=play.at, points=step["points"], reward="reward")
    play.keep(f"redemption:{name}", msgspec.structs.replace(fact, used_at=play.at) if used else fact)
    state: Any = "reserved"
    for event in ("issue", "issued", "use") if used else ("issue", "issued"):
        state = transition(state, event)
    play.states[name] = state
    play.lots[f"redemption:{step.get('id', name)}"] = name


def redeem(play: Play, step: Data, index: str) -> None:
    take(play, step, index, True)


def reserve(play: Play, step: Data, index: str) -> None:
    take(play, step, index, False)


def resolve(play: Play, step: Data, event: Any) -> str:
    name = play.lots[f"redemption:{step['reservation']}"]
    play.states[name] = transition(play.states[name], event)
    return name


def cancel_reservation(play: Play, step: Data, index: str) -> None:
    give_back(play, resolve(play, step, "cancel"))


def capture_reservation(play: Play, step: Data, index: str) -> None:
    name = resolve(play, step, "use")
    play.keep(f"redemption:{name}", msgspec.structs.replace(play.facts[f"redemption:{name}"], used_at=play.at))


def rollback_redeem(play: Play, step: Data, index: str) -> None:
    """The order that used it is undone: once given back, it stays so."""
    name = play.lots[f"redemption:{step['redeem']}"]
    fact = play.facts[f"redemption:{name}"]
    if isinstance(fact, Redemption) and fact.given_back_at is None:
        give_back(play, name)


def give_back(play: Play, name: str) -> None:
    fact = play.facts[f"redemption:{name}"]
    back = msgspec.structs.replace(fact, given_back_at=play.at, given_back_why="cancelled")
    play.keep(f"redemption:{name}", back)


def clawback(play: Play, step: Data, index: str) -> None:
    """A refund of the order that earned the lot, of as many minor units as points."""
    key = play.orders[step["lot"]]
    fact = play.facts[key]
    name = step.get("key", index)
    if not isinstance(fact, Order) or any(each.id == name for each in fact.refunds):
        return
    refunded = msgspec.structs.replace(fact, refunds=(*fact.refunds, refund(name, play.at, step["points"])))
    if step.get("strict"):
        check_refunds(refunded)
    play.keep(key, refunded)


def adjust(play: Play, step: Data, index: str) -> None:
    fact = Adjustment(id=index, at=play.at, points=step["points"], actor="staff", reason="case")
    play.keep(f"adjustment:{index}", fact)


STEPS = {
    "earn": earn,
    "release": release,
    "expire_lot": expire_lot,
    "expire_due": expire_due,
    "redeem": redeem,
    "reserve": reserve,
    "cancel_reservation": cancel_reservation,
    "capture_reservation": capture_reservation,
    "rollback_redeem": rollback_redeem,
    "clawback": clawback,
    "reverse": clawback,
    "adjust": adjust,
}


def ledger_sequence(given: Data, policy: Data) -> Data:
    play = Play(policy)
    checkpoints = {each["after_step"]: each["lots"] for each in given.get("checkpoints", [])}
    refused: Data = {}
    for index, step in enumerate(given["steps"]):
        try:
            play.step(step, index)
        except (Refused, Conflict, Invalid) as error:
            refused = refused or {"error": ERRORS.get(error.code, error.code), "error_at_step": index}
        for lot, points in checkpoints.get(index, {}).items():
            if play.left(lot) != points:
                return {"checkpoint": f"after step {index} {lot} holds {play.left(lot)}, not {points}"}
    statement = play.statement()
    movements = statement.movements
    return {
        **refused,
        "balance": statement.available,
        "available": statement.available,
        "pending": statement.pending_points,
        "reserved": statement.reserved,
        "spent": statement.spent,
        "reversed": abs(statement.totals["reversed"]),
        "deficit": statement.debt,
        "entries": len(movements),
        "last_entry": movements[int("-1")].points if movements else None,
        "lots": {lot: play.left(lot) for lot in sorted(play.named)},
    }


OPERATIONS = {"ledger_sequence": ledger_sequence}
