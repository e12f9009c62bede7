"""Where the points of a code stay spent that was not used in time, every page of the merchant says so."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.utils import timezone

from loyalty.engine.program import parse_program, to_data
from loyalty.models import ProgramVersion, Shop
from loyalty.services.programs import save_draft
from loyalty.services.redemptions import begin_issuing, give_back, mark_ready, redeem
from tests.dashboard.conftest import Ask, words
from tests.factories import make_member, make_shop

pytestmark = pytest.mark.django_db


def keeping() -> Shop:
    shop = make_shop(platform="ecwid")
    version = ProgramVersion.objects.get(shop=shop)
    program = parse_program(version.document)
    policies = msgspec.structs.replace(program.policies, expired_codes="stay_spent")
    document = to_data(msgspec.structs.replace(program, policies=policies))
    ProgramVersion.objects.filter(shop=shop, pk=version.pk).update(document=document)
    return shop


def test_the_program_and_the_redemptions_say_it(ask: Ask) -> None:
    shop, now = keeping(), timezone.now()
    member = make_member(shop, points=600)
    code = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=now)
    begin_issuing(shop=shop, number=code.number)
    mark_ready(shop=shop, number=code.number, external_id="x", at=now)
    program = words(ask("/dashboard/program/", shop))
    assert "An unused code works for 30 days; after that its points stay spent." in program
    assert "Points of a code that is not used in time stay spent." in program
    assert "; not used by then, the points stay spent" in words(ask("/dashboard/redemptions/", shop))
    give_back(shop=shop, number=code.number, why="expired", at=now + timedelta(days=31))
    page = words(ask("/dashboard/redemptions/", shop))
    assert "the points stay spent" in page
    assert "the points are back" not in page


def test_publishing_says_from_when_it_holds(ask: Ask) -> None:
    shop = keeping()
    save_draft(shop=shop, revision=0, part={"policies": {"expired_codes": "return"}}, at=timezone.now())
    page = words(ask("/dashboard/program/publish/", shop))
    assert "Codes that are taken from then on give their points back if they are not used in time." in page
