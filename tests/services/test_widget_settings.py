"""What a merchant may choose for the widget, and what is refused with a place and a remedy."""

import pytest

from loyalty.engine.errors import Invalid
from loyalty.models import Shop, WidgetSettings
from loyalty.selectors.widget_settings import choices_of, signing_secret_of
from loyalty.services.widget_settings import new_signing_secret, save
from tests.factories import T0, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def test_choices_are_kept_and_every_change_moves_the_revision(shop: Shop) -> None:
    assert choices_of(shop).colour == ""
    save(shop=shop, data={"colour": "#aa0000", "bottom": 90}, at=T0)
    save(shop=shop, data={"colour": "#00aa00"}, at=T0)
    assert (choices_of(shop).colour, choices_of(shop).bottom) == ("#00aa00", 16)
    assert WidgetSettings.objects.get(shop=shop).revision == 2


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"colour": "red"}, "$.colour"),
        ({"colour": "#12345"}, "$.colour"),
        ({"theme": "sepia"}, "$.theme"),
        ({"side": "left"}, "$.side"),
        ({"bottom": -1}, "$.bottom"),
        ({"bottom": 401}, "$.bottom"),
        ({"inline": 1.5}, "$.inline"),
        ({"hidden": ["checkout"]}, "$.hidden[0]"),
        ({"hidden": ["/a b"]}, "$.hidden[0]"),
        ({"hidden": ["/*/x"]}, "$.hidden[0]"),
        ({"hidden": ["/a"] * 51}, "$.hidden"),
        ({"languages": ["Latvian"]}, "$.languages[0]"),
        ({"texts": {"lv": {"launcher": "x" * 31}}}, "$.texts[...].launcher"),
        ({"texts": {"lv": {"button": "x"}}}, "$.texts[...]"),
        ({"point": {"lv": {"one": "zvaigzne"}}}, "$.point.lv"),
        ({"point": {"lv": {"other": ""}}}, "$.point[...][...]"),
        ({"own_terms": {"en": "x" * 20_001}}, "$.own_terms[...]"),
        ({"own_questions": {"en": [{"question": "Why?", "answer": ""}]}}, "$.own_questions[...][0].answer"),
        ({"own_terms": dict.fromkeys("aa bb cc dd ee ff gg hh ii jj kk".split(), "x" * 20000)}, "$"),
        ({"origins": ["http://shop.example"]}, "$.origins[0]"),
        ({"origins": ["https://shop.example/"]}, "$.origins[0]"),
        ({"origins": ["https://SHOP.example"]}, "$.origins[0]"),
        ({"origins": ["https://user@shop.example"]}, "$.origins[0]"),
        ({"origins": ["https://shop.example:port"]}, "$.origins[0]"),
        ({"origins": ["https://*.example"]}, "$.origins[0]"),
        ({"origins": ["null"]}, "$.origins[0]"),
        ({"origins": ["https://[::1"]}, "$.origins[0]"),
        ({"colours": "#aa0000"}, "$"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place_and_changes_nothing(
    shop: Shop, data: dict[str, object], place: str
) -> None:
    save(shop=shop, data={"colour": "#aa0000"}, at=T0)
    with pytest.raises(Invalid) as refusal:
        save(shop=shop, data=data, at=T0)
    assert refusal.value.place == place
    assert choices_of(shop).colour == "#aa0000"


def test_origins_as_browsers_send_them_are_taken(shop: Shop) -> None:
    origins = ["https://shop.example", "https://shop.example:8443", "http://localhost:3000"]
    assert save(shop=shop, data={"origins": origins}, at=T0).origins == tuple(origins)


def test_the_signing_secret_is_made_anew_each_time_and_kept_encrypted(shop: Shop) -> None:
    assert signing_secret_of(shop) == ""
    first = new_signing_secret(shop=shop, at=T0)
    second = new_signing_secret(shop=shop, at=T0)
    assert signing_secret_of(shop) == second != first
    save(shop=shop, data={"colour": "#aa0000"}, at=T0)
    assert signing_secret_of(shop) == second
    raw = WidgetSettings.objects.filter(shop=shop).extra(select={"raw": "signing_secret"}).values_list("raw", flat=True)
    assert second not in str(raw[0])


def test_one_shops_choices_are_not_anothers(shop: Shop) -> None:
    other = make_shop(name="Fullmoon")
    save(shop=shop, data={"colour": "#aa0000"}, at=T0)
    new_signing_secret(shop=shop, at=T0)
    assert (choices_of(other).colour, signing_secret_of(other)) == ("", "")
