"""A raw socket server on loopback that answers as told, byte by byte: what no polite HTTP library would send."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

Script = Callable[[socket.socket, bytes], None]


class FaultyServer:
    """`script` gets each connection and the head of its request; `requests` keeps the heads."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with peer:
            head = b""
            while b"\r\n\r\n" not in head and (piece := peer.recv(65_536)):
                head += piece
            self.requests.append(head)
            try:
                self.script(peer, head)
            except OSError:
                return  # the client hung up, as some tests want it to

    def close(self) -> None:
        self._listener.close()


def answering(body: bytes, *, status: str = "200 OK", headers: str = "") -> Script:
    def script(peer: socket.socket, _head: bytes) -> None:
        peer.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)

    return script
