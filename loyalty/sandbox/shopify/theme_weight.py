"""What a common theme brings along: styles, a script that works for a while, pictures. Made up, and the same every time,
so that what an app adds to a page is measured on a page such as shoppers meet."""

from __future__ import annotations

import random
import struct
import zlib
from functools import lru_cache

RULES = 4_000
MODULES = 2_500
PICTURES = 8
PICTURE_PIXELS = 360


def theme_file(name: str) -> tuple[bytes, str] | None:
    """Body and content type of /theme/<name>; None for what no theme has."""
    if name == "theme.css":
        return _styles(), "text/css"
    if name == "vendor.js":
        return _script(), "text/javascript"
    number = name.removeprefix("picture-").removesuffix(".png")
    if name == f"picture-{number}.png" and number.isascii() and number.isdigit() and int(number) < PICTURES:
        return _picture(int(number)), "image/png"
    return None


@lru_cache(maxsize=1)
def _styles() -> bytes:
    draw = random.Random(1)
    rules = (
        f".section-{number} .grid__item--{draw.randrange(999)} > .card-wrapper{{margin:{draw.randrange(40)}px;"
        f"padding:{draw.randrange(40)}px;color:#{draw.randrange(1 << 24):06x};transition:opacity .{draw.randrange(9)}s}}"
        for number in range(RULES)
    )
    return "\n".join(rules).encode()


@lru_cache(maxsize=1)
def _script() -> bytes:
    """About as large as a theme's sliders, drawers and libraries together, and as busy."""
    draw = random.Random(2)
    modules = (
        f"register('component-{number}',(host)=>{{const state={{id:{number},token:'{draw.getrandbits(512):x}'}};"
        f"for(let i=0;i<900;i++)state[`k${{i%{draw.randrange(5, 60)}}}`]=(i*{draw.randrange(9999)})%97;"
        f"host.set(state.token,JSON.parse(JSON.stringify(state)));return state;}});"
        for number in range(MODULES)
    )
    begin = "const registry=[];const host=new Map();const register=(name,make)=>registry.push([name,make]);"
    end = "for(const [name,make] of registry)make(host);document.documentElement.dataset.theme=String(host.size);"
    return "\n".join([begin, *modules, end]).encode()


@lru_cache(maxsize=PICTURES)
def _picture(number: int) -> bytes:
    """Noise over a gradient: as heavy as a photograph."""
    draw = random.Random(10 + number)
    rows = b"".join(
        b"\0" + bytes((draw.randrange(48) + y * 160 // PICTURE_PIXELS) & 255 for _ in range(PICTURE_PIXELS))
        for y in range(PICTURE_PIXELS)
    )
    head = struct.pack(">IIBBBBB", PICTURE_PIXELS, PICTURE_PIXELS, 8, 0, 0, 0, 0)
    parts = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows, 6)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
