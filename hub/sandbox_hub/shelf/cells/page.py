"""A notebook as a page: its cells with their outputs, as far as a page can hold them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from sandbox_hub.shelf.cells.safe_html import safe_html, safe_markdown, safe_text

# Of one text, one table, one picture and all of the page, in characters; what is more is said, not shown.
MAX_TEXT, MAX_HTML, MAX_IMAGE, MAX_PAGE = 64_000, 512_000, 4_000_000, 8_000_000
MAX_CELLS, MAX_OUTPUTS = 1000, 100
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
STYLE = """
  :root { color-scheme: light dark; background: Canvas; color: CanvasText; font: 16px/1.5 system-ui, sans-serif;
    --line: light-dark(#ddd, #444); --panel: light-dark(#f6f7f9, #23262b); --muted: light-dark(#555, #aaa);
    --shade: light-dark(rgb(0 0 0 / .18), rgb(255 255 255 / .22)); }
  body { margin: 0; }
  main { margin: 0 auto; padding: .5rem 1rem 2rem; max-width: 64rem; }
  a { color: light-dark(#0b57a4, #8ab8f0); }
  pre, code { font-family: ui-monospace, monospace; font-size: .85rem; }
  pre { margin: 0; padding: .6rem .8rem; overflow-x: auto; }
  .code { background: var(--panel); border: 1px solid var(--line); border-radius: .4rem; margin-top: 1rem; }
  .out { padding-left: .8rem; overflow-x: auto; background:
    linear-gradient(to right, Canvas 30%, transparent) left / 2.5rem 100%,
    linear-gradient(to left, Canvas 30%, transparent) right / 2.5rem 100%,
    linear-gradient(to right, var(--shade), transparent) left / 1rem 100%,
    linear-gradient(to left, var(--shade), transparent) right / 1rem 100%;
    background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
  .error { border-left: .3rem solid light-dark(#a3231d, #f4958f); }
  .note { color: var(--muted); font-style: italic; }
  table { border-collapse: collapse; font-size: .85rem; margin: .5rem 0; }
  th, td { border-bottom: 1px solid var(--line); padding: .25rem .6rem; text-align: right; vertical-align: top; }
  img { max-width: 100%; background: #fff; }
  .markdown th, .markdown td { text-align: left; }
"""


def notebook_page(notebook: dict[str, Any], title: str) -> str:
    """Returns a page of a notebook, in which nothing runs and nothing is loaded.

    Args:
        notebook: Anybody may have written it.
        title: Of the page.
    """
    cells = [cell for cell in notebook.get("cells") or [] if isinstance(cell, dict)]
    parts: list[str] = []
    size = 0
    for cell in cells[:MAX_CELLS]:
        shown = _cell(cell)
        size += len(shown)
        if size > MAX_PAGE:
            break
        parts.append(shown)
    if len(cells) > len(parts):
        parts.append(_note(f"{len(cells) - len(parts):,} more cells are not shown here: open it in your server."))
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = f"<main>\n{''.join(parts)}</main>"
    return f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n<body>{body}</body></html>\n'


def _cell(cell: dict[str, Any]) -> str:
    kind, source = cell.get("cell_type"), _text(cell.get("source"))
    if kind == "markdown" and len(source) <= MAX_TEXT:
        return f'<div class="markdown">{safe_markdown(_with_attachments(source, cell.get("attachments")))}</div>\n'
    if kind != "code":
        return _pre(source, "text")
    outputs = [output for output in cell.get("outputs") or [] if isinstance(output, dict)]
    shown = [_output(output) for output in outputs[:MAX_OUTPUTS]]
    if len(outputs) > MAX_OUTPUTS:
        shown.append(_note(f"{len(outputs) - MAX_OUTPUTS:,} more outputs are not shown here."))
    code = f'<div class="code">{_pre(source, "code")}</div>' if source.strip() else ""
    return f"{code}{''.join(shown)}\n"


def _output(output: dict[str, Any]) -> str:
    kind = output.get("output_type")
    if kind == "stream":
        return _out(_pre(_text(output.get("text")), "printed"))
    if kind == "error":
        traceback = "\n".join(map(_text, output.get("traceback") or []))
        message = f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
        return _out(_pre(traceback or message, "error"), "error")
    data = output.get("data")
    return _out(_data(data)) if isinstance(data, dict) else ""


def _data(data: dict[str, Any]) -> str:
    """Returns the richest of the forms that an output has, of those that are safe and not too large."""
    for kind in PICTURES:
        if kind in data:
            return _picture(kind, _text(data[kind]))
    if "image/svg+xml" in data:
        return _svg(_text(data["image/svg+xml"]))
    table, markdown = _text(data.get("text/html")), _text(data.get("text/markdown"))
    if table and len(table) <= MAX_HTML:
        return safe_html(table)
    if markdown and len(markdown) <= MAX_TEXT:
        return f'<div class="markdown">{safe_markdown(markdown)}</div>'
    return _plain(data)


def _plain(data: dict[str, Any]) -> str:
    if "text/plain" in data:
        return _pre(_text(data["text/plain"]), "output")
    if "application/json" in data:
        return _pre(json.dumps(data["application/json"], ensure_ascii=False), "output")
    return _note("An output of a kind that is not shown here.")


def _picture(kind: str, content: str) -> str:
    if len(content) > MAX_IMAGE or not BASE64.fullmatch(content):
        return _note("This picture is not shown: it is too large, or it is not a valid image.")
    return f'<img alt="Picture that the cell has drawn" src="data:{kind};base64,{"".join(content.split())}">'


def _svg(content: str) -> str:
    from base64 import b64encode  # noqa: PLC0415 - rare

    if len(content) > MAX_IMAGE:
        return _note("This picture is not shown: it is too large, or it is not a valid image.")
    return _picture("image/svg+xml", b64encode(content.encode("utf-8", "replace")).decode())


def _with_attachments(source: str, attachments: Any) -> str:
    """Returns markdown with the pictures that were put into its cell."""
    if not isinstance(attachments, dict):
        return source
    for name, forms in attachments.items():
        for kind, content in _pictures(forms):
            source = source.replace(f"(attachment:{name})", f"(data:{kind};base64,{''.join(content.split())})")
    return source


def _pictures(forms: Any) -> Iterator[tuple[str, str]]:
    for kind in PICTURES:
        content = _text(forms.get(kind)) if isinstance(forms, dict) else ""
        if content and len(content) <= MAX_IMAGE and BASE64.fullmatch(content):
            yield kind, content


def _pre(text: str, what: str) -> str:
    more = f"\n… and {len(text) - MAX_TEXT:,} characters more" if len(text) > MAX_TEXT else ""
    return f'<pre tabindex="0" role="group" aria-label="{what}">{safe_text(text[:MAX_TEXT])}{more}</pre>'


def _out(content: str, kind: str = "") -> str:
    return f'<div class="out {kind}" tabindex="0" role="group" aria-label="Output">{content}</div>'


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _text(value: Any) -> str:
    """Returns the text that a notebook holds as one string or as a list of lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""
