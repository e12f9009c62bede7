"""A draft tried on the shop's own history: in slices, stopped and gone on with, the same as in one go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.engine.errors import Invalid, NotFound
from loyalty.engine.simulate import Assumptions
from loyalty.models import LedgerEntry, Member, OutboxMessage, ProgramVersion, Shop, Trial
from loyalty.selectors.programs import program_of, versions_of
from loyalty.selectors.simulation import simulate_shop
from loyalty.services import trials
from loyalty.services.observations import Person
from loyalty.services.programs import publish_draft, save_draft
from loyalty.worker import outbox
from tests.factories import T0, make_order, make_shop, place

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=30)
DOUBLE = {"kind": "per_amount", "id": "base", "points": 2, "per_minor": 100}
SALES = {1: 10_000, 2: 60_000, 3: 5_000, 4: 20_000, 5: 3_000}


@pytest.fixture
def shop() -> Shop:
    made = make_shop()
    for number, price in SALES.items():
        person = Person(external_id=str(number), email=f"{number}@shopper.test", name=f"S{number}")
        place(made, make_order(str(number), at=T0 + timedelta(days=number), prices=(price,)), person)
    save_draft(shop=made, revision=0, part={"rules": [DOUBLE]}, at=NOW)
    return made


def worked(shop: Shop, trial: Trial, seconds: float = 60) -> Trial:
    while not trials.work(shop=shop, trial_id=trial.pk, at=NOW, seconds=seconds):
        pass
    trial.refresh_from_db()
    return trial


def test_slices_add_up_to_the_whole(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "SLICE", 2)
    trial = worked(shop, trials.begin(shop=shop, by="Marta", at=NOW), seconds=0)
    assert (trial.state, trial.done, trial.members) == ("done", 5, 5)
    found = trials.comparison_of(trial, versions_of(shop))
    program = program_of(ProgramVersion.objects.get(shop=shop, in_force_from=None))
    whole = simulate_shop(
        shop=shop, program=program, as_of=NOW, assumptions=Assumptions(), processes=1, on_members=lambda _: None
    )
    assert found.state() == whole.state()
    assert (found.live.total.given, found.draft.total.given) == (980, 1960)
    assert (found.orders, found.sales_minor) == (5, sum(SALES.values()))
    assert found.spread == [0, 0, 0, 0, 2, 1, 1, 1], "by steps of 100 points: 30 and 50, 100, 200, 600"
    assert LedgerEntry.objects.filter(shop=shop).count() == 5


def test_refunds_and_unpaid_orders_are_no_sales(shop: Shop) -> None:
    place(shop, make_order("unpaid", at=NOW - timedelta(days=1), paid=False))
    place(shop, make_order("gone", at=NOW - timedelta(days=1), cancelled_at=NOW))
    trial = worked(shop, trials.begin(shop=shop, by="", at=NOW))
    assert trials.comparison_of(trial, versions_of(shop)).sales_minor == sum(SALES.values())


def test_it_can_be_stopped_and_what_was_counted_is_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "SLICE", 2)
    trial = trials.begin(shop=shop, by="", at=NOW)
    assert not trials.work(shop=shop, trial_id=trial.pk, at=NOW, seconds=0)
    trials.stop(shop=shop, trial_id=trial.pk, at=NOW)
    assert trials.work(shop=shop, trial_id=trial.pk, at=NOW, seconds=60)
    trial.refresh_from_db()
    assert (trial.state, trial.done) == ("stopped", 2)
    assert trials.comparison_of(trial, versions_of(shop)).members == 2


def test_the_draft_as_it_is_is_tried_once_and_a_changed_one_anew(shop: Shop) -> None:
    first = trials.begin(shop=shop, by="", at=NOW)
    assert trials.begin(shop=shop, by="", at=NOW) == first
    save_draft(shop=shop, revision=1, part={"name": "Other"}, at=NOW)
    second = trials.begin(shop=shop, by="", at=NOW)
    first.refresh_from_db()
    assert (first.state, second.state, second.revision) == ("stopped", "waiting", 2)


def test_the_worker_answers_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "SLICE", 2)
    monkeypatch.setattr(outbox, "TRIAL_SECONDS", 0)
    trial = trials.begin(shop=shop, by="", at=NOW)
    turns = 0
    while outbox.drain_trials(now=NOW):
        turns += 1
    trial.refresh_from_db()
    assert (trial.state, turns) == ("done", 4)
    assert OutboxMessage.objects.get(shop=shop, kind=trials.SIMULATE).state == "done"


def test_a_trial_that_kills_its_workers_says_that_it_was_given_up(shop: Shop) -> None:
    trial = trials.begin(shop=shop, by="", at=NOW)
    OutboxMessage.objects.filter(shop=shop, kind=trials.SIMULATE).update(attempts=1, deaths=9)
    for turn in range(12):
        outbox.drain_trials(now=NOW + timedelta(days=turn))
    trial.refresh_from_db()
    assert trial.state == "failed"
    assert trial.failure


def test_nothing_is_compared_with_a_version_that_is_to_come(shop: Shop) -> None:
    save_draft(shop=shop, revision=1, part={"name": "To come"}, at=NOW)
    publish_draft(shop=shop, revision=2, at=NOW, in_force_from=NOW + timedelta(days=5))
    save_draft(shop=shop, revision=0, part={"rules": []}, at=NOW)
    trial = worked(shop, trials.begin(shop=shop, by="", at=NOW))
    found = trials.comparison_of(trial, versions_of(shop))
    assert (trial.live_number, found.live.name) == (1, "Halfmoon")


def test_there_must_be_a_draft_and_something_live() -> None:
    shop = make_shop()
    with pytest.raises(NotFound):
        trials.begin(shop=shop, by="", at=NOW)
    ProgramVersion.objects.filter(shop=shop).delete()
    save_draft(shop=shop, revision=0, part={"name": "First"}, at=NOW)
    with pytest.raises(Invalid, match="nothing to compare"):
        trials.begin(shop=shop, by="", at=NOW)
    assert not Trial.objects.filter(shop=shop).exists()


def test_it_is_forgotten_with_its_season(shop: Shop) -> None:
    trials.begin(shop=shop, by="", at=NOW)
    assert trials.forget(before=NOW + timedelta(days=89)) == 0
    assert trials.forget(before=NOW + timedelta(days=91)) == 1
    assert Member.objects.filter(shop=shop).count() == 5


def test_the_shares_of_changes_go_on_from_slice_to_slice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "SLICE", 2)
    trial = worked(shop, trials.begin(shop=shop, by="", at=NOW), seconds=0)
    split = trials.split_of(trial, versions_of(shop))
    found = trials.comparison_of(trial, versions_of(shop))
    assert (split.members, split.posted, split.given) == (5, 980, [980, 1960])
    # 980 points more at a cent, of which a fifth is never spent.
    assert split.shares(found) == [0, 784]


def test_the_program_in_force_is_tried_from_the_beginning(shop: Shop) -> None:
    publish_draft(shop=shop, revision=1, at=NOW)
    trial = worked(shop, trials.begin_live(shop=shop, by="Marta", at=NOW + timedelta(hours=1)))
    assert (trial.number, trial.live_number, trial.revision) == (2, 2, 0)
    found = trials.comparison_of(trial, versions_of(shop))
    assert (found.live.total.given, found.draft.total.given) == (980, 1960)
    ProgramVersion.objects.filter(shop=shop).delete()
    with pytest.raises(Invalid, match="nothing to compare"):
        trials.begin_live(shop=shop, by="", at=NOW)
