"""`--resume RUN`: which features of an earlier run still hold, and why the others do not.

A feature is reused when

1. the earlier run has a checkpoint of it (`_checkpoint_of`);
2. nothing its rows depend on has changed, and all of that is known (`_what_has_changed`);
3. the checkpoint's files are those of its manifest (`is_whole`);
4. what it was computed from is not computed again with other values: where an upstream has no checkpoint, gives other
   values each time (`rand()`, a clock), and is needed by something else as well, both must see the same
   (`_inconsistent_with_recomputed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from spark_etl.errors import CheckpointError
from spark_etl.reading.run import Run
from spark_etl.runner.inputs import ResolvedInputs
from spark_etl.runner.plan import Plan
from spark_etl.runner.resume.cache_key import CacheKey, cache_keys, differences, unpinned
from spark_etl.storage import S3Settings, storage_for
from spark_etl.store import Manifest

THREADS = 16


@dataclass(frozen=True)
class ReuseDecision:
    """What becomes of a feature.

    Attributes:
        action: `run` it, `reuse` a checkpoint, or `skip` it, as nothing that is computed reads it.
        reason: Why, in a few words.
        manifest: Of the checkpoint that is reused.
        folder: Where that lies.
    """

    action: Literal["run", "reuse", "skip"]
    reason: str
    manifest: Manifest | None = None
    folder: str = ""


def decide(plan: Plan, inputs: ResolvedInputs) -> tuple[dict[str, ReuseDecision], dict[str, CacheKey]]:
    """Returns for each feature of the plan what becomes of it, and what its rows depend on."""
    keys = cache_keys(plan, inputs)
    usable = _usable(plan, plan.previous, keys) if plan.previous else {}
    while True:
        decisions = _decisions(plan, usable)
        inconsistent = _inconsistent_with_recomputed(plan, decisions)
        if not inconsistent:
            return decisions, keys
        usable |= inconsistent


def _usable(plan: Plan, run: Run, keys: Mapping[str, CacheKey]) -> dict[str, ReuseDecision]:
    """Returns what each feature would become if it were needed."""
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(lambda alias: _usable_checkpoint(run, alias, keys[alias]), plan.order)
        return dict(zip(plan.order, found, strict=True))


def _usable_checkpoint(run: Run, alias: str, key: CacheKey) -> ReuseDecision:
    found = _checkpoint_of(run, alias)
    if isinstance(found, str):
        return ReuseDecision("run", found)
    manifest, folder = found
    changed = _what_has_changed(manifest, key)
    if changed:
        return ReuseDecision("run", changed)
    if not is_whole(manifest, folder):
        return ReuseDecision("run", f"the files in {folder} are not those of its manifest")
    return ReuseDecision("reuse", f"as in run {manifest.run_id}", manifest, folder)


def _checkpoint_of(run: Run, alias: str) -> tuple[Manifest, str] | str:
    """Returns the checkpoint's manifest and folder, or why there is none."""
    if alias not in run.features:
        return f"run {run.id} had no such feature"
    try:
        checkpoint = run[alias]
    except CheckpointError:
        return f"run {run.id} kept no checkpoint of it"
    if run.features[alias].state == "failed":
        return f"it failed in run {run.id}"
    return checkpoint.manifest, checkpoint.path


def _what_has_changed(manifest: Manifest, key: CacheKey) -> str | None:
    """Returns what has changed, or None when the checkpoint still holds."""
    if manifest.after_failure:
        return "its checkpoint was recomputed after a failure, so it is not reused"
    if not manifest.cache_key:
        return "its checkpoint was written by a spark_etl that could not resume"
    unknown = unpinned(key)
    if unknown:
        return f"source {', '.join(f'`{name}`' for name in unknown)} has no version, so it may have changed"
    if manifest.cache_key.get("hash") == key.hash:
        return None
    return next(differences(manifest.cache_key.get("parts") or {}, key.parts), "what it depends on has changed")


def is_whole(manifest: Manifest, folder: str, settings: S3Settings | None = None) -> bool:
    """Returns whether the files of a checkpoint are those of its manifest."""
    there = {item.path: item for item in storage_for(folder, settings).walk(manifest.files_folder(folder))}
    found = [(file, there.get(manifest.file_path(folder, file.name))) for file in manifest.files]
    return all(item and item.size == file.bytes and item.has_content(file.etag) for file, item in found)


def _decisions(plan: Plan, usable: Mapping[str, ReuseDecision]) -> dict[str, ReuseDecision]:
    """Returns what becomes of each feature, given which ones hold."""
    needed: dict[str, str] = {}
    waiting = [(alias, reason) for alias, reason in plan.targets.items()]
    while waiting:
        alias, reason = waiting.pop()
        if alias in needed:
            continue
        needed[alias] = reason
        if usable.get(alias) is None or usable[alias].action == "run":
            waiting += [(name, f"`{alias}` reads it") for name in plan.graph.upstreams[alias]]
    skipped = ReuseDecision("skip", "what reads it is reused")
    return {
        alias: usable.get(alias) or ReuseDecision("run", needed[alias]) if alias in needed else skipped
        for alias in plan.order
    }


def _inconsistent_with_recomputed(plan: Plan, decisions: Mapping[str, ReuseDecision]) -> dict[str, ReuseDecision]:
    """Returns the reused features that would be inconsistent with what is computed beside them."""
    previous = plan.previous
    if previous is None:
        return {}
    again = {
        alias
        for alias, decision in decisions.items()
        if decision.action == "run" and not (alias in previous.features and previous.features[alias].deterministic)
    }
    inconsistent = {}
    for alias, decision in decisions.items():
        different = sorted(again & _above(plan, alias)) if decision.action == "reuse" else []
        if different:
            reason = f"it reads `{different[0]}`, which is computed again and may give other values each time"
            inconsistent[alias] = ReuseDecision("run", reason)
    return inconsistent


def _above(plan: Plan, alias: str) -> set[str]:
    return set(plan.graph.needed([alias])) - {alias}


def to_run(order: Iterable[str], decisions: Mapping[str, ReuseDecision]) -> list[str]:
    """Returns the features that are computed, in order."""
    return [alias for alias in order if decisions[alias].action == "run"]
