"""The program as a file, out and in; and who takes part, named by id or e-mail."""

from __future__ import annotations

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from loyalty.engine.exchange import from_json, to_json, to_yaml
from loyalty.engine.program import Program
from loyalty.selectors.programs import draft_of, program_of
from loyalty.services.programs import save_draft
from tests.dashboard.conftest import BEGAN, SCRIPT, Ask, Seen, bearer_of, words

FILE, AUDIENCE = reverse("dashboard:program_file"), reverse("dashboard:program_set", args=["audience"])


def drafted(ours: Seen) -> Program:
    draft = draft_of(ours.shop)
    assert draft is not None
    return program_of(draft)


def uploaded(ours: Seen, name: str, content: bytes, revision: int = 0) -> tuple[int, str]:
    headers = {"Authorization": bearer_of(ours.shop), "HX-Request": "true"}
    data = {"revision": str(revision), "file": SimpleUploadedFile(name, content)}
    answer = Client(enforce_csrf_checks=True).post(FILE, data, headers=headers)
    return answer.status_code, words(answer)  # type: ignore[arg-type]


def test_what_goes_out_comes_in_again(ours: Seen, ask: Ask) -> None:
    save_draft(shop=ours.shop, revision=0, part={"name": 'A "name" </textarea>' + SCRIPT}, at=BEGAN)
    page = ask(FILE, ours.shop).content.decode()
    assert SCRIPT not in page
    shown = re.search(r"<textarea[^>]*readonly[^>]*>(.*?)</textarea>", page, re.S)
    assert shown is not None
    program = from_json(html.unescape(shown[1]).strip())
    assert program == drafted(ours)
    status, told = uploaded(ours, "p.yaml", to_yaml(program).encode(), revision=1)
    assert (status, "The file is in the draft." in told) == (200, True)
    assert drafted(ours) == program


def test_a_file_becomes_the_draft_and_nothing_else(ours: Seen, ask: Ask) -> None:
    text = to_json(live(ours)).replace('"points": 1', '"points": 4')
    answer = ask(FILE, ours.shop, "post", document=text, revision="0")
    assert answer["HX-Push-Url"] == reverse("dashboard:program")
    assert drafted(ours).rules[0].points == 4  # type: ignore[union-attr]
    assert "changed meanwhile" in words(ask(FILE, ours.shop, "post", document=text, revision="9"))


def live(ours: Seen) -> Program:
    return program_of(ours.shop.program_versions.get(shop=ours.shop, number=1))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.json", b"{", "This is no JSON document"),
        ("p.yaml", b"name: a\nname: b\n", "At line 1: This is no plain YAML document: a key stands twice"),
        ("p.yaml", b"&a [*a]", "Anchors are not read"),
        ("p.json", b'{"name": "P", "currency": "USD", "exponent": 2, "time_zone": "UTC", "rules": [{"kind": "x"}]}', "At $.rules[0].kind:"),
        ("p.json", b'{"name": "P", "currency": "USD", "exponent": 2, "time_zone": "Moon"}', "At $.time_zone: Use a time zone"),
        ("p.json", b'{"name": "P", "currency": "EUR", "exponent": 2, "time_zone": "UTC"}', "The shop sells in USD"),
        ("p.png", b"\x89PNG\xff\xfe", "The file is no text in UTF-8."),
        ("p.json", b"x" * 900_000, "The file is too large"),
        ("p.json", b" " * 300_000, "A program has at most 200,000 characters"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_place_and_remedy(ours: Seen, name: str, content: bytes, said: str) -> None:
    status, told = uploaded(ours, name, content)
    assert status == 422
    assert said in told
    assert draft_of(ours.shop) is None


def test_a_pilot_is_named_by_id_or_email(ours: Seen, ask: Ask) -> None:
    form = ask(AUDIENCE, ours.shop).content.decode()
    assert form.count('name="kind"') == 1, "a second field of this name would speak before what is chosen"
    typed = {"kind": "pilot", "percent": "5", "holdout_percent": "10", "revision": "0"}
    answer = ask(AUDIENCE, ours.shop, "post", customers="C0@shopper.test\n 77 ,c0", **typed)
    assert answer.status_code == 200
    audience = drafted(ours).audience
    assert (audience.kind, audience.customers, audience.percent) == ("pilot", ("c0", "77"), 5)
    told = words(answer)
    assert "A pilot for 2 customers by name, 5 % of all customers, by lot. 10 % stay held out." in told
    refused = ask(AUDIENCE, ours.shop, "post", customers="nobody@shopper.test", **{**typed, "revision": "1"})
    assert refused.status_code == 422
    assert "Nobody here has the e-mail nobody@shopper.test." in words(refused)
    more = ask(AUDIENCE, ours.shop, "post", **{**typed, "percent": "95", "revision": "1"})
    assert "Pilot and holdout together are at most 100 percent." in words(more)
