"""Record a run of `make demo` as docs/demo.svg: `make demo-svg`.

The demo runs on a pseudo-terminal, as it would for a reader; the picture is its last screen.
"""

import io
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
SVG = ROOT / "docs" / "demo.svg"
COMMAND = ("make", "--silent", "demo")
SHOWN = "$ make demo"
ROWS, COLUMNS = 80, 120
CONTROL = re.compile(r"\x1b\[(\d*)A|\x1b\[2K|\x1b\[\?\d+[hl]|\r|\n")
REMOTE = re.compile(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)  # fonts, an advertisement


def main() -> int:
    """Write the picture. Returns the demo's exit status; a failed demo is not recorded."""
    terminal, demo_side = pty.openpty()
    termios.tcsetwinsize(demo_side, (ROWS, COLUMNS))
    demo = subprocess.Popen(COMMAND, cwd=ROOT, stdin=demo_side, stdout=demo_side, stderr=demo_side)
    os.close(demo_side)
    output = b"".join(_read(terminal)).decode()
    os.close(terminal)
    status = demo.wait()
    if status == 0:
        SVG.write_text(picture(screen(output)))
    else:
        sys.stderr.write(output)
    return status


def screen(output: str) -> str:
    """Return the last screen of a terminal session, with its colors.

    Supports the controls of rich's live display: cursor up, erase line, show and hide the cursor.
    """
    lines, row, start = [""], 0, 0
    for control in CONTROL.finditer(output):
        lines[row] += output[start : control.start()]
        start = control.end()
        match control[0]:
            case "\n":
                row += 1
                lines.extend([""] * (row == len(lines)))
            case "\x1b[2K":
                lines[row] = ""
            case up if up.endswith("A"):
                row = max(row - int(control[1] or 1), 0)
    lines[row] += output[start:]
    return "\n".join(lines).rstrip()


def picture(text: str) -> str:
    """Draw a terminal with the text, as an SVG that loads no font or other resource."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"{SHOWN}\n{text}"))
    svg = REMOTE.sub("", console.export_svg(title="make demo", unique_id="demo"))
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(terminal, 65_536)
        except OSError:  # the demo has closed its side
            return
        if not chunk:
            return
        yield chunk


if __name__ == "__main__":
    sys.exit(main())
