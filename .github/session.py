#!/usr/bin/env python3
"""Draws .github/session.svg: a real session of the real binary on a real terminal (a pty), as a picture.

    cargo build --release && python3 .github/session.py

Nothing is invented: the commands below run in an empty home against the sandbox, and what the terminal
received is drawn. Needs Python 3 on Linux or macOS, and nothing else.
"""

import fcntl
import html
import os
import pty
import re
import struct
import subprocess
import tempfile
import termios
import unicodedata
from pathlib import Path

COLUMNS, ROWS = 100, 40
ROOT = Path(__file__).resolve().parent.parent
BINARY = ROOT / "target" / "release"
COMMANDS = [
    "spectrum -P sandbox users create --shared --phone +14155550123 --first-name Ada",
    "spectrum -P sandbox users create --dedicated --assigned +19175550101 --phone +14155550124 --first-name Alan",
    "spectrum -P sandbox users list --fields type,phoneNumber,assignedPhoneNumber,firstName",
    "spectrum -P sandbox users get +14155550199",
    "spectrum -P sandbox users list -o json | jq -r '.[].assignedPhoneNumber'",
]
COLOURS = {"1;31": "#ff7b72", "1;33": "#e3b341", "32": "#7ee787", "36": "#79c0ff", "1": "#ffffff"}


def run(command, home):
    """What a terminal of COLUMNS columns receives from a command."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {"HOME": home, "PATH": f"{BINARY}:{os.environ['PATH']}", "TERM": "xterm-256color"}
    process = subprocess.Popen(["sh", "-c", command], stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    received = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        received += chunk
    process.wait()
    os.close(master)
    return received.decode().replace("\r\n", "\n")


def spans(line):
    """A line as (text, colour) pieces."""
    colour = None
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b["):
            colour = COLOURS.get(piece[2:-1])
        elif piece:
            yield piece, colour


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def main():
    lines = []
    with tempfile.TemporaryDirectory() as home:
        for command in COMMANDS:
            lines.append(f"\x1b[32m$\x1b[0m \x1b[1m{command}\x1b[0m")
            lines.extend(run(command, home).rstrip("\n").split("\n"))
            lines.append("")
    cell, height, margin = 8.4, 19, 18
    drawn = []
    for row, line in enumerate(lines[:-1]):
        column = 0
        y = margin + 14 + row * height
        for text, colour in spans(line):
            fill = colour or "#c9d1d9"
            length = f'textLength="{width(text) * cell:.1f}" lengthAdjust="spacingAndGlyphs"'
            drawn.append(
                f'<text x="{margin + column * cell:.1f}" y="{y}" fill="{fill}" {length} xml:space="preserve">{html.escape(text)}</text>'
            )
            column += width(text)
    total_width = round(2 * margin + max(width(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines) * cell)
    total_height = round(2 * margin + (len(lines) - 1) * height)
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total_width}" height="{total_height}" '
        f'viewBox="0 0 {total_width} {total_height}" role="img" aria-label="A terminal session with spectrum">',
        '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">',
        *drawn,
        "</g>",
        "</svg>",
    ]
    (ROOT / ".github" / "session.svg").write_text("\n".join(svg) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
