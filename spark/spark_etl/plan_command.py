"""`spark-etl plan`: what a run would do and why, found out without Spark."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from spark_etl.drawing import Diagram, Node, as_mermaid, as_svg, as_text
from spark_etl.errors import ConfigError, NotReturnedError, StorageError, UsageError
from spark_etl.feature import ConfiguredSparkFeature
from spark_etl.names import listing
from spark_etl.runner.options import parse_options
from spark_etl.runner.ownership import refuse_foreign, unclaimed
from spark_etl.runner.plan import make_plan
from spark_etl.user_code import guard_user_code, no_hard_exit

if TYPE_CHECKING:
    from spark_etl.runner.plan import Plan

DRAWN: dict[str, Callable[[Diagram], str]] = {"text": as_text, "mermaid": as_mermaid, "svg": as_svg}
EPILOG = """The other options are those of `spark-etl run`; see `spark-etl run --help`. Without --resume, a team,
dates and a scratch path are not needed. Exit codes: 0 the run would start, 2 it would be refused, 5 the store does not
answer."""


class Decision(Protocol):
    """What is done about a feature, and why."""

    @property
    def action(self) -> str:
        """`run`, `reuse` or `skip`."""

    @property
    def reason(self) -> str:
        """Why."""


def _decided(plan: Plan) -> Mapping[str, Decision]:
    """Returns what a resumed run would reuse; of any other run nothing is decided, it computes what it needs."""
    if plan.previous is None:
        return {}
    from spark_etl.runner.inputs import Inputs
    from spark_etl.runner.resume.decide import decide

    return decide(plan, Inputs(plan.graph, plan.order, plan.options.dates))[0]


def plan_command(argv: Sequence[str]) -> str:
    """Returns what `spark-etl plan` prints.

    Args:
        argv: The runner's options, and `--format`.

    Raises:
        SparkEtlError: The run would be refused, for the same reason.
    """
    given, rest = _parser().parse_known_args(list(argv))
    options = parse_options(_completed(rest))
    # What a project's modules print when they are imported is not part of the plan.
    with redirect_stdout(sys.stderr), no_hard_exit(), guard_user_code():
        plan = make_plan(options)
        _look_at_outputs(plan)
        diagram = plan_diagram(plan, _decided(plan))
    if given.format == "json":
        return _json(plan, diagram)
    return DRAWN[given.format](diagram)


def _look_at_outputs(plan: Plan) -> None:
    """Refuses what the run would; without its store, a plan is drawn all the same."""
    try:
        refuse_foreign(unclaimed(plan.outputs), plan.owner, adopt=plan.options.adopt_output)
    except StorageError as error:
        sys.stderr.write(f"not looked at what the outputs would replace: {error.message}\n")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint="spark-etl plan --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="spark-etl plan",
        allow_abbrev=False,
        description="Prints what a run would do and why; starts nothing.",
        usage="spark-etl plan --feature-config FILE [--format FORMAT] [options of spark-etl run]",
        epilog=EPILOG,
    )
    parser.add_argument("--format", choices=[*DRAWN, "json"], default="text", help="default: text")
    return parser


def _completed(argv: Sequence[str]) -> list[str]:
    """Returns the options with something for those that a plan does not depend on, unless a run is resumed."""
    given = {word.partition("=")[0] for word in argv}
    if given & {"--resume", "--help", "-h"}:
        return list(argv)
    today = datetime.now(UTC).date().isoformat()
    start = _value(argv, "--start-date") or _value(argv, "--end-date") or today
    end = _value(argv, "--end-date") or start
    unused = {"--team-name": "plan", "--scratch-path": "/", "--start-date": start, "--end-date": end}
    return [*argv, *(word for name, value in unused.items() if name not in given for word in (name, value))]


def _value(argv: Sequence[str], name: str) -> str | None:
    pairs = zip_longest(argv, argv[1:])
    found = [following if word == name else word.partition("=")[2] for word, following in pairs if _is(word, name)]
    return found[-1] if found else None


def _is(word: str, name: str) -> bool:
    return word.partition("=")[0] == name


def plan_diagram(plan: Plan, decisions: Mapping[str, Decision] | None = None) -> Diagram:
    """Returns every feature of the config with what is done about it and why."""
    decisions = decisions or {}
    readers: dict[str, list[str]] = {}
    for alias in plan.order:
        if alias not in decisions or decisions[alias].action == "run":
            for upstream in plan.graph.upstreams[alias]:
                readers.setdefault(upstream, []).append(alias)
    nodes = [_node(plan, alias, decisions.get(alias), readers.get(alias, [])) for alias in plan.graph.order]
    return Diagram(nodes, f"plan of {plan.pipeline}")


def _node(plan: Plan, alias: str, decision: Decision | None, readers: Sequence[str]) -> Node:
    needed = alias in plan.order
    state = decision.action if decision else "run" if needed else "skip"
    why = list(_reasons(plan, alias, readers)) if needed else []
    told = [decision.reason] if decision and decision.reason else []
    marks = [mark for mark, is_so in _marks(plan, alias).items() if is_so]
    return Node(
        alias=alias,
        upstreams=plan.graph.upstreams[alias],
        sources=tuple(_sources(plan, alias)),
        state=state,
        marks=marks if state != "skip" else (),
        reason="; ".join([*told, *why]) or "not needed",
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
            yield _shown(alias, name, source)


def _shown(alias: str, name: str, source: object) -> str:
    try:
        with guard_user_code():
            return repr(source)
    except Exception as error:
        told = error.message if isinstance(error, NotReturnedError) else f"{type(error).__name__}: {error}"
        raise ConfigError(f"feature `{alias}`: source `{name}`: its repr(): {told}") from error


def _json(plan: Plan, diagram: Diagram) -> str:
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
    return json.dumps({"pipeline": plan.pipeline, "order": list(plan.order), "features": features}, indent=2)
