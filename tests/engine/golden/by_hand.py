"""Statements worked out by hand: the working, the movements in order (kind and points), and what is left."""

from __future__ import annotations

BY_HAND: dict[str, tuple[str, list[tuple[str, int]], int]] = {
    "plain / one order": ("520.00 at 1 per 1.00.", [("earned", 520)], 520),
    "one per ten / one order": ("520.00 has 52 tens.", [("earned", 52)], 52),
    "50 for 50.00 / one order": ("520 and the bonus of 50, one movement.", [("earned", 570)], 570),
    "five per euro from day 50 / one order": ("Placed on day 1, judged by 1 per 1.00.", [("earned", 520)], 520),
    "lots expire after 90 days / one order": (
        "Opened on day 1, gone on day 91.",
        [("earned", 520), ("expired", -520)],
        0,
    ),
    "lots expire after 6 months / one order": (
        "Opened 2 January 01:00 in Berlin, gone 2 July 01:00 there.",
        [("earned", 520), ("expired", -520)],
        0,
    ),
    "silent for 3 months / one order": (
        "Nothing after 2 January, all gone on 2 April.",
        [("earned", 520), ("expired", -520)],
        0,
    ),
    "expiry from day 40 / one order": (
        "The open lot gets its date on day 40 and is gone on day 70.",
        [("earned", 520), ("expired", -520)],
        0,
    ),
    "plain / the loop": (
        "520, 500 spent, 45.00 - 5.00 earn 40; 20.00 of 40.00 back: half of 40 goes, half of 500 returns.",
        [("earned", 520), ("redeemed", -500), ("earned", 40), ("reversed", -20), ("returned", 250)],
        290,
    ),
    "nothing returns / the loop": (
        "As before, and the 500 stay spent.",
        [("earned", 520), ("redeemed", -500), ("earned", 40), ("reversed", -20)],
        40,
    ),
    "all or nothing returns / the loop": (
        "Only half of the order is refunded, so none of the 500 returns.",
        [("earned", 520), ("redeemed", -500), ("earned", 40), ("reversed", -20)],
        40,
    ),
    "plain / thirds": (
        "10 points; 3.34 is 3.34 points, 6.67 is 6.67, 10.00 is all: 3, 6, 10 in sum.",
        [("earned", 10), ("reversed", -3), ("reversed", -3), ("reversed", -4)],
        0,
    ),
    "half up / thirds": (
        "10.00 / 0.30 = 33.3, so 33; of them 11.02, 22.01, 33 in sum.",
        [("earned", 33), ("reversed", -11), ("reversed", -11), ("reversed", -11)],
        0,
    ),
    "highest / thirds": (
        "100 fixed beats 10; 33.4, 66.7, 100 in sum.",
        [("earned", 100), ("reversed", -33), ("reversed", -33), ("reversed", -34)],
        0,
    ),
    "plain / cancelled": ("25.50 gives 25, the cancellation takes 25.", [("earned", 25), ("reversed", -25)], 0),
    "up, line by line / cancelled": ("25.50 rounds up to 26.", [("earned", 26), ("reversed", -26)], 0),
    "held 14 days / cancelled": ("Cancelled on day 9, the hold would have ended on day 15.", [], 0),
    "plain / tea refunded": (
        "45.00 + 9.00, less 7.00 in proportion: tea 39.1667, cup 7.8333, 47 points. 40.00 back is all of the tea: 39.17.",
        [("earned", 47), ("reversed", -39)],
        8,
    ),
    "tea counts double / tea refunded": (
        "Tea 78.3333, cup 7.8333: 86.17, so 86; the tea's part is 86 x 78.3333 / 86.1667 = 78.18.",
        [("earned", 86), ("reversed", -78)],
        8,
    ),
    "10 for each tea / tea refunded": (
        "47 and 2 x 10; the tea holds 39.1667 + 20 of 67.",
        [("earned", 67), ("reversed", -59)],
        8,
    ),
    "50 for 50.00 / tea refunded": ("47.00 is too little for the bonus.", [("earned", 47), ("reversed", -39)], 8),
    "plain / given back": (
        "300 of the import, 20 of the order; both return on day 120, when the import's 300 have expired: they go again.",
        [("imported", 300), ("earned", 30), ("redeemed", -320), ("returned", 320), ("expired", -300)],
        30,
    ),
    "plain / debt": (
        "100, 80 spent, 100 taken back of which 20 are there: 80 owed, 50 paid by the next order.",
        [("earned", 100), ("redeemed", -80), ("reversed", -100), ("earned", 50)],
        -30,
    ),
    "clamped / debt": (
        "Only the 20 that are there are taken, 80 forgiven.",
        [("earned", 100), ("redeemed", -80), ("reversed", -20), ("earned", 50)],
        50,
    ),
    "held 14 days / debt": (
        "A opens on day 15, B on day 49; otherwise as without the hold.",
        [("earned", 100), ("redeemed", -80), ("reversed", -100), ("earned", 50)],
        -30,
    ),
    "plain / five orders": ("Five times 60.", [("earned", 60)] * 5, 300),
    "third order / five orders": (
        "100 more with the third.",
        [("earned", 60), ("earned", 60), ("earned", 60), ("earned", 100), ("earned", 60), ("earned", 60)],
        400,
    ),
    "reviews / five orders": (
        "30 for the review on day 33, between the second and the third.",
        [("earned", 60), ("earned", 60), ("earned", 30), ("earned", 60), ("earned", 60), ("earned", 60)],
        330,
    ),
    "tiers / five orders": (
        "Silver (25) at 120.00, then 60 x 1.5; on days 61 and 81 an order leaves the window, and 120.00 remain.",
        [("earned", 60), ("earned", 60), ("earned", 25), ("earned", 90), ("earned", 90), ("earned", 90)],
        415,
    ),
    "plain / shipping": (
        "19.90 gives 19; shipping never counted; half of the goods back: 9.5.",
        [("earned", 19), ("reversed", -9)],
        10,
    ),
    "shipping counts / shipping": (
        "24.80 gives 24. 4.90 of it back: 24 x 4.90 / 24.80 = 4.74. With 9.95 of the goods: 24 x 14.85 / 24.80 = 14.37.",
        [("earned", 24), ("reversed", -4), ("reversed", -10)],
        10,
    ),
    "plain / sale and gift card": (
        "15.00 + 25.00; the card earns when it is spent. 45.00 of 90.00 back without a line: half of everything.",
        [("earned", 40), ("reversed", -20)],
        20,
    ),
    "no sale / sale and gift card": ("25.00 counts; half of it is 12.5.", [("earned", 25), ("reversed", -12)], 13),
    "plain / late": (
        "80 when paid on day 55; half back on day 58, an eighth on day 80.",
        [("earned", 80), ("reversed", -40), ("reversed", -10)],
        30,
    ),
    "when fulfilled / late": (
        "Half was refunded before day 60, so 40.00 count; then 10.00 of those 40.00.",
        [("earned", 40), ("reversed", -10)],
        30,
    ),
    "five per euro from day 50 / late": (
        "Placed on day 45: 1 per 1.00, though paid under the new version.",
        [("earned", 80), ("reversed", -40), ("reversed", -10)],
        30,
    ),
    "plain / by hand": (
        "100 given, 150 taken: 50 owed; 20.00 pays 20 of it.",
        [("adjusted", 100), ("adjusted", -150), ("earned", 20)],
        -30,
    ),
    "clamped / by hand": (
        "Only 100 can be taken, 50 forgiven.",
        [("adjusted", 100), ("adjusted", -100), ("earned", 20)],
        20,
    ),
}
