"""What is said of a run that came in a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spark_etl.store.document import RunDocument
from spark_etl.units import format_count


def imported_text(document: RunDocument) -> str:
    """Returns where an imported run comes from, whose it was, and whether it has all rows; empty for any other."""
    known = document.imported
    if not known:
        return ""
    user, host = document.user, document.by.get("host", "")
    whose = f", of {user}{f' on {host}' if host else ''}" if user else ""
    kind = "" if known["kind"] == "run" else f", there of kind `{known['kind']}`"
    return f"imported from {known['from']}{whose}{kind}, on {known['at'][:10]}{_sample_text(known.get('sample'))}"


def _sample_text(sample: Mapping[str, Any] | None) -> str:
    if not sample:
        return ""
    if "keys" in sample:
        return f"; a sample: the rows of {format_count(sample['keys'], 'key')}"
    return f"; a sample: the rows of {sample['fraction']:.4g} of all keys"
