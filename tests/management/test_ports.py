"""A server that starts a moment later, or a second time, finds the port that was chosen for it."""

from __future__ import annotations

import random
import socket

import pytest

from loyalty.management.ports import free_port, is_taken

pytestmark = pytest.mark.once


def test_the_kernel_gives_a_chosen_port_to_nobody_else() -> None:
    """Whoever asks for any port, as for an outgoing connection, gets one above."""
    with socket.socket() as anybody:
        anybody.bind(("127.0.0.1", 0))
        assert free_port() < anybody.getsockname()[1]


def test_two_runs_that_draw_the_same_random_numbers_get_ports_of_their_own() -> None:
    ports = set()
    for _run in range(5):
        random.seed(7)
        ports.add(free_port())
    assert len(ports) > 1


def test_a_port_is_taken_while_somebody_listens() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", free_port()))
        holder.listen()
        port = holder.getsockname()[1]
        assert is_taken(port)
    assert not is_taken(port)
