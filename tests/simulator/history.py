"""One history of one shop: by its seed, the same to the last statement. Whatever chance decides here is written down."""

from __future__ import annotations

import hashlib
import random
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.db import OperationalError

from loyalty.engine import checkpoint
from loyalty.engine.checkpoint import ENGINE
from loyalty.engine.errors import LoyaltyError
from loyalty.models import InboxDelivery, LedgerEntry, Member, OutboxMessage, ProgramVersion, Redemption, Shop
from loyalty.platforms import registry
from loyalty.services import posting
from loyalty.services.adjustments import adjust
from loyalty.services.codes import ISSUE
from loyalty.services.observations import Grant, StoreProfile
from loyalty.services.redemptions import give_back, redeem
from loyalty.services.shops import install
from loyalty.worker import inbox, outbox, reconciliation, schedule
from tests.concurrency.deliveries import deliver
from tests.engine.golden.corpus import BEGIN, PROGRAMS, UNTIL
from tests.simulator.platform import Moody
from tests.simulator.processes import Machine, Process
from tests.simulator.world import CODE_WORTH_MINOR, Message, World

STEPS = 60
STORE = "halfmoon.myshopify.com"
PRICE = 20
REWARD = {
    "id": "amount-off",
    "name": "Amount off",
    "kind": "amount_off",
    "points": PRICE,
    "value_minor": CODE_WORTH_MINOR,
    "valid_days": 9,
}
NEEDS_A_CATALOGUE = {"tea counts double", "10 for each tea", "no sale", "reviews"}
PROGRAM_NAMES = sorted(PROGRAMS.keys() - NEEDS_A_CATALOGUE)
SETTLING_ROUNDS = 60
PEOPLE = ("worker 1", "worker 2", "web", "beat")


class History:
    """`told` is what happened, line by line."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = BEGIN + timedelta(days=self.rng.randrange(20, 45), seconds=self.rng.randrange(86_400))
        self.program = self.rng.choice(PROGRAM_NAMES)
        customers = self.rng.randrange(2, 5)
        self.world = World(self.rng, customers=customers, leaves=self.rng.choice([0, customers]))
        # Either messages get lost and the reconciler is the net below them, or every message must do without it.
        self.world.is_forgetful = self.has_net = self.rng.random() < 0.5
        self.machine = Machine(self._meanwhile)
        self.platform = Moody(self.world, self.machine)
        self.skew = {name: timedelta(seconds=self.rng.randrange(-5, 6)) for name in (*PEOPLE, "store")}
        # While a release is rolled out, a worker of the last one goes on.
        self.releases = dict.fromkeys(PEOPLE, ENGINE)
        self.releases["worker 2"] -= self.rng.choice([0, 1])
        self.told: list[str] = []
        self.folded_to: dict[int, datetime] = {}
        self.requests = 0
        self.is_restless = True

    def live(self) -> Shop:
        """From the install to the day when nothing is left to happen."""
        with (
            _chance_from(self.rng),
            patch.dict(registry._PLATFORMS, {"shopify": self.platform}),
            patch.object(posting, "MINIMUM_FACTS", self.rng.choice([1, 2, 16])),
            patch.object(posting, "SETTLED", timedelta(hours=self.rng.choice([1, 24, 72]))),
            self.machine.on(),
        ):
            self._install()
            if not self.has_net:
                OutboxMessage.objects.filter(shop=self.shop()).delete()
            for number, version in enumerate(PROGRAMS[self.program], 1):
                ProgramVersion.objects.update_or_create(
                    shop=self.shop(),
                    number=number,
                    defaults={
                        "document": {**version["program"], "rewards": [REWARD]},
                        "in_force_from": datetime.fromisoformat(version["from"]),
                        "published_at": self.now,
                    },
                )
            self.world.meet(self._store_clock())
            for _ in range(STEPS):
                self._step()
            self._settle()
        return self.shop()

    def shop(self) -> Shop:
        return Shop.objects.get(platform="shopify", external_id=STORE)

    def digest(self) -> str:
        """Of everything told, and of every ledger row."""
        rows = LedgerEntry.objects.filter(shop=self.shop()).order_by("pk")
        values = rows.values_list("kind", "source", "part", "revision", "points", "balance_after", "posted_at")
        whole = "\n".join([*self.told, *map(str, values), str(self.machine.moments)])
        return hashlib.sha256(whole.encode()).hexdigest()

    def _tell(self, line: str) -> None:
        self.told.append(f"{self.now:%m-%d %H:%M:%S} {line}")

    def _store_clock(self) -> datetime:
        return (self.now + self.skew["store"]).replace(microsecond=0)

    # what may happen next

    def _step(self) -> None:
        choices: list[tuple[float, Callable[[], None]]] = [
            (3, self._time_passes),
            (3, self._an_order),
            (3, self._an_order_goes_on),
            (8, self._a_delivery),
            (5, self._work_inbox),
            (3, self._work_outbox),
            (2, self._sweep),
            (3, self._shopper_redeems),
            (1, self._shopper_changes_their_mind),
            (1, self._staff_adjusts),
            (0.5, self._reconcile),
            (0.3, self._merge),
            (0.3, self._uninstall),
            (0.6, self._return),
        ]
        self.rng.choices([each for _, each in choices], [weight for weight, _ in choices])[0]()

    def _meanwhile(self, likely: float) -> None:
        while self.is_restless and self.rng.random() < likely:
            self._step()

    def _as(self, name: str, what: str, work: Callable[[datetime], Any]) -> Any:
        """`work` by the process `name` at its own clock; it may be killed, or lose its connection, at some moment."""
        process = Process(name)
        if self.is_restless:
            fate = self.rng.random()
            process.dies_at = self.rng.randrange(1, 80) if fate < 0.2 else 0
            process.fails_at = self.rng.randrange(1, 80) if 0.2 < fate < 0.3 else 0
        self._tell(f"{name} begins: {what}")
        try:
            with patch.object(checkpoint, "ENGINE", self.releases[name]):
                found = self.machine.run(process, lambda: work(self.now + self.skew[name]))
        except (LoyaltyError, OperationalError) as error:
            found = f"{type(error).__name__}: {error}"
        end = f"is killed at moment {process.dies_at}" if process.is_dead else f"ends: {found}"
        self._tell(f"{name} {end} ({what}, {process.moments} moments)")
        self._time_goes_on()
        return found

    def _time_goes_on(self) -> None:
        """No member is ever folded to an earlier instant, whatever the clocks say."""
        folded = Member.objects.filter(shop=self.shop(), as_of__isnull=False).values_list("pk", "as_of")
        for pk, as_of in folded:
            assert as_of >= self.folded_to.get(pk, as_of), f"Member {pk} went back to {as_of}."
            self.folded_to[pk] = as_of

    def _time_passes(self) -> None:
        self.now += self.rng.choice(
            [timedelta(0), timedelta(seconds=1), timedelta(seconds=self.rng.randrange(200)), timedelta(hours=2)]
            + [timedelta(days=self.rng.randrange(1, 6))] * (self.rng.random() < 0.3)
        )
        if self.rng.random() < 0.1:
            name = self.rng.choice(PEOPLE)
            self.skew[name] = timedelta(seconds=self.rng.randrange(-5, 6))

    def _an_order(self) -> None:
        working = sorted(code for code, each in self.world.codes.items() if each.works and not each.uses)
        code = self.rng.choice(working) if working and self.rng.random() < 0.5 else ""
        sale = self.world.order(self._store_clock(), code)
        self._tell(f"order {sale.number} of {sale.customer or sale.email}: {sale.lines} {code}")

    def _an_order_goes_on(self) -> None:
        if self.world.sales:
            self.world.change(self._store_clock())

    def _merge(self) -> None:
        if self.world.merge(self._store_clock()):
            self._tell(f"customer {self.world.leaves} becomes customer 1")

    def _a_delivery(self) -> None:
        """In any order, some of them twice: under their own number, and under another."""
        if not self.world.outgoing:
            return
        message = self.world.outgoing.pop(self.rng.randrange(len(self.world.outgoing)))
        again = self.rng.random()
        if again < 0.3:
            self.world.outgoing.append(message)
        number = f"{message.delivery_id}-again-{self.requests}" if again < 0.15 else message.delivery_id
        if not self._is_taken(number, message):
            self.world.outgoing.append(message)

    def _is_taken(self, number: str, message: Message) -> bool:
        """Whether the door said so; else the store tries again."""
        self.requests += 1

        def take(at: datetime) -> bool:
            deliver(self.shop(), number, message.topic, message.body, at=at)
            return True

        return self._as("web", f"takes {message.topic} {number}", take) is True

    def _worker(self) -> str:
        return self.rng.choice(PEOPLE[:2])

    def _work_inbox(self) -> None:
        limit = self.rng.randrange(1, 9)
        self._as(self._worker(), f"inbox of {limit}", lambda at: inbox.drain(now=at, limit=limit))

    def _work_outbox(self) -> None:
        drain = self.rng.choice([outbox.drain_codes, outbox.drain_codes, outbox.drain_imports])
        self._as(self._worker(), drain.__name__, lambda at: drain(now=at))

    def _sweep(self) -> None:
        sweep = self.rng.choice([schedule.fold_due, schedule.expire_codes, schedule.settle_hanging])
        self._as("beat", sweep.__name__, lambda at: sweep(now=at))

    def _reconcile(self) -> None:
        if self.has_net:
            self._as("beat", "reconciles", lambda at: reconciliation.reconcile_shops(now=at))

    def _someone(self) -> Member | None:
        return self.rng.choice(
            [None, *Member.objects.filter(shop=self.shop(), external_id__isnull=False).order_by("pk")]
        )

    def _shopper_redeems(self) -> None:
        """Sometimes with the key of an earlier request, as whoever heard no answer does."""
        member = self._someone()
        if member is None:
            return
        self.requests += 1
        key = f"r{self.rng.randrange(max(1, self.requests - 3), self.requests + 1)}"

        def take(at: datetime) -> str:
            shop = self.shop()
            taken = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key=key, at=at)
            outbox.run_now(kind=ISSUE, subject=str(taken.number), shop_id=shop.pk, now=at)
            return taken.code

        self._as("web", f"{member.external_id} redeems with {key}", take)

    def _shopper_changes_their_mind(self) -> None:
        live = Redemption.objects.filter(shop=self.shop(), state__in=("reserved", "issuing", "ready")).order_by("pk")
        one = self.rng.choice([None, *live])
        if one is not None:
            shop, number = self.shop(), one.number
            self._as("web", "cancel", lambda at: give_back(shop=shop, number=number, why="cancelled", at=at).state)

    def _staff_adjusts(self) -> None:
        member, points = self._someone(), self.rng.choice([-30, -1, 5, 40])
        if member is None:
            return
        self.requests += 1
        key = f"a{self.requests}"

        def give(at: datetime) -> int:
            shop = self.shop()
            found = adjust(shop=shop, member_id=member.pk, points=points, actor="Dana", reason="Why", key=key, at=at)
            return found.available

        self._as("web", f"{points} for {member.external_id}", give)

    def _install(self) -> None:
        profile = StoreProfile(
            external_id=STORE,
            name="Halfmoon",
            email="o@halfmoon.test",
            currency="EUR",
            exponent=2,
            time_zone="Europe/Riga",
        )
        grant = Grant(access_token="token")
        install(platform="shopify", profile=profile, grant=grant, at=self.now)
        self.world.is_installed = True

    def _uninstall(self) -> None:
        """What was on its way before still arrives; after the word of it nothing does."""
        if self.world.is_installed and self.has_net:
            self._tell("the store removes the app")
            body = {"myshopify_domain": STORE}
            self.world.send("app/uninstalled", body, self._store_clock())
            self.world.is_installed = False

    def _return(self) -> None:
        if not self.world.is_installed:
            self._tell("the store installs the app again")
            self.now += timedelta(seconds=20)
            self._install()

    # until nothing is left to do

    def _settle(self) -> None:
        """No more surprises, and clocks that agree. The store that left comes back; what was never sent is asked for."""
        self.skew = dict.fromkeys(self.skew, timedelta(0))
        self.is_restless, self.platform.is_calm = False, True
        self._return()
        while self.world.outgoing:
            message = self.world.outgoing.pop(self.rng.randrange(len(self.world.outgoing)))
            assert self._is_taken(message.delivery_id, message)
        self._until_nothing_waits()
        self.now += reconciliation.EVERY
        self._reconcile()
        self.now = UNTIL
        self._until_nothing_waits()

    def _until_nothing_waits(self) -> None:
        for _ in range(SETTLING_ROUNDS):
            if not self._work_everything():
                return
            self.now += timedelta(hours=1)
        raise AssertionError(f"It never settles: {[*self._open()]}")

    def _work_everything(self) -> bool:
        done = [
            self._as("worker 1", job.__name__, lambda at, job=job: job(now=at))
            for job in (inbox.drain, outbox.drain, outbox.drain_shown, schedule.fold_due, schedule.expire_codes)
        ]
        return any(done) or any(self._open())

    def _open(self) -> Iterator[str]:
        for queue in (InboxDelivery, OutboxMessage):
            for row in queue.objects.filter(shop=self.shop(), state="waiting"):
                yield f"{row}, due {row.due_at}: {row.outcome}"


@contextmanager
def _chance_from(rng: random.Random) -> Iterator[None]:
    """Codes and numbers that the product draws come out of the same seed."""

    def number() -> uuid.UUID:
        return uuid.UUID(int=rng.getrandbits(128), version=4)

    with patch.object(secrets, "choice", rng.choice), patch.object(uuid, "uuid4", number):
        yield
