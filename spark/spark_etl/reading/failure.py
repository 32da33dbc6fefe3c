"""Why a run failed, and what the feature that failed had read: `run.failure`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from spark_etl.errors import CheckpointError
from spark_etl.names import alternatives, listing
from spark_etl.printable import printable
from spark_etl.reading.checkpoint import Checkpoint
from spark_etl.reading.commands import debug_command, debug_link
from spark_etl.store import ErrorRecord, RunDocument, StoredRun

OpenCheckpoint = Callable[[str], Checkpoint | None]


class FailureInputs(Mapping[str, Checkpoint]):
    """Source name → the checkpoint of what the feature that failed had read; opened when it is asked for."""

    def __init__(
        self, folders: Mapping[str, str], not_kept: Mapping[str, str], open_checkpoint: OpenCheckpoint
    ) -> None:
        self._folders = dict(folders)
        self._not_kept = not_kept
        self._open_checkpoint = open_checkpoint

    def __getitem__(self, name: str) -> Checkpoint:
        if name in self._not_kept:
            raise CheckpointError(f"input `{name}` could not be kept: {self._not_kept[name]}")
        if name not in self._folders:
            raise CheckpointError(f"no input `{name}` was kept. {alternatives(name, self._folders)}")
        found = self._open_checkpoint(self._folders[name])
        if found is None:
            raise CheckpointError(f"input `{name}` has no manifest in {self._folders[name]}")
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._folders

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders)

    def __len__(self) -> int:
        return len(self._folders)

    def __repr__(self) -> str:
        return printable(f"inputs: {listing(self)}")

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)


@dataclass(frozen=True)
class Failure:
    """Why a run failed.

    Attributes:
        feature: The feature that failed; empty when it was the run itself.
        type: Class of what was raised.
        message: What was raised, as a person reads it.
        traceback: The user's own frames.
        full_traceback: All frames; empty when no report was kept.
        plan: The query plan; None when there was no frame, or no report was kept.
        metrics: SQL metrics of the executions that failed.
        inputs: Source name → checkpoint of what the feature had read.
        not_kept: Source name → why it could not be kept.
        debug: The command that opens the feature in a notebook; empty where there is none to open.
        link: The hub's page that does the same; empty without a hub.
    """

    feature: str
    type: str
    message: str
    traceback: str
    full_traceback: str
    plan: str | None
    metrics: list[dict[str, Any]]
    inputs: FailureInputs
    not_kept: dict[str, str]
    debug: str = ""
    link: str = ""

    def _parts(self) -> Iterator[tuple[str, str]]:
        """Yields what there is to show below the message, with its title."""
        lost = "\n".join(f"{name}: {reason}" for name, reason in self.not_kept.items())
        metrics = "\n".join(_metric_lines(self.metrics))
        parts = {"traceback": self.traceback, "plan": self.plan, "metrics": metrics, "not kept": lost}
        yield from ((title, printable(text.rstrip())) for title, text in parts.items() if text and text.strip())

    def _headline(self) -> str:
        return printable(f"{self.feature or 'the run'} failed: {self.message}")

    def __repr__(self) -> str:
        parts = "".join(f"\n\n{title}:\n{text}" for title, text in self._parts())
        command = printable(self.debug, one_line=True)
        link = f"\n      {printable(self.link, one_line=True)}" if self.link else ""
        debug = f"\n\nnext: {command}{link}" if command else ""
        return f"{self._headline()}{parts}\n\n{self.inputs!r}{debug}"

    def _repr_html_(self) -> str:
        parts = "".join(
            f"<details{' open' if title == 'traceback' else ''}><summary>{title}</summary>"
            f"<pre>{escape(text)}</pre></details>"
            for title, text in self._parts()
        )
        head, _, more = self._headline().partition("\n")
        rows = f"<pre>{escape(more)}</pre>" if more else ""
        return f"<p><b>{escape(head)}</b></p>{rows}{parts}<p>{escape(repr(self.inputs))}</p>{self._debug_html()}"

    def _debug_html(self) -> str:
        if not self.debug:
            return ""
        link = escape(printable(self.link, one_line=True))
        opens = f', or <a href="{link}" target="_blank">open it in a notebook</a>' if link.startswith("http") else ""
        return f"<p>next: <code>{escape(printable(self.debug, one_line=True))}</code>{opens}</p>"


def load_failure(stored: StoredRun, document: RunDocument, open_checkpoint: OpenCheckpoint) -> Failure:
    """Returns why a run failed: from the report beside its feature where there is one, else from its document.

    Args:
        stored: The run.
        document: What it is.
        open_checkpoint: Opens the checkpoint of a folder.
    """
    error = document.error or ErrorRecord()
    feature = error.feature or ""
    is_name = feature.isprintable() and "/" not in feature  # anybody may have written the document
    known = stored.failure_report(feature) if feature and is_name else {}
    lost = dict(known.get("not_kept") or {})
    folders = {name: stored.absolute(folder) for name, folder in (known.get("inputs") or {}).items()}
    return Failure(
        feature=error.feature or "",
        type=str(known.get("type") or error.type or ""),
        message=str(known.get("message") or error.message or ""),
        traceback=str(known.get("frames") or error.traceback or ""),
        full_traceback=str(known.get("traceback") or ""),
        plan=known.get("plan"),
        metrics=list(known.get("metrics") or []),
        inputs=FailureInputs(folders, lost, open_checkpoint),
        not_kept=lost,
        debug=debug_command(document),
        link=debug_link(document),
    )


def _metric_lines(metrics: list[dict[str, Any]]) -> Iterator[str]:
    shown = None
    for node in metrics:
        if node["execution"] != shown:
            shown = node["execution"]
            yield str(node["description"])
        values = ", ".join(f"{name} {value}" for name, value in node["metrics"].items())
        yield f"  {node['node']}: {values}"
