"""One HTTP server, many origins: the bare host is the Flask app of create_app(), every other host a platform's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, jsonify, render_template, request
from jinja2 import ChoiceLoader, FileSystemLoader

from loyalty.sandbox.control import control_blueprint
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.mailbox import Mailbox
from loyalty.sandbox.platform import Origin, Platform, Sandbox

MAX_BODY_BYTES = 2_000_000
MAIL_HOST = re.compile(r"mail\.localhost")
SERVER_HOSTS = frozenset({"127.0.0.1", "localhost"})

Environ = dict[str, Any]
WsgiApp = Callable[..., Iterable[bytes]]


def new_app(sandbox: Sandbox, name: str, import_name: str) -> Flask:
    """A Flask app for one origin: its own cookie and limits; templates from `import_name`'s folder, then from ours."""
    app = Flask(import_name, static_folder=None)
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(Path(app.root_path) / "templates"), FileSystemLoader(Path(__file__).parent / "templates")]
    )
    app.secret_key = sandbox.store.secret(name)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        SESSION_COOKIE_NAME=name.replace(".", "_"),
        SESSION_COOKIE_SAMESITE="Lax",
        # Only what changes the session sets a cookie: an app proxy's answer carries none.
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_error_handler(SandboxError, _refused)
    return app


def create_app(sandbox: Sandbox, mailbox: Mailbox, platforms: Mapping[str, Platform]) -> Flask:
    """The bare host's app; its `wsgi_app` hands requests for other hosts to the platforms' origins."""
    app = new_app(sandbox, "sandbox", "loyalty.sandbox")
    app.register_blueprint(control_blueprint(sandbox, mailbox, platforms))
    origins = [_mail_origin(sandbox, mailbox)]
    for name, platform in platforms.items():
        origins += platform.origins()
        app.register_blueprint(platform.server(), url_prefix=f"/{name}")
        app.register_blueprint(platform.controls(), url_prefix=f"/_sandbox/{name}")

    @app.get("/")
    def landing() -> str:
        groups = {name.capitalize(): platform.links() for name, platform in platforms.items()}
        return render_template("landing.html", groups=groups, mail_url=sandbox.url("mail.localhost"))

    app.wsgi_app = _HostDispatch(app.wsgi_app, origins)  # type: ignore[method-assign]
    return app


class _HostDispatch:
    def __init__(self, server: WsgiApp, origins: list[Origin]) -> None:
        self.server = server
        self.origins = origins

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = str(environ.get("HTTP_HOST", "")).rpartition(":")[0] or str(environ.get("HTTP_HOST", ""))
        for origin in self.origins:
            match = origin.host.fullmatch(host.lower())
            if match:
                environ["sandbox.host"] = match.groupdict()
                return origin.app(environ, start_response)
        if host in SERVER_HOSTS:
            return self.server(environ, start_response)
        return Response(f"No origin of the sandbox is called {host!r}.\n", 404, mimetype="text/plain")(
            environ, start_response
        )


def _mail_origin(sandbox: Sandbox, mailbox: Mailbox) -> Origin:
    app = new_app(sandbox, "mail.localhost", "loyalty.sandbox")

    @app.get("/")
    def messages() -> str:
        to = request.args.get("to", "")
        return render_template("mail.html", messages=mailbox.messages(to), to=to)

    return Origin(MAIL_HOST, app)


def _refused(error: SandboxError) -> tuple[Response | str, int]:
    """JSON for programs, a page for people."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        # Past the app's context: it may be the very thing that was refused, such as a shop that is not there.
        return current_app.jinja_env.get_template("refused.html").render(message=error.message), error.status
    return jsonify(error=error.message), error.status
