"""Joining the program and leaving it. Who leaves earns nothing from then on and keeps what is there: it can be spent and
expires by the program's own rules. They can join again at any time."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty.engine.facts import Activity, Fact, Profile, validate
from loyalty.engine.statement import Statement
from loyalty.models import Member, Shop, StoredFact
from loyalty.selectors.facts import facts_of
from loyalty.selectors.members import statement_of
from loyalty.services.facts import append
from loyalty.services.members import find_or_enrol
from loyalty.services.observations import Person
from loyalty.services.posting import fold_and_post, lock_member

FIELD = "enrolled"
_TOO_EARLY = ("nothing.not_joined.activity", "nothing.no_program_yet")


@transaction.atomic
def meet(*, shop: Shop, customer_id: str, at: datetime) -> Member:
    """The member of a customer whom the platform vouches for, made where there is none."""
    return find_or_enrol(shop=shop, people=[Person(external_id=customer_id)], at=at)[("id", customer_id)]


@transaction.atomic
def join(*, shop: Shop, member_id: int, at: datetime) -> Statement:
    """Takes part from now on. The first time it is a sign-up, unless one was rewarded before. Raises NotFound."""
    member = lock_member(shop=shop, member_id=member_id)
    facts: list[Fact] = []
    statement = statement_of(shop=shop, member=member, as_of=at)
    if not statement.enrolled:
        facts.append(_said(shop, member, "yes", at))
    if _is_welcome(shop, member, statement):
        facts.append(_sign_up(shop, member, at))
    return _tell(shop, member, facts, at)


@transaction.atomic
def leave_program(*, shop: Shop, member_id: int, at: datetime) -> Statement:
    """Earns nothing from now on, and no letter is written any more. Raises NotFound."""
    member = lock_member(shop=shop, member_id=member_id)
    statement = statement_of(shop=shop, member=member, as_of=at)
    if statement.enrolled:
        Member.objects.filter(shop=shop, pk=member.pk).update(notified_of=[], letter_due_at=None)
        return _tell(shop, member, [_said(shop, member, "no", at)], at)
    return statement


def _said(shop: Shop, member: Member, value: str, at: datetime) -> Profile:
    """One after another; the number makes each its own."""
    said = StoredFact.objects.filter(shop=shop, kind="profile", external_id__startswith=f"{FIELD}:{member.pk}:")
    return Profile(id=f"{FIELD}:{member.pk}:{said.count() + 1}", at=at, field=FIELD, value=value)


def _is_welcome(shop: Shop, member: Member, statement: Statement) -> bool:
    """Whether a sign-up is due: there was none, or it came while nobody could be in the program, and they join now."""
    facts = facts_of(shop=shop, member_ids=[member.pk]).get(member.pk, [])
    signed_up = {f"activity:{fact.id}" for fact in facts if isinstance(fact, Activity) and fact.kind == "sign_up"}
    lost = {each.source for each in statement.nothing if each.reason.message in _TOO_EARLY}
    return not signed_up or (not statement.enrolled and signed_up <= lost)


def _sign_up(shop: Shop, member: Member, at: datetime) -> Activity:
    told = StoredFact.objects.filter(shop=shop, kind="activity", external_id=f"sign_up:{member.external_id}").exists()
    name = "join" if told else "sign_up"
    return Activity(id=f"{name}:{member.external_id}", at=at, kind="sign_up", customer_id=member.external_id or "")


def _tell(shop: Shop, member: Member, facts: list[Fact], at: datetime) -> Statement:
    for fact in facts:
        validate(fact)
    append(shop=shop, facts=[(member.pk, fact) for fact in facts])
    fold_and_post(shop=shop, members=[member], at=at)
    return statement_of(shop=shop, member=member, as_of=at)
