"""What an order is worth, and why. Pure: no Django, no I/O, no clock, no randomness, integers and exact fractions."""
