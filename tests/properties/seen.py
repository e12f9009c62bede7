"""What the state machine of redemptions looks at after each step, and what must hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from loyalty.engine.facts import Order
from loyalty.engine.program import Reward
from loyalty.models import LedgerEntry, Member, OutboxMessage, PartnerCode, Payout, Redemption
from loyalty.services.codes import MAKING, REVOKE, WITHDRAW
from tests.engine.golden import oracle
from tests.factories import ALICE, BOB, T0
from tests.properties.faulty_store import Code

if TYPE_CHECKING:
    from tests.properties.test_redemption_machine import Redeeming

PRICE, START = 100, 900
PROGRAM = {
    "name": "P",
    "currency": "EUR",
    "exponent": 2,
    "time_zone": "Europe/Riga",
    "rules": [{"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100}],
    "rewards": [
        {"id": "off", "name": "2.00 off", "kind": "amount_off", "points": PRICE, "value_minor": 200},
        {"id": "once", "name": "Once", "kind": "amount_off", "points": 50, "value_minor": 200, "limit_per_member": 1},
        {"id": "few", "name": "Few", "kind": "amount_off", "points": 20, "value_minor": 200, "limit_total": 2},
        {"id": "card", "name": "Card", "kind": "gift_card", "points": 40, "value_minor": 400},
        {"id": "credit", "name": "Credit", "kind": "store_credit", "points": 30, "value_minor": 300},
        {"id": "cinema", "name": "Cinema", "kind": "partner", "points": 10, "cancellable": False},
        {
            "id": "tree",
            "name": "Tree",
            "kind": "custom",
            "points": 20,
            "cancellable": False,
            "webhook_url": "https://shop.test/trees",
        },
        {
            "id": "cash",
            "name": "Cashback",
            "kind": "cashback",
            "points": 50,
            "value_minor": 25,
            "minimum_points": 100,
            "payout_day": 4,
        },
    ],
}
DISCOUNT = "amount_off"
AT_ONCE = ("store_credit", "custom")
"""Over as soon as it is done: nothing is left to be used."""
CINEMA = Reward(id="cinema", name="Cinema", kind="partner", points=10, cancellable=False)
UNDONE = ("waiting", "dead")
OPEN, BACK = ("reserved", "issuing"), ("returned", "expired", "failed")


class Seen:
    """All there is at one moment, read from the tables and from the store."""

    def __init__(self, life: Redeeming) -> None:
        self.life, self.now = life, life.now
        self.rows = list(Redemption.objects.filter(shop=life.shop).order_by("pk"))
        self.members = {who.external_id: life._member(who) for who in (ALICE, BOB)}
        messages = OutboxMessage.objects.filter(shop=life.shop, kind__startswith="reward.")
        self.messages = set(messages.values_list("subject", "kind", "state"))
        self.posted: dict[int, Counter[tuple[str, str, str]]] = defaultdict(Counter)
        columns = ("member", "kind", "source", "part", "points")
        for member, kind, source, part, points in LedgerEntry.objects.filter(shop=life.shop).values_list(*columns):
            self.posted[member][kind, source, part] += points
        codes = PartnerCode.objects.filter(shop=life.shop, redemption__isnull=False)
        self.partners = dict(codes.values_list("redemption", "pk"))

    def code(self, row: Redemption) -> Code | None:
        code = self.life.store.codes.get(row.code)
        return code if code is not None and code.owner == str(row.number) else None

    def points_are_gone_where_a_code_works_or_may_still_come(self) -> None:
        for row in self.rows:
            code, number = self.code(row), str(row.number)
            source = f"redemption:{number}"
            taken = -sum(points for key, points in self.posted[row.member_id].items() if key[1] == source)
            assert taken == (0 if row.state in BACK else row.points), row.state
            if row.state in BACK and code is not None and code.works(self.now):
                open_ones = {(number, kind, state) for kind in (*MAKING, REVOKE, WITHDRAW) for state in UNDONE}
                assert open_ones & self.messages, f"{row.state}, and the code works"
            if row.state in OPEN:
                assert {(number, kind, "waiting") for kind in MAKING} & self.messages
            if _kind(row) != "partner" and row.state in ("ready", "used"):
                assert code is not None
                is_bought = _kind(row) == DISCOUNT and row.state == "used"
                assert code.used_by in self.life.heard if is_bought else code.is_on

    def a_partners_code_is_one_members_for_good(self) -> None:
        for row in self.rows:
            if _kind(row) == "partner":
                assert row.state not in BACK or row.pk not in self.partners
                if row.state == "ready":
                    assert self.life.shown.setdefault(self.partners[row.pk], str(row.number)) == str(row.number)

    def cashback_is_paid_once_a_month(self) -> None:
        months = Payout.objects.filter(shop=self.life.shop).count()
        paid = Counter(row.member_id for row in self.rows if row.reward == "cash" and row.state not in BACK)
        assert all(count <= months for count in paid.values())

    def everybody_has_what_they_paid_for_or_their_points(self) -> None:
        for row in self.rows:
            code, kind = self.code(row), _kind(row)
            works = code is not None and code.works(self.now)
            is_over = row.expires_at is not None and row.expires_at <= self.now
            assert row.state in ("ready", "used", *BACK)
            if kind == DISCOUNT:
                assert (code is not None and bool(code.used_by)) == (row.state == "used")
                assert works == (row.state == "ready" and not is_over)
            else:
                has_it = row.pk in self.partners if kind == "partner" else works
                assert has_it == (row.state == ("used" if kind in AT_ONCE else "ready"))
            assert row.points or row.state == "ready" or row.failure == "", "A gift is given"
            assert (row.state, row.request_key[:7]) != ("failed", "payout:"), "Nobody tried again"

    def the_ledger_is_what_the_oracle_says(self) -> None:
        for member in self.members.values():
            told = oracle.statement([{"from": T0.isoformat(), "program": PROGRAM}], self._facts(member), self.now)
            expected = {(kind, source, part): points for kind, source, part, points, _ in told["movements"]}
            assert {key: points for key, points in self.posted[member.pk].items() if points} == expected
            assert member.available == member.posted == told["available"]

    def what_has_ended_stays_ended(self) -> None:
        """But for the order that used the code all the same."""
        for row in self.rows:
            before = self.life.last_states.get(str(row.number), "")
            if before in (*BACK, "used") and row.state != before:
                assert (before in BACK, row.state) == (True, "used")
                self.life.late[row.reward] += 1
            self.life.last_states[str(row.number)] = row.state

    def limits_hold(self) -> None:
        kept = [row for row in self.rows if row.state not in BACK]
        assert sum(row.reward == "few" for row in kept) <= 2 + self.life.late["few"]
        once = Counter(row.member_id for row in kept if row.reward == "once")
        assert all(count <= 1 + self.life.late["once"] for count in once.values())

    def _facts(self, member: Member) -> list[dict[str, Any]]:
        orders = [order for order, buyer in self.life.heard.values() if buyer.external_id == member.external_id]
        taken = [row for row in self.rows if row.member_id == member.pk]
        return [*map(_order_fact, orders), *map(_redemption_fact, taken)]


def _kind(row: Redemption) -> str:
    return str(row.reward_data["kind"])


def _order_fact(order: Order) -> dict[str, Any]:
    return {
        "type": "order",
        "id": order.id,
        "placed_at": order.placed_at.isoformat(),
        "paid_at": order.paid_at.isoformat(),
        "cancelled_at": order.cancelled_at and order.cancelled_at.isoformat(),
        "lines": [{"id": line.id, "quantity": 1, "unit_price_minor": line.unit_price_minor} for line in order.lines],
        "order_discount_minor": order.order_discount_minor,
        "discount_codes": list(order.discount_codes),
        "refunds": [
            {
                "id": back.id,
                "at": back.at.isoformat(),
                "amount_minor": back.amount_minor,
                "lines": [{"line_id": order.lines[0].id, "quantity": 1, "amount_minor": back.amount_minor}],
            }
            for back in order.refunds
        ],
    }


def _redemption_fact(row: Redemption) -> dict[str, Any]:
    is_back = row.state in BACK and row.closed_at
    return {
        "type": "redemption",
        "id": str(row.number),
        "at": row.accepted_at.isoformat(),
        "points": row.points,
        "code": row.code,
        "given_back_at": row.closed_at.isoformat() if is_back and row.closed_at else None,
    }
