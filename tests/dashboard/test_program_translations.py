"""The merchant's names in the languages of the shoppers: typed in one table, kept in the draft."""

from __future__ import annotations

import pytest

from loyalty.models import Shop
from loyalty.selectors.programs import draft_of, program_of
from loyalty.services.programs import publish_draft, save_draft
from loyalty.services.widget_settings import save
from tests.dashboard.conftest import BEGAN, SCRIPT, Ask, words
from tests.factories import make_shop

pytestmark = pytest.mark.django_db
PATH = "/dashboard/program/translations/"
COFFEE = {"id": "coffee", "kind": "custom", "name": "Free coffee", "points": 10}


@pytest.fixture
def shop(db: None) -> Shop:
    found = make_shop(platform="ecwid", at=BEGAN)
    draft = save_draft(shop=found, revision=0, part={"rewards": [COFFEE]}, at=BEGAN)
    publish_draft(shop=found, revision=draft.revision, at=BEGAN)
    return found


def kept(shop: Shop) -> dict[str, dict[str, str]]:
    draft = draft_of(shop)
    return program_of(draft).translations if draft else {}


def revision(shop: Shop) -> int:
    draft = draft_of(shop)
    return draft.revision if draft else 0


def test_a_name_is_translated_shown_again_and_taken_back(ask: Ask, shop: Shop) -> None:
    first = words(ask(f"{PATH}?lang=lv", shop))
    assert "Free coffee Missing" in first
    answer = ask(PATH, shop, "post", lang="lv", own="Free coffee", said=" Bezmaksas kafija ")
    assert "Saved in the draft." in words(answer)
    assert kept(shop) == {"lv": {"Free coffee": "Bezmaksas kafija"}}
    again = ask(f"{PATH}?lang=lv", shop)
    assert "Bezmaksas kafija" in again.content.decode()
    assert "Free coffee Missing" not in words(again)
    assert "Bezmaksas" not in ask(f"{PATH}?lang=de", shop).content.decode()
    assert "Free coffee (lv)" in words(ask("/dashboard/program/", shop))
    ask(PATH, shop, "post", lang="lv", revision=revision(shop), own="Free coffee", said="")
    assert kept(shop) == {}


def test_a_page_that_was_opened_before_somebody_else_saved_overwrites_nothing(ask: Ask, shop: Shop) -> None:
    opened = revision(shop)
    ask(PATH, shop, "post", lang="lv", revision=opened, own="Free coffee", said="Kafija")
    late = ask(PATH, shop, "post", lang="lv", revision=opened, own="Free coffee", said="Mana kafija")
    assert late.status_code == 409
    assert "The draft was changed meanwhile" in words(late)
    assert "Mana kafija" in late.content.decode()
    assert kept(shop) == {"lv": {"Free coffee": "Kafija"}}
    again = int(late.context["revision"])
    ask(PATH, shop, "post", lang="lv", revision=again, own="Free coffee", said="Mana kafija")
    assert kept(shop) == {"lv": {"Free coffee": "Mana kafija"}}


def test_other_languages_stay_and_what_the_program_no_longer_says_goes(ask: Ask, shop: Shop) -> None:
    gone = {"lv": {"Old name": "Vecs"}, "de": {"Free coffee": "Gratiskaffee"}}
    save_draft(shop=shop, revision=0, part={"translations": gone}, at=BEGAN)
    ask(PATH, shop, "post", lang="lv", revision=revision(shop), own="Free coffee", said="Kafija")
    assert kept(shop) == {"lv": {"Free coffee": "Kafija"}, "de": {"Free coffee": "Gratiskaffee"}}


def test_only_languages_that_the_shop_has_on_are_asked_for(ask: Ask, shop: Shop) -> None:
    save(shop=shop, data={"languages": ["lv", "de"]}, at=BEGAN)
    page = ask(f"{PATH}?lang=fr", shop).content.decode()
    assert [tag for tag in ("lv", "de", "fr", "en") if f"?lang={tag}" in page] == ["lv", "de"]


def test_a_text_too_long_is_said_and_stays_typed(ask: Ask, shop: Shop) -> None:
    answer = ask(PATH, shop, "post", lang="lv", own="Free coffee", said="x" * 1001)
    assert answer.status_code == 422
    assert "at most 1,000 characters" in words(answer)
    assert "x" * 1001 in answer.content.decode()
    assert kept(shop) == {}


def test_names_are_text_and_nothing_else(ask: Ask, shop: Shop) -> None:
    save_draft(shop=shop, revision=0, part={"rewards": [{**COFFEE, "name": SCRIPT}]}, at=BEGAN)
    ask(PATH, shop, "post", lang="lv", revision=revision(shop), own=SCRIPT, said=SCRIPT)
    assert kept(shop) == {"lv": {SCRIPT: SCRIPT}}
    assert SCRIPT not in ask(f"{PATH}?lang=lv", shop).content.decode()


def test_a_program_without_names_says_so(ask: Ask, shop: Shop) -> None:
    save_draft(shop=shop, revision=0, part={"rewards": [], "rules": [], "tiers": []}, at=BEGAN)
    assert "Nothing has a name yet" in words(ask(PATH, shop))


def test_it_opens_where_something_is_missing_and_never_on_the_shops_own(ask: Ask, shop: Shop) -> None:
    save(shop=shop, data={"languages": ["en", "de", "lv"]}, at=BEGAN)
    save_draft(shop=shop, revision=0, part={"rewards": [COFFEE, COFFEE | {"id": "tea", "name": "Tea"}]}, at=BEGAN)
    first = ask(PATH, shop).context["language"]
    assert first in ("de", "lv")
    other = "lv" if first == "de" else "de"
    ask(PATH, shop, "post", lang=other, revision=revision(shop), own="Free coffee", said="Kafija")
    assert ask(PATH, shop).context["language"] == other, "begun before others"
    for tag in (other, first):
        for own in [own for _part, own, _said in ask(f"{PATH}?lang={tag}", shop).context["rows"]]:
            ask(PATH, shop, "post", lang=tag, revision=revision(shop), own=own, said="Viss")
        assert ask(PATH, shop).context["language"] == first, "what is left, then the first but the shop's own"
    assert ask(f"{PATH}?lang=en", shop).context["language"] == "en"
    save(shop=shop, data={"languages": ["en"]}, at=BEGAN)
    assert ask(PATH, shop).context["language"] == "en"
