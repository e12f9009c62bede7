"""What shoppers say that they did. A button pressed is their word alone; a code is one that the merchant gave out."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from loyalty.engine.activities import ActivityRule
from loyalty.engine.calendar import bucket
from loyalty.engine.document import Prepared
from loyalty.engine.errors import NotFound, Refused
from loyalty.engine.facts import Activity, validate
from loyalty.engine.statement import Statement
from loyalty.engine.taking_part import DAILY, PRESSED, is_code, may_be_claimed, way_of
from loyalty.engine.walk import prepared
from loyalty.models import Member, Shop
from loyalty.selectors.programs import version_in_force
from loyalty.selectors.ways_in import told_by
from loyalty.services.facts import append
from loyalty.services.posting import fold_and_post, lock_member


@transaction.atomic
def claim(*, shop: Shop, member_id: int, rule_id: str, code: str, at: datetime) -> None:
    """A shopper did what the rule `rule_id` asks for, or typed a `code` of some rule. Done before, it changes nothing.
    Raises NotFound, Refused: unknown_code, not_claimable, or gives_nothing where it would bring nothing now - then it is
    not written down either, so that it can be said again when it does."""
    member = lock_member(shop=shop, member_id=member_id)
    version = version_in_force(shop, at)
    rules = prepared(version) if version is not None else None
    rule = _rule(rules, rule_id, code) if rules is not None else None
    if rules is None or rule is None:
        raise NotFound("The program has nothing like that at the moment.", code="unknown_rule")
    told = told_by(shop=shop, member=member, at=at)
    if way_of(rule, rules, told.facts, (), at).state != "open":
        return
    fact = Activity(
        id=_name(rule, member, rules, at),
        at=at,
        kind=rule.activity,
        code=rule.code,
        customer_id=member.external_id or "",
    )
    validate(fact)
    append(shop=shop, facts=[(member.pk, fact)])
    statement = fold_and_post(shop=shop, members=[member], at=at).get(member.pk)
    if statement is None or not _gave(statement, f"activity:{fact.id}"):
        raise Refused("This brings nothing at the moment.", code="gives_nothing")


def _rule(rules: Prepared, rule_id: str, code: str) -> ActivityRule | None:
    if not rule_id:
        rule = next((each for each in rules.activities if code and is_code(each, code)), None)
        if rule is None:
            raise Refused("This code is not right. Look at it again.", code="unknown_code")
        return rule
    rule = next((each for each in rules.activities if each.id == rule_id), None)
    if rule is not None and not may_be_claimed(rule):
        raise Refused("This is counted by itself.", code="not_claimable")
    if rule is not None and rule.activity not in PRESSED and not is_code(rule, code):
        raise Refused("This code is not right. Look at it again.", code="unknown_code")
    return rule


def _name(rule: ActivityRule, member: Member, rules: Prepared, at: datetime) -> str:
    """The same for the same thing, so that it is written down once."""
    which = hashlib.sha256(rule.code.encode()).hexdigest()[:16] if rule.code else ""
    when = bucket(at, "day", rules.zone) if rule.activity in DAILY else ""
    return f"{rule.activity}:{member.pk}:{which}:{when}"


def _gave(statement: Statement, source: str) -> bool:
    return any(each.kind == "earned" and each.source == source for each in statement.movements) or any(
        gift.key.startswith(f"{source}:") for gift in statement.gifts
    )
