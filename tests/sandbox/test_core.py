"""Store, mailbox, start and stop."""

from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from loyalty.sandbox.server import start
from loyalty.sandbox.store import Store

pytestmark = pytest.mark.once


def test_the_sandbox_refuses_to_load_without_its_variable() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import loyalty.sandbox"], env={"PATH": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "RuntimeError" in done.stderr
    assert "must never run in production" in done.stderr


def test_documents_are_found_by_id_key_and_time() -> None:
    store = Store(":memory:")
    store.put("order", "a", 1, {"n": 1}, key="marta", at="2026-02-01")
    store.put("order", "a", 2, {"n": 2}, key="marta", at="2026-01-01")
    store.put("order", "b", 1, {"n": 3}, key="marta", at="2026-01-01")
    store.put("order", "a", 1, {"n": 4}, key="marta", at="2026-02-01")
    assert store.get("order", "a", 1) == {"n": 4}
    assert store.get("order", "c", 1) is None
    assert store.find("order", "a", "marta") == [{"n": 4}, {"n": 2}]
    assert store.all("order", "a") == [{"n": 2}, {"n": 4}]
    assert store.all("order", "a", newest_first=True, limit=1) == [{"n": 4}]
    store.close()


def test_a_transaction_that_fails_leaves_nothing() -> None:
    store = Store(":memory:")

    def write_and_fail() -> None:
        with store.transaction():
            store.put("order", "a", 1, {})
            with store.transaction():
                store.put("order", "a", 2, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert store.all("order", "a") == []
    store.close()


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    with start(data=tmp_path) as first:
        requests.post(f"{first.base_url}/_sandbox/shopify/shops", json={"name": "halfmoon"}, timeout=60)
        before = requests.get(f"{first.base_url}/_sandbox/shopify/shops", timeout=60).json()
    with start(data=tmp_path) as second:
        after = requests.get(f"{second.base_url}/_sandbox/shopify/shops", timeout=60).json()
        number = second.sandbox.store.next("shopify.id")
    assert [shop["id"] for shop in after] == [shop["id"] for shop in before]
    assert number > after[0]["id"]


def test_a_taken_port_is_said_and_leaves_nothing_running(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            start(data=tmp_path, port=taken.getsockname()[1])


def test_the_mailbox_keeps_what_the_app_sends(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@app.example", "Marta@mail.example", "Dein Code für heute"
    message.set_content("Your code is 123456")
    message.add_alternative("<p>Your code is <b>123456</b></p>", subtype="html")
    with start(data=tmp_path) as running:
        with smtplib.SMTP("127.0.0.1", running.sandbox.smtp_port) as smtp:
            smtp.send_message(message)
        url = f"{running.base_url}/_sandbox/mail"
        kept = requests.get(url, params={"to": "marta@MAIL.example"}, timeout=60).json()
        page = requests.get(f"{running.base_url}/", headers={"Host": "mail.localhost"}, timeout=60).text
        assert requests.delete(url, timeout=60).json() == {"deleted": 1}
        assert requests.get(url, timeout=60).json() == []
    assert len(kept) == 1
    assert kept[0]["subject"] == "Dein Code für heute"
    assert kept[0]["text"].strip() == "Your code is 123456"
    assert "<b>123456</b>" in kept[0]["html"]
    assert kept[0]["received_at"]
    assert "Your code is 123456" in page


def test_the_landing_page_leads_everywhere_and_unknown_hosts_lead_nowhere(tmp_path: Path) -> None:
    with start(data=tmp_path) as running:
        landing = requests.get(running.base_url, timeout=60).text
        stranger = requests.get(running.base_url, headers={"Host": "attacker.example"}, timeout=60)
    assert "admin.shopify.localhost" in landing
    assert "mail.localhost" in landing
    assert stranger.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/shopify/shops", {"name": "Ha!"}, 400),
        ("POST", "/shopify/shops", {"name": "admin"}, 400),
        ("POST", "/shopify/shops", {"name": "fine", "timezone": "Mars/Olympus"}, 400),
        ("POST", "/shopify/shops", ["fine"], 400),
        ("POST", "/magento/shops", {"name": "fine"}, 404),
        ("PUT", "/shopify/app", {"client_id": "x"}, 400),
        ("PUT", "/faults", {"explode": 1}, 400),
        ("PUT", "/faults", {"drop": "many"}, 400),
        ("GET", "/deliveries?limit=all", None, 400),
        ("POST", "/deliveries/99/redeliver", {}, 404),
    ],
)
def test_the_control_api_says_what_is_wrong(tmp_path: Path, method: str, path: str, body: object, status: int) -> None:
    with start(data=tmp_path) as running:
        answer = requests.request(method, f"{running.base_url}/_sandbox{path}", json=body, timeout=60)
    assert answer.status_code == status
    assert answer.json()["error"]
