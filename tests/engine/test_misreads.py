"""What msgspec says of a document keeps its words, its place and, where we know the sentence, a template."""

from typing import Any, Literal

import msgspec
import pytest

from loyalty.engine.misreads import misread


class Thing(msgspec.Struct, forbid_unknown_fields=True, tag="thing", tag_field="kind"):
    name: str
    many: int = 0
    how: Literal["up", "down"] = "up"


class Other(msgspec.Struct, tag="other", tag_field="kind"):
    pass


@pytest.mark.parametrize(
    ("data", "template", "params", "place"),
    [
        ({"kind": "thing", "name": 5}, "Expected `{wanted}`, got `{found}`.", {"wanted": "str", "found": "int"}, "$.name"),
        ({"kind": "thing"}, "Object missing required field `{field}`.", {"field": "name"}, "$"),
        ({"kind": "thing", "name": "x", "more": 1}, "Object contains unknown field `{field}`.", {"field": "more"}, "$"),
        ({"kind": "thing", "name": "x", "how": "off"}, "Invalid enum value {found}.", {"found": "'off'"}, "$.how"),
        ({"kind": "nobody"}, "Invalid value {found}.", {"found": "'nobody'"}, "$.kind"),
    ],
)  # fmt: skip
def test_a_sentence_that_is_known_has_a_template(
    data: dict[str, Any], template: str, params: dict[str, str], place: str
) -> None:
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.convert(data, Thing | Other)
    refused = misread(wrong.value)
    assert (refused.phrase.template, dict(refused.params), refused.place) == (template, params, place)
    assert refused.message == f"{str(wrong.value).partition(' - at ')[0]}."


def test_another_sentence_stays_as_it_is() -> None:
    refused = misread(msgspec.ValidationError("Number out of range - at `$.many`"))
    assert (refused.message, refused.phrase.template, refused.place) == ("Number out of range.", "{problem}.", "$.many")


def test_a_wanted_shape_alone_is_known() -> None:
    refused = misread(msgspec.ValidationError("Expected `object`"))
    assert (refused.message, refused.phrase.template, refused.place) == (
        "Expected `object`.",
        "Expected `{wanted}`.",
        "$",
    )
