"""`spark-etl plan`: what a run would do and why, found out without Spark."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from spark_etl.drawing import Diagram, Node, as_mermaid, as_svg, as_text
from spark_etl.error_text import error_summary
from spark_etl.errors import ConfigError, NotReturnedError, StorageError
from spark_etl.feature import ConfiguredSparkFeature
from spark_etl.names import listing
from spark_etl.printable import printable, printable_json
from spark_etl.runner.options import Options, read_options
from spark_etl.runner.plan import make_plan
from spark_etl.runner.publish.ownership import refuse_foreign, without_lock
from spark_etl.user_code import guard_user_code, no_hard_exit

if TYPE_CHECKING:
    from spark_etl.runner.plan import Plan

DRAWINGS: dict[str, Callable[[Diagram], str]] = {"text": as_text, "mermaid": as_mermaid, "svg": as_svg}


class PlannedAction(Protocol):
    """What is done about a feature, and why."""

    @property
    def action(self) -> str:
        """`run`, `reuse` or `skip`."""

    @property
    def reason(self) -> str:
        """Why."""


def plan_command(arguments: Namespace) -> str:
    """Returns what `spark-etl plan` prints.

    Args:
        given: The runner's options, and `--format`.

    Raises:
        SparkEtlError: The run would be refused, for the same reason.
    """
    options = _plan_options(arguments)
    # What a project's modules print when they are imported is not part of the plan.
    with redirect_stdout(sys.stderr), no_hard_exit(), guard_user_code():
        plan = make_plan(options)
        _check_outputs(plan)
        diagram = plan_diagram(plan, _planned_actions(plan))
    if arguments.format == "json":
        return _to_json(plan, diagram)
    return DRAWINGS[arguments.format](diagram)


def _plan_options(arguments: Namespace) -> Options:
    """Returns the options, with something for those that a plan does not depend on, unless a run is resumed."""
    if arguments.resume is not None:
        return read_options(arguments)
    start = arguments.start_date or arguments.end_date or datetime.now(UTC).date().isoformat()
    unused = {"team_name": "plan", "scratch_path": "/", "start_date": start, "end_date": arguments.end_date or start}
    known = {name: value for name, value in vars(arguments).items() if value is not None}
    return read_options(Namespace(**{**vars(arguments), **unused, **known}))


def _check_outputs(plan: Plan) -> None:
    """Refuses what the run would; without its store, a plan is drawn all the same."""
    try:
        refuse_foreign(without_lock(plan.outputs), plan.owner, adopt=plan.options.adopt_output)
    except StorageError as error:
        sys.stderr.write(printable(f"not checked what the outputs would replace: {error.message}\n"))


def _planned_actions(plan: Plan) -> Mapping[str, PlannedAction]:
    """Returns what a resumed run would reuse; empty for any other run, which computes what it needs."""
    if plan.previous is None:
        return {}
    from spark_etl.runner.inputs import ResolvedInputs
    from spark_etl.runner.resume.decide import decide

    return decide(plan, ResolvedInputs(plan.graph, plan.order, plan.options.dates))[0]


def plan_diagram(plan: Plan, actions: Mapping[str, PlannedAction] | None = None) -> Diagram:
    """Returns every feature of the config with what is done about it and why."""
    actions = actions or {}
    readers: dict[str, list[str]] = {}
    for alias in plan.order:
        if alias not in actions or actions[alias].action == "run":
            for upstream in plan.graph.upstreams[alias]:
                readers.setdefault(upstream, []).append(alias)
    nodes = [_node(plan, alias, actions.get(alias), readers.get(alias, [])) for alias in plan.graph.order]
    return Diagram(nodes, f"plan of {plan.pipeline}")


def _node(plan: Plan, alias: str, planned: PlannedAction | None, readers: Sequence[str]) -> Node:
    needed = alias in plan.order
    state = planned.action if planned else "run" if needed else "skip"
    reasons = [planned.reason] if planned and planned.reason else []
    reasons += _reasons(plan, alias, readers) if needed else []
    marks = [mark for mark, is_so in _marks(plan, alias).items() if is_so]
    return Node(
        alias=alias,
        upstreams=plan.graph.upstreams[alias],
        sources=tuple(_sources(plan, alias)),
        state=state,
        marks=marks if state != "skip" else (),
        reason="; ".join(reasons) or "not needed",
    )


def _marks(plan: Plan, alias: str) -> dict[str, bool]:
    return {
        "checkpoint": alias in plan.checkpoints,
        "publish": any(output.feature == alias for output in plan.outputs),
    }


def _reasons(plan: Plan, alias: str, readers: Sequence[str]) -> Iterator[str]:
    for output in plan.outputs:
        if output.feature == alias:
            yield f"published to {output.path}" + (", replacing what is there" if output.overwrite else "")
    if alias in plan.checkpoints:
        yield plan.checkpoints[alias]
    if readers:
        yield f"needed by {listing(readers)}"


def _sources(plan: Plan, alias: str) -> Iterator[str]:
    for name, source in plan.graph.features[alias].sources.items():
        if not isinstance(source, ConfiguredSparkFeature):
            yield _source_text(alias, name, source)


def _source_text(alias: str, name: str, source: object) -> str:
    try:
        with guard_user_code():
            return repr(source)
    except Exception as error:
        reason = error.message if isinstance(error, NotReturnedError) else error_summary(error)
        raise ConfigError(f"feature `{alias}`: source `{name}`: its repr(): {reason}") from error


def _to_json(plan: Plan, diagram: Diagram) -> str:
    outputs: dict[str, list[dict[str, Any]]] = {}
    for output in plan.outputs:
        outputs.setdefault(output.feature, []).append({"path": output.path, "overwrite": output.overwrite})
    features = {
        node.alias: {
            "class": plan.config.features[node.alias].class_path,
            "action": node.state,
            "reason": node.reason,
            "checkpoint": "checkpoint" in node.marks,
            "publish": outputs.get(node.alias, []),
            "upstreams": list(node.upstreams),
            "sources": list(node.sources),
        }
        for node in diagram.nodes
    }
    document = {"pipeline": plan.pipeline, "order": list(plan.order), "features": features}
    return printable_json(json.dumps(document, indent=2))
