"""Codes of another business: taken in by the thousand, handed out one at a time and once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from loyalty.engine.errors import Conflict, Invalid, Refused
from loyalty.engine.phrases import Phrase
from loyalty.models import OutboxMessage, PartnerCode, QueueState, Redemption, Shop
from loyalty.selectors.partner_codes import WAITS_FOR_A_CODE, digests, stock
from loyalty.services.codes import GIVE, ISSUE

MAX_CODES = 50_000
MAX_CODE = 200
PAGE = 2_000
"""Codes in one query; SQLite takes 32,766 values."""
FEW = 10
"""Fewer left than this is time for more."""
NAMED = 5
"""So many of the lines at fault are named; whoever mends them sees what is wrong with the others."""


def upload(*, shop: Shop, reward_id: str, text: str, usable_until: datetime | None, at: datetime) -> int:
    """Takes in one code per line; returns how many. All or none: raises Invalid, which names the lines at fault, for too
    many, none, unreadable ones, and any that stands twice or is here already. Gifts that found no code take the first
    of them, before anybody can redeem one."""
    codes = _read(text)
    if usable_until is not None and usable_until <= at:
        raise Invalid("These codes have ended already; nobody could use them.", place="usable_until")
    rows = [
        PartnerCode(
            shop=shop, reward=reward_id, code=code, digest=digests(code)[0], usable_until=usable_until, uploaded_at=at
        )
        for _line, code in codes
    ]
    _refuse_known(shop, codes)
    try:
        with transaction.atomic():
            waiting = Redemption.objects.filter(WAITS_FOR_A_CODE, shop=shop, reward=reward_id).order_by("pk")
            gifts = list(waiting.select_for_update(skip_locked=True, of=("self",))[: len(rows)])
            for row, gift in zip(rows, gifts, strict=False):
                row.redemption = gift
            PartnerCode.objects.bulk_create(rows, batch_size=PAGE)
            _bring_forward(shop, gifts, at)
    except IntegrityError:
        raise Conflict("Some of these codes were taken in at the same moment. Upload them again.") from None
    return len(rows)


def hand_out(*, shop: Shop, redemption: Redemption, at: datetime) -> PartnerCode:
    """The oldest code of the stock, for good; the same one when asked again. Two at once get two: what another
    transaction holds is passed over. Part of the caller's transaction. Raises Refused where none is left."""
    known = PartnerCode.objects.filter(shop=shop, redemption=redemption).first()
    if known is not None:
        return known
    waiting = stock(shop=shop, at=at).filter(reward=redemption.reward).order_by("pk")
    code = waiting.select_for_update(skip_locked=True, of=("self",)).first()
    if code is None:
        name = str(redemption.reward_data.get("name") or redemption.reward)
        raise Refused("No codes are left for {reward}.", code="out_of_stock", params={"reward": name})
    code.redemption = redemption
    code.save(update_fields=["redemption"])
    return code


def put_back(*, shop: Shop, redemption: Redemption) -> None:
    """A code that nobody has seen is in the stock again. The caller knows that it was not shown."""
    if redemption.reward_data.get("kind") == "partner":
        PartnerCode.objects.filter(shop=shop, redemption=redemption).update(redemption=None)


def _bring_forward(shop: Shop, gifts: Sequence[Redemption], at: datetime) -> None:
    """They have their codes now: whoever makes them ready need not wait any longer."""
    for start in range(0, len(gifts), PAGE):
        numbers = [str(gift.number) for gift in gifts[start : start + PAGE]]
        messages = OutboxMessage.objects.filter(
            shop=shop, kind__in=(ISSUE, GIVE), subject__in=numbers, state=QueueState.WAITING
        )
        messages.update(due_at=at, outcome="Brought forward")


def _read(text: str) -> list[tuple[int, str]]:
    """Line by line, with the lines' numbers; empty lines and a byte-order mark are nothing."""
    lines = text.removeprefix("\ufeff").splitlines()
    codes = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not codes:
        raise Invalid("There are no codes in it. Put one on each line.", place="codes")
    if len(codes) > MAX_CODES:
        raise Invalid(
            "There are {count:,} codes; at most {most:,} are taken in at once. Upload them in parts.",
            place="codes",
            params={"count": len(codes), "most": MAX_CODES},
        )
    long = [number for number, code in codes if len(code) > MAX_CODE]
    if long:
        raise Invalid(
            "A code has up to {most} characters; {lines} more.",
            place="codes",
            params={"most": MAX_CODE, "lines": _lines(long)},
        )
    odd = [number for number, code in codes if not code.isprintable()]
    if odd:
        raise Invalid(
            "A code is plain text; {lines} characters that cannot be shown.",
            place="codes",
            params={"lines": _lines(odd)},
        )
    first: dict[str, int] = {}
    twice = [number for number, code in codes if first.setdefault(code.casefold(), number) != number]
    if twice:
        raise Invalid(
            "Each code may stand once; {lines} one that stands above.", place="codes", params={"lines": _lines(twice)}
        )
    return codes


def _refuse_known(shop: Shop, codes: Sequence[tuple[int, str]]) -> None:
    lines = {digest: number for number, code in codes for digest in digests(code)}
    asked = list(lines)
    known: set[str] = set()
    for start in range(0, len(asked), PAGE):
        page = PartnerCode.objects.filter(shop=shop, digest__in=asked[start : start + PAGE])
        known.update(page.values_list("digest", flat=True))
    again = sorted({lines[digest] for digest in known})
    if again:
        raise Invalid(
            "A code is handed out once; {lines} one that is here already.",
            place="codes",
            params={"lines": _lines(again)},
        )


def _lines(numbers: Sequence[int]) -> Phrase:
    """ "line 3 has", "lines 3, 7 and 12 more have"."""
    if len(numbers) == 1:
        return Phrase("line {number:,} has", {"number": numbers[0]})
    named = ", ".join(f"{number:,}" for number in numbers[:NAMED])
    rest = len(numbers) - NAMED
    if rest > 0:
        return Phrase("lines {numbers} and {rest:,} more have", {"numbers": named, "rest": rest})
    return Phrase("lines {numbers} have", {"numbers": named})
