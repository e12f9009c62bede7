"""What asks for somebody: the most urgent is Home's one banner, the rest its list of things to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.refusals import kept_text
from loyalty.engine.program import Version
from loyalty.models import Shop
from loyalty.selectors.home import Desk, Queue
from loyalty.selectors.partner_codes import codes_left
from loyalty.services.partner_codes import FEW


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing, what became of it, and where it is mended."""

    icon: str
    tone: str
    title: str
    text: str
    url: str
    label: str


def matters(shop: Shop, inbox: Queue, outbox: Queue, desk: Desk, fmt: Format, now: datetime) -> list[Matter]:
    """What went wrong or has a term, the most urgent first."""
    found = []
    if shop.trouble:
        found.append(Matter("alert", "bad", _("The store refuses something"), kept_text(shop.trouble), "", ""))
    if inbox.dead and inbox.newest:
        title = ngettext(
            "%(count)s message from your shop could not be used",
            "%(count)s messages from your shop could not be used",
            inbox.dead,
        ) % {"count": fmt.points(inbox.dead)}
        text = _("The newest came %(ago)s. No points were given or taken for them.") % {
            "ago": fmt.ago(inbox.newest, now)
        }
        found.append(Matter("alert", "warn", title, text, reverse("dashboard:deliveries"), _("See why")))
    if outbox.dead:
        title = ngettext("%(count)s thing could not be done", "%(count)s things could not be done", outbox.dead) % {
            "count": fmt.points(outbox.dead)
        }
        text = _("No point is lost. Most of it can be tried again.")
        found.append(Matter("alert", "warn", title, text, reverse("dashboard:undone"), _("See what and why")))
    if desk.copies:
        title = ngettext(
            "%(count)s shopper asks for a copy of their data",
            "%(count)s shoppers ask for a copy of their data",
            desk.copies,
        ) % {"count": fmt.points(desk.copies)}
        text = _("It is ready. The law gives you a month to hand it over.")
        found.append(Matter("alert", "warn", title, text, reverse("dashboard:privacy"), _("See the requests")))
    return found


def pause_matters(live: Version | None) -> list[Matter]:
    """A pause that somebody forgot looks like a program that runs: orders arrive, and nothing fails."""
    if live is None or not (live.program.paused.earning or live.program.paused.redeeming):
        return []
    paused = live.program.paused
    if paused.earning and paused.redeeming:
        title, text = _("Earning and redeeming are paused"), _("Orders earn nothing, and nobody can take a reward.")
    elif paused.earning:
        title, text = _("Earning is paused"), _("Orders placed meanwhile earn nothing.")
    else:
        title, text = _("Redeeming is paused"), _("Members earn, but nobody can take a reward.")
    return [Matter("clock", "warn", title, text, reverse("dashboard:program_pause"), _("Resume"))]


def desk_matters(desk: Desk, fmt: Format) -> list[Matter]:
    """What only waits."""
    found = []
    if desk.by_hand:
        title = ngettext("%(count)s reward to give by hand", "%(count)s rewards to give by hand", desk.by_hand)
        text = _("Members have paid their points for it.")
        url = reverse("dashboard:todo")
        found.append(Matter("gift", "", title % {"count": fmt.points(desk.by_hand)}, text, url, ""))
    if desk.for_codes:
        title = ngettext("%(count)s gift waits for codes", "%(count)s gifts wait for codes", desk.for_codes)
        text = _("Each goes out by itself once you add codes.")
        url = reverse("dashboard:partner_codes")
        found.append(Matter("ticket", "warn", title % {"count": fmt.points(desk.for_codes)}, text, url, ""))
    if desk.friends:
        title = ngettext("%(count)s friend to look at", "%(count)s friends to look at", desk.friends)
        text = _("They may be one person with two accounts.")
        url = reverse("dashboard:friends")
        found.append(Matter("users", "", title % {"count": fmt.points(desk.friends)}, text, url, ""))
    if desk.without_points:
        title = ngettext(
            "%(count)s order earned nothing this week", "%(count)s orders earned nothing this week", desk.without_points
        ) % {"count": fmt.points(desk.without_points)}
        url = reverse("dashboard:orders") + "?show=without"
        found.append(Matter("bag", "", title, _("Each with its reason, and what can be done."), url, ""))
    if desk.draft is not None:
        title = _("Draft %(number)s is not published") % {"number": desk.draft}
        text = _("Shoppers see nothing of it yet.")
        found.append(Matter("sliders", "", title, text, reverse("dashboard:program"), ""))
    return found


def stock_matters(shop: Shop, live: Version | None, fmt: Format, now: datetime) -> list[Matter]:
    """Partners' rewards whose codes run out. No query where the program has none."""
    rewards = [each for each in live.program.rewards if each.kind == "partner" and each.enabled] if live else []
    left = codes_left(shop=shop, rewards=[each.id for each in rewards], at=now)
    found = []
    for reward in rewards:
        count = left.get(reward.id, 0)
        if count < FEW:
            title = ngettext("%(count)s code left for %(name)s", "%(count)s codes left for %(name)s", count)
            words = {"count": fmt.points(count), "name": reward.name}
            text = _("Without codes shoppers cannot take it.")
            found.append(Matter("ticket", "", title % words, text, reverse("dashboard:partner_codes"), ""))
    return found
