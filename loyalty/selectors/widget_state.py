"""Whether an answer that was made for a member still holds: everything it was made of, named in one question.

Written as SQL by hand, once for each way to find the member: it is asked at every look of every shopper, and putting the
question together by the ORM would cost more than asking it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection

from loyalty.models import Member, ProgramVersion, Redemption, Referral, Shop, ShopperDevice, WidgetSettings
from loyalty.selectors.driver import driver_cursor

_OF_THE_SHOP = (
    "id",
    "status",
    "name",
    "currency",
    "exponent",
    "time_zone",
    "locale",
    "storefront_url",
    "created_at",
)
_AGES = {"reserved": 0, "issuing": 1, "ready": 2, "used": 4}
"""A redemption only ever grows older, so as many with the same sum of ages are the same in the same states."""

_QUESTION = """
SELECT m.id, m.email, s.id, {columns}, w.revision,
  (SELECT v.id FROM {version} v WHERE v.shop_id = s.id AND v.in_force_from <= %s
     ORDER BY v.in_force_from DESC, v.number DESC LIMIT 1),
  (SELECT COUNT(*) FROM {redemption} r WHERE r.shop_id = s.id AND r.member_id = m.id),
  (SELECT SUM(CASE r.state {ages} ELSE 3 END + 10 * LENGTH(r.note)) FROM {redemption} r
     WHERE r.shop_id = s.id AND r.member_id = m.id),
  (SELECT COUNT(*) FROM {referral} f WHERE f.shop_id = s.id AND f.referrer_id = m.id AND f.state = '{claimed}'),
  (SELECT COUNT(*) FROM {referral} f WHERE f.shop_id = s.id AND f.friend_id = m.id)
FROM {shop} s JOIN {member} m ON m.shop_id = s.id LEFT JOIN {settings} w ON w.shop_id = s.id {device}
WHERE s.platform = %s AND s.external_id = %s AND m.merged_into_id IS NULL AND {whose}
"""


@dataclass(frozen=True, slots=True)
class MemberState:
    """`digest` compares equal as long as nothing that the answer is made of has changed, but for time itself."""

    member_id: int
    email: str
    shop_id: int
    digest: tuple[Any, ...]


def state_of_member(*, platform: str, external_id: str, member_id: int, at: datetime) -> MemberState | None:
    return _asked("m.id = %s", platform, external_id, member_id, at)


def state_of_customer(*, platform: str, external_id: str, customer_id: str, at: datetime) -> MemberState | None:
    return _asked("m.external_id = %s", platform, external_id, customer_id, at)


def state_by_device(*, platform: str, external_id: str, device_id: int, at: datetime) -> MemberState | None:
    """None for a device that was signed out too."""
    return _asked("d.id = %s AND d.ended_at IS NULL", platform, external_id, device_id, at)


def _asked(whose: str, platform: str, external_id: str, who: int | str, at: datetime) -> MemberState | None:
    now = connection.ops.adapt_datetimefield_value(at)
    with driver_cursor() as cursor:
        cursor.execute(_question(whose), [now, platform, external_id, who])
        row = cursor.fetchone()
    return MemberState(row[0], row[1], row[2], row[3:]) if row else None


@lru_cache
def _question(whose: str) -> str:
    columns = [f"m.{field.column}" for field in Member._meta.concrete_fields]
    columns += [f"s.{name}" for name in _OF_THE_SHOP]
    device = f"JOIN {ShopperDevice._meta.db_table} d ON d.member_id = m.id AND d.shop_id = s.id"
    return _QUESTION.format(
        columns=", ".join(columns),
        ages=" ".join(f"WHEN '{state}' THEN {age}" for state, age in _AGES.items()),
        device=device if whose.startswith("d.") else "",
        whose=whose,
        shop=Shop._meta.db_table,
        member=Member._meta.db_table,
        settings=WidgetSettings._meta.db_table,
        version=ProgramVersion._meta.db_table,
        redemption=Redemption._meta.db_table,
        referral=Referral._meta.db_table,
        claimed=Referral.State.CLAIMED.value,
    )
