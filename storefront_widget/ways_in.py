"""What a shopper does in the widget besides redeeming: joins or leaves, tells their birthday, chooses letters, says what
they did, names the friend who brought them. Each answers {}: the panel then asks for the member again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from loyalty.engine.errors import Unauthorized
from loyalty.models import Member
from loyalty.services import activities, enrolment, limits, profiles, referrals
from storefront_widget.bodies import ActivityBody, BirthdayBody, FriendBody, NoBody, NoticeBody, read_body
from storefront_widget.doors import Caller
from storefront_widget.views import answer

HOUR = 3600
CHANGES_AN_HOUR = 60
CHANGES_OF_AN_ADDRESS = 600
CODES_AN_HOUR = 10
"""Of one member; and ten times as many from one address, behind which a family or a school may be."""


def join(request: HttpRequest, caller: Caller) -> HttpResponse:
    read_body(request, NoBody)
    enrolment.join(shop=caller.shop, member_id=_somebody(caller).pk, at=caller.at)
    return answer({})


def leave(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Keeps the points that are there; earns none from now on."""
    read_body(request, NoBody)
    enrolment.leave_program(shop=caller.shop, member_id=_somebody(caller).pk, at=caller.at)
    return answer({})


def profile(request: HttpRequest, caller: Caller) -> HttpResponse:
    body = read_body(request, BirthdayBody)
    profiles.tell_birthday(shop=caller.shop, member_id=_somebody(caller).pk, birthday=body.birthday, at=caller.at)
    return answer({})


def notifications(request: HttpRequest, caller: Caller) -> HttpResponse:
    body = read_body(request, NoticeBody)
    profiles.choose_notice(shop=caller.shop, member_id=_somebody(caller).pk, name=body.id, wanted=body.on, at=caller.at)
    return answer({})


def activity(request: HttpRequest, caller: Caller) -> HttpResponse:
    """A way to earn by its rule; one that asks for a code by the code as well, or by the code alone."""
    body = read_body(request, ActivityBody)
    member = _somebody(caller)
    if body.code:
        _count_code(caller, member, "activity-code")
    activities.claim(shop=caller.shop, member_id=member.pk, rule_id=body.rule, code=body.code, at=caller.at)
    return answer({})


def claim_referral(request: HttpRequest, caller: Caller) -> HttpResponse:
    body = read_body(request, FriendBody)
    member = _somebody(caller)
    _count_code(caller, member, "referral")
    referrals.claim(shop=caller.shop, member_id=member.pk, code=body.code, at=caller.at)
    return answer({})


def _somebody(caller: Caller) -> Member:
    """The member, counted; a customer whom the platform vouches for becomes one. Raises Unauthorized, TooMany."""
    shop, at = caller.shop, caller.at
    who = caller.member.pk if caller.member else f"customer/{caller.customer_id}"
    if caller.member is None and not caller.customer_id:
        raise Unauthorized("Sign in to take part.", code="signed_out")
    limits.hit(f"ways-in/{shop.pk}/{who}", limit=CHANGES_AN_HOUR, window_seconds=HOUR, at=at)
    limits.hit(f"ways-in-ip/{shop.pk}/{caller.address}", limit=CHANGES_OF_AN_ADDRESS, window_seconds=HOUR, at=at)
    return caller.member or enrolment.meet(shop=shop, customer_id=caller.customer_id, at=at)


def _count_code(caller: Caller, member: Member, what: str) -> None:
    shop, at = caller.shop, caller.at
    limits.hit(f"{what}/{shop.pk}/{member.pk}", limit=CODES_AN_HOUR, window_seconds=HOUR, at=at)
    limits.hit(f"{what}-ip/{shop.pk}/{caller.address}", limit=10 * CODES_AN_HOUR, window_seconds=HOUR, at=at)
