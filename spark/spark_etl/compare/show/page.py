"""The comparison of two runs as one HTML file for a ticket: it loads nothing and runs nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spark_etl.compare.show.commands import Commands
from spark_etl.compare.show.elements import line, paragraph
from spark_etl.compare.show.html import run_html

if TYPE_CHECKING:
    from spark_etl.compare.runs.result import RunDiff

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;padding:16px;max-width:1200px;color:#1f2328;background:#fff}
h1{font-size:1.4em;line-height:1.3;overflow-wrap:anywhere}
p,li,summary,caption{overflow-wrap:anywhere}
code,pre,td{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px}
pre{line-height:1.4;border-radius:6px}
table{border-collapse:collapse;margin:8px 0}
th,td{border:1px solid #d0d7de;padding:3px 8px;white-space:pre}
th{background:#f6f8fa;font-size:13px}
caption{font-weight:600;padding:4px 0;white-space:nowrap}
details{border:1px solid #d0d7de;border-radius:6px;margin:8px 0;padding:6px 12px}
summary{cursor:pointer;font-weight:600}
footer{color:#59636e;font-size:13px;margin-top:24px}
@media (prefers-color-scheme:dark){
body{color:#e6e9ec;background:#111}
th,td,details{border-color:#3d444d}
th{background:#1c2128}
footer{color:#9198a1}
}
"""


def run_page(diff: RunDiff, *, commands: Commands | None = None, made: str = "", at: datetime | None = None) -> str:
    """Returns a whole page.

    Args:
        diff: Of two runs.
        commands: How to type what is recommended; by default as in a notebook.
        made: The command that has made it.
        at: When; now if not given.
    """
    title = f"{diff.a} and {diff.b}: {diff.answer}"
    moment = (at or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")
    content = run_html(diff, commands).replace("<details>", "<details open>", max(len(diff.first), 1))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{line(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{line(title)}</h1>{content}\n"
        f"<footer>{paragraph(f'Made {moment}' + (f' by `{made}`' if made else ''))}</footer></body></html>\n"
    )
