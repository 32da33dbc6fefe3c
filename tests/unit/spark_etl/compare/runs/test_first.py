"""Where two runs part: the first features that differ, brackets where rows are missing, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Barrier
from typing import Any
from unittest.mock import Mock

import pytest
from spark_etl.compare import FanOut, KeyDuplicates, RowDiff, RunDiff, compare_rows, compare_runs, compare_schemas
from spark_etl.compare.runs import rows as compared
from spark_etl.compare.runs import side
from spark_etl.errors import ArgumentError, ReadError
from spark_etl.reading import Checkpoint, Run
from spark_etl.store import ReplayRecord

from tests.unit.spark_etl.compare.runs.conftest import (
    CHAIN,
    DIAMOND,
    FAN_OUT_FAN_IN,
    LONG,
    NO_ROWS,
    Graph,
    Pipeline,
    RunSpec,
    usual_code,
)

SAME, DIFFERS, BY_INPUTS, UNKNOWN = "same", "differs", "differs by its inputs", "can't be compared"


def states(diff: RunDiff) -> list[str]:
    return [feature.state for feature in diff.features.values()]


@pytest.mark.parametrize(
    ("graph", "other", "first", "expected"),
    [
        (CHAIN, [], [], [SAME, SAME, SAME]),
        (CHAIN, ["orders", "net", "report"], ["orders"], [DIFFERS, BY_INPUTS, BY_INPUTS]),
        (CHAIN, ["net", "report"], ["net"], [SAME, DIFFERS, BY_INPUTS]),
        (CHAIN, ["report"], ["report"], [SAME, SAME, DIFFERS]),
        (CHAIN, ["orders", "report"], ["orders", "report"], [DIFFERS, SAME, DIFFERS]),
        (DIAMOND, ["users", "joined", "report"], ["users"], [SAME, DIFFERS, BY_INPUTS, BY_INPUTS]),
        (DIAMOND, ["orders", "users", "joined"], ["orders", "users"], [DIFFERS, DIFFERS, BY_INPUTS, SAME]),
        (FAN_OUT_FAN_IN, ["net", "gross", "report"], ["net", "gross"], [SAME, DIFFERS, DIFFERS, BY_INPUTS]),
        (FAN_OUT_FAN_IN, ["gross", "report"], ["gross"], [SAME, SAME, DIFFERS, BY_INPUTS]),
    ],
)
def test_the_first_feature_that_differs_is_the_one_whose_inputs_are_the_same(
    pipeline: Pipeline, graph: Graph, other: Sequence[str], first: Sequence[str], expected: Sequence[str]
) -> None:
    diff = compare_runs(pipeline.run(RunSpec(graph)), pipeline.run(RunSpec(graph, other=other)))
    assert states(diff) == expected
    assert diff.first == tuple(first)
    assert diff.brackets == ()
    assert (diff.answer, diff.exit_code) == (("different", 1) if other else ("same", 0))


@pytest.mark.parametrize(
    ("lost", "other", "first", "bracket"),
    [
        # lost on either side, others in B, first, (equal, between, different)
        (["net"], ["report", "joined", "taxed"], [], (["orders"], ["net"], "taxed")),
        (["net", "taxed"], ["joined", "report"], [], (["orders"], ["net", "taxed"], "joined")),
        (["orders", "net"], ["taxed", "joined", "report"], [], ([], ["orders", "net"], "taxed")),
        (["taxed"], ["orders", "net", "joined", "report"], ["orders"], None),
        (["report"], ["joined"], ["joined"], None),
    ],
)
@pytest.mark.parametrize("side", ["A", "B"])
def test_where_rows_are_missing_the_bracket_is_named(
    pipeline: Pipeline, lost: Sequence[str], other: Sequence[str], first: Sequence[str], bracket: Any, side: str
) -> None:
    known = {"deterministic": dict.fromkeys(lost, False)}
    a = pipeline.run(RunSpec(LONG, lost=lost if side == "A" else (), **known))
    b = pipeline.run(RunSpec(LONG, lost=lost if side == "B" else (), other=other, **known))
    diff = compare_runs(a, b)
    assert diff.first == tuple(first)
    found = [(list(each.equal), list(each.between), each.different) for each in diff.brackets]
    assert found == ([bracket] if bracket else [])
    assert diff.answer == "different"
    assert all(diff.features[name].reason == f"not kept in {side}" for name in lost)


def test_a_feature_without_rows_is_presumed_the_same_if_all_it_depends_on_is(pipeline: Pipeline) -> None:
    a, b = (pipeline.run(RunSpec(CHAIN, lost=["net"], other=other)) for other in ([], ["report"]))
    diff = compare_runs(a, b)
    assert diff.features["net"].presumed_same
    assert diff.first == ("report",)
    assert "rows of `net` are not there" in " ".join(diff.features["report"].notes)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"deterministic": {"net": False}}, {}),
        ({"deterministic": {"net": None}, "keep_code": False}, {}),
        ({"code": usual_code(CHAIN, net="return F.rand()"), "deterministic": {"net": None}},) * 2,
        ({"code": usual_code(CHAIN, net="return kwargs['orders'].limit(1)")},) * 2,
        ({"code": usual_code(CHAIN, net="return datetime.now()")},) * 2,
        ({"code": usual_code(CHAIN, net="return os.environ['RATE']")},) * 2,
        ({"code": usual_code(CHAIN, net="return os.getenv('RATE')")},) * 2,
        ({"code": usual_code(CHAIN, net="return spark.read.option('header', True).csv('/x.csv')")},) * 2,
        ({"code": usual_code(CHAIN, net="return spark.table('x')")},) * 2,
        ({"code": usual_code(CHAIN, net="return importlib.import_module('x').f()")},) * 2,
        ({"code": usual_code(CHAIN, net="return spark.sql(Path(__file__).with_name(f'{x}.sql').read_text())")},) * 2,
        ({"params": {"net": {"rate": 1}}}, {"params": {"net": {"rate": 2}}}),
        ({"code": usual_code(CHAIN, net="return 1")}, {"code": usual_code(CHAIN, net="return 2")}),
        ({"keep_inputs": False}, {}),
        ({"skipped": ["net"], "lost": []}, {}),
    ],
)
def test_it_is_not_presumed_where_something_may_be_another(pipeline: Pipeline, a: Any, b: Any) -> None:
    diff = compare_runs(*(pipeline.run(RunSpec(CHAIN, **{"lost": ["net"], **known})) for known in (a, b)))
    assert not diff.features["net"].presumed_same


def test_what_reads_a_source_without_a_version_is_not_presumed(pipeline: Pipeline) -> None:
    a, b = (pipeline.run(RunSpec(CHAIN, lost=["orders"], objects={"jdbc:x": None})) for _ in range(2))
    assert not compare_runs(a, b).features["orders"].presumed_same


def test_suspects_are_what_is_another_in_a_bracket(pipeline: Pipeline) -> None:
    known = {"lost": ["net", "taxed"], "code": usual_code(LONG, joined="return kwargs['taxed'].limit(1)")}
    a = pipeline.run(RunSpec(LONG, params={"taxed": {"rate": 1}}, **known))
    b = pipeline.run(RunSpec(LONG, params={"taxed": {"rate": 2}}, other=["joined", "report"], **known))
    diff = compare_runs(a, b)
    (bracket,) = diff.brackets
    assert (bracket.equal, bracket.between, bracket.suspects) == (("net",), ("taxed",), ("taxed",))
    assert [cause.kind for cause in diff.features["taxed"].causes] == ["parameter"]
    assert diff.features["joined"].causes == (), "the order of rows explains nothing where something else does"


@pytest.mark.parametrize(
    ("lost", "compared", "answer"),
    [
        (["orders"], "all", "same"),  # what reads it is the same
        (["report"], "all", "can't be compared"),
        (["orders", "net", "report"], "all", "can't be compared"),
        (["report"], "net", "same"),
    ],
)
def test_the_answer_without_all_rows(pipeline: Pipeline, lost: Sequence[str], compared: str, answer: str) -> None:
    known = {"deterministic": dict.fromkeys(lost, False)}
    a, b = (pipeline.run(RunSpec(CHAIN, lost=lost, **known)) for _ in range(2))
    diff = compare_runs(a, b, feature=None if compared == "all" else compared)
    assert diff.answer == answer
    assert diff.exit_code == {"same": 0, "can't be compared": 2}[answer]


def test_all_presumed_and_nothing_compared_is_no_same(pipeline: Pipeline) -> None:
    a, b = (pipeline.run(RunSpec(CHAIN, lost=list(CHAIN))) for _ in range(2))
    diff = compare_runs(a, b)
    assert all(feature.presumed_same for feature in diff.features.values())
    assert diff.answer == "can't be compared"


def test_a_failure_in_one_run_is_where_they_part(pipeline: Pipeline) -> None:
    a = pipeline.run(RunSpec(CHAIN))
    b = pipeline.run(RunSpec(CHAIN, failed={"net": "no EUR rate"}, skipped=["report"]))
    diff = compare_runs(a, b)
    assert diff.first == ("net",)
    assert diff.features["net"].state == "differs"
    assert diff.features["net"].reason == "failed in B: no EUR rate"
    assert diff.features["report"].reason == "skipped in B because `net` failed"
    assert diff.exit_code == 1


@pytest.mark.parametrize(
    ("message", "state", "reason"),
    [
        ("no rate for 2024-03-01", UNKNOWN, "failed in both in the same way: no rate for 2024-02-29"),
        ("out of memory", DIFFERS, "failed in A: no rate for 2024-02-29; failed in B: out of memory"),
    ],
)
def test_a_failure_in_both_runs(pipeline: Pipeline, message: str, state: str, reason: str) -> None:
    texts = ("no rate for 2024-02-29", message)
    diff = compare_runs(*(pipeline.run(RunSpec(CHAIN, failed={"net": text}, skipped=["report"])) for text in texts))
    assert (diff.features["net"].state, diff.features["net"].reason) == (state, reason)


def test_a_feature_of_one_run_is_said_and_explains_what_reads_it(pipeline: Pipeline) -> None:
    a = pipeline.run(RunSpec(CHAIN))
    b = pipeline.run(RunSpec({"orders": [], "rates": [], "net": ["orders", "rates"], "report": ["net"]}, other=["net"]))
    diff = compare_runs(a, b)
    assert list(diff.features) == ["orders", "rates", "net", "report"]
    assert diff.features["rates"].reason == "only in B"
    assert [cause.text for cause in diff.features["rates"].causes] == ["`rates` is only in B"]
    assert diff.first == ("net",)
    assert "it reads `rates` in B only" in [cause.text for cause in diff.features["net"].causes]


def test_features_that_one_run_did_not_need_are_not_run_there(pipeline: Pipeline) -> None:
    document = {"order": ["orders"], "not_run": ["net", "report"]}
    diff = compare_runs(pipeline.run(RunSpec(CHAIN)), pipeline.run(RunSpec(CHAIN, document=document)))
    assert diff.features["net"].reason == "not run in B"
    assert diff.answer == "can't be compared"


class Computer:
    """Computes rows: those of the run itself, which it has all kept under another id."""

    def __init__(self, whole: Mapping[str, Run]) -> None:
        self.whole = whole
        self.asked: list[tuple[str, list[str]]] = []

    def __call__(self, run: Run, features: Sequence[str]) -> Mapping[str, Checkpoint]:
        self.asked.append((run.name, list(features)))
        return {alias: self.whole[run.name][alias] for alias in features}


def test_what_lies_in_a_bracket_is_computed_once_for_each_run(pipeline: Pipeline) -> None:
    known = {"deterministic": {"net": False, "taxed": False}}
    other = ["taxed", "joined", "report"]
    a, b = (pipeline.run(RunSpec(LONG, lost=["net", "taxed"], other=each, **known)) for each in ([], other))
    whole = {a.name: pipeline.run(RunSpec(LONG)), b.name: pipeline.run(RunSpec(LONG, other=other))}
    compute = Computer(whole)
    diff = compare_runs(a, b, compute=compute)
    assert compute.asked == [(a.name, ["net", "taxed"]), (b.name, ["net", "taxed"])]
    assert (diff.first, diff.brackets) == (("taxed",), ())
    assert diff.features["taxed"].computed == ("A", "B")
    assert diff.features["orders"].computed == ()


def test_the_feature_asked_for_is_computed_with_what_lies_above(pipeline: Pipeline) -> None:
    known = {"deterministic": {"net": False}}
    a = pipeline.run(RunSpec(CHAIN, lost=["net", "report"], **known))
    b = pipeline.run(RunSpec(CHAIN, other=["report"], **known))
    compute = Computer({a.name: pipeline.run(RunSpec(CHAIN))})
    diff = compare_runs(a, b, feature="report", compute=compute)
    assert compute.asked == [(a.name, ["net", "report"])]
    assert diff.first == ("report",)
    assert diff.features["report"].computed == ("A",)


def test_without_a_bracket_the_ends_are_computed(pipeline: Pipeline) -> None:
    a, b = (pipeline.run(RunSpec(CHAIN, lost=["report"], deterministic={"report": False})) for _ in range(2))
    whole = pipeline.run(RunSpec(CHAIN))
    diff = compare_runs(a, b, compute=Computer({a.name: whole, b.name: pipeline.run(RunSpec(CHAIN))}))
    assert diff.answer == "same"


def test_what_can_not_be_computed_is_said_and_the_bracket_stays(pipeline: Pipeline) -> None:
    def refuse(run: Run, features: Sequence[str]) -> Mapping[str, Checkpoint]:
        raise ReadError("its code is gone")

    known = {"lost": ["net"], "deterministic": {"net": False}}
    a, b = (pipeline.run(RunSpec(CHAIN, other=other, **known)) for other in ([], ["report"]))
    diff = compare_runs(a, b, compute=refuse)
    assert [each.different for each in diff.brackets] == ["report"]
    assert [note for note in diff.notes if "its code is gone" in note] == [
        "rows of net could not be computed in A: its code is gone",
        "rows of net could not be computed in B: its code is gone",
    ]


def test_one_feature_is_compared_with_what_it_depends_on_alone(pipeline: Pipeline) -> None:
    a, b = (pipeline.run(RunSpec(FAN_OUT_FAN_IN, other=other)) for other in ([], ["gross", "report"]))
    diff = compare_runs(a, b, feature="net")
    assert list(diff.features) == ["orders", "net"]
    assert diff.answer == "same"
    with pytest.raises(ArgumentError, match=r"neither run has computed a feature `nett`. Did you mean `net`"):
        compare_runs(a, b, feature="nett")


def test_a_checkpoint_that_is_gone_or_damaged_stops_nothing(pipeline: Pipeline) -> None:
    a, b = (pipeline.run(RunSpec(CHAIN)) for _ in range(2))
    folder = pipeline.folder / "scratch/team/revenue" / b.id
    (folder / "orders/_manifest.json").unlink()
    (folder / "net/_manifest.json").write_text("{")
    (folder / "report/part-0.parquet").write_bytes(b"x")
    diff = compare_runs(a, b)
    assert states(diff) == [UNKNOWN] * 3
    assert "not kept in B any more" in diff.features["orders"].reason
    assert "can't be read in B" in diff.features["net"].reason
    assert "part-0.parquet" in diff.features["report"].reason


def test_in_s3_manifests_and_objects_are_looked_up_side_by_side(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = pipeline.run(RunSpec(CHAIN)), pipeline.run(RunSpec(CHAIN, other=["net"]))
    both, waiting = Barrier(2, timeout=10), {"orders", "report"}

    def look_up(one: Checkpoint, other: Checkpoint) -> bool:
        if one.feature in waiting:
            waiting.remove(one.feature)
            both.wait()  # none goes on until two are at it
        return one.feature == "orders"

    monkeypatch.setattr(compared, "has_same_etags", lambda one, _: one.feature != "net")
    monkeypatch.setattr(compared, "has_same_files", look_up)
    monkeypatch.setattr(compared, "has_same_small_rows", lambda *_: False)
    monkeypatch.setattr(compared, "compare_rows", Mock(side_effect=ReadError("compared")))
    monkeypatch.setattr(side, "is_s3", lambda _: True)
    found = compare_runs(a, b).features.values()
    assert [(each.state, each.reason) for each in found] == [(SAME, ""), (UNKNOWN, "compared"), (UNKNOWN, "compared")]


def test_what_lies_above_a_feature_of_another_name_may_be_where_they_part(pipeline: Pipeline) -> None:
    renamed = {"orders": [], "net": ["orders"], "taxed": ["net"], "summed": ["taxed"], "report": ["summed"]}
    a = pipeline.run(RunSpec(LONG, lost=["net"], code=usual_code({**LONG, **renamed}, net="return 1")))
    code = usual_code({**LONG, **renamed}, net="return 2")
    b = pipeline.run(RunSpec(renamed, lost=["net", "taxed"], other=["report"], code=code))
    found = compare_runs(a, b)
    assert found.first == ()
    assert [(each.different, each.equal, each.between, each.suspects[0]) for each in found.brackets] == [
        ("report", ("orders",), ("net", "taxed"), "net")
    ]


@pytest.mark.parametrize(("damaged", "answer"), [("report", "can't be compared"), ("net", "same")])
def test_a_damaged_end_is_not_presumed_to_be_the_same(pipeline: Pipeline, damaged: str, answer: str) -> None:
    a, b = (pipeline.run(RunSpec(CHAIN)) for _ in range(2))
    (pipeline.folder / "scratch/team/revenue" / b.id / damaged / "_manifest.json").write_text("{")
    assert compare_runs(a, b).answer == answer


def test_no_rows_are_rows_too(pipeline: Pipeline) -> None:
    a = pipeline.run(RunSpec(usual=2, other=["net"], value=NO_ROWS))
    b = pipeline.run(RunSpec(usual=2))
    found = compare_runs(a, b)
    assert (found.first, found.features["net"].state) == (("net",), DIFFERS)
    rows = found.features["net"].rows
    assert rows is not None
    assert (rows.rows_a, rows.rows_b, rows.only_b) == (0, 3, 3)
    c = pipeline.run(RunSpec(usual=2, other=["net"], value=NO_ROWS))
    assert compare_runs(a, c).answer == "same"


@pytest.mark.parametrize(
    ("keys", "rows", "duplicates", "asked"),
    [
        ((), (3, 5), (None, None), ["B", "A"]),  # on the longer side, and not on the other
        ((), (3, 3), (None, None), []),
        (("id",), (5, 5), (KeyDuplicates(1, 2), None), ["A"]),
        (("id",), (3, 5), (None, None), []),
        (("id", "day"), (3, 5), (None, None), ["B", "A"]),
    ],
)
def test_a_fan_out_is_looked_for_on_the_side_whose_rows_are_more(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, keys: Any, rows: Any, duplicates: Any, asked: list[str]
) -> None:
    seen: list[str] = []

    def find(side: str, feature: str, keys: Sequence[str], frame: Checkpoint, upstreams: Any) -> FanOut | None:
        assert (feature, frame.feature, list(upstreams)) == ("joined", "joined", ["orders", "users"])
        seen.append(side)
        return FanOut(side, feature, ("id",), "orders", "users", ("user",), 4) if len(seen) == 1 else None

    known = dict(zip(("rows_a", "rows_b", "duplicates_a", "duplicates_b"), (*rows, *duplicates), strict=True))
    known["keys_from"] = "columns unique in both" if keys else ""
    diff = RowDiff("a", "b", compare_schemas({}, {}), only_b=1, keys=keys, **known)
    monkeypatch.setattr(compared, "_find_fan_out", find)
    monkeypatch.setattr(
        compared, "compare_rows", lambda a, b, **_: diff if a.feature == "joined" else compare_rows(a, b)
    )
    a, b = pipeline.run(RunSpec(DIAMOND)), pipeline.run(RunSpec(DIAMOND, other=["users", "joined"]))
    found = compare_runs(a, b).features["joined"]
    assert found.state == BY_INPUTS
    assert (seen, bool(found.fan_out)) == (asked, bool(asked))


@pytest.mark.parametrize(("origin", "asked"), [("a column unique in A", [("v",), (), ("id",)]), ("--keys", [("v",)])])
def test_a_fan_out_may_be_by_another_column_than_the_key_that_was_found(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, origin: str, asked: list[Any]
) -> None:
    seen: list[Any] = []

    def find(side: str, feature: str, keys: Sequence[str], frame: Checkpoint, upstreams: Any) -> FanOut | None:
        seen.append(tuple(keys))
        return FanOut(side, feature, ("id",), "orders", "users", ("user",), 4) if not keys else None

    repeated = KeyDuplicates(1, 2)
    diff = RowDiff("a", "b", compare_schemas({}, {}), 3, 4, 0, 1, keys=("v",), keys_from=origin, duplicates_b=repeated)
    same = RowDiff("a", "b", compare_schemas({}, {}), 3, 3)
    monkeypatch.setattr(compared, "_find_fan_out", find)
    monkeypatch.setattr(compared, "compare_rows", lambda a, *_, **__: diff if a.feature == "joined" else same)
    a, b = pipeline.run(RunSpec(DIAMOND)), pipeline.run(RunSpec(DIAMOND, other=["joined"]))
    found = compare_runs(a, b, feature="joined").features["joined"].fan_out
    assert (seen, bool(found)) == (asked, len(asked) > 1)


def test_a_replay_reads_what_its_run_has_kept(pipeline: Pipeline) -> None:
    origin = pipeline.run(RunSpec(CHAIN))
    record = ReplayRecord(origin.name, origin.path, "net")
    document = {"kind": "replay", "replay": record, "order": ["net"]}
    replay = pipeline.run(RunSpec(CHAIN, other=["net"], document=document))
    diff = compare_runs(origin, replay, feature="net")
    assert diff.first == ("net",)
    assert diff.features["orders"].state == "same"


def test_an_adopted_run_has_no_causes(pipeline: Pipeline) -> None:
    document = {"kind": "adopted", "graph": {"orders": [], "report": []}, "order": ["orders", "report"], "code": None}
    a = pipeline.run(RunSpec(CHAIN, params={"report": {"rate": 1}}))
    diff = compare_runs(a, pipeline.run(RunSpec(CHAIN, other=["report"], document=document, keep_inputs=False)))
    assert diff.features["net"].reason == "not adopted in B"
    assert diff.features["report"].state == "differs"
    assert diff.features["report"].causes == ()
    assert any("B was adopted" in note for note in diff.notes)
    assert diff.changes == ()


@pytest.mark.parametrize(("tolerance", "answer"), [(5.0, "can't be compared"), (None, "different")])
def test_what_is_the_same_within_a_tolerance_makes_nothing_presumed_the_same(
    pipeline: Pipeline, tolerance: float | None, answer: str
) -> None:
    a, b = (pipeline.run(RunSpec(CHAIN, lost=["report"], usual=2, value=4, other=other)) for other in ([], ["net"]))
    diff = compare_runs(a, b, tolerance=tolerance)
    assert diff.answer == answer
    assert (diff.features["net"].state, diff.features["report"].presumed_same) == (
        "same" if tolerance else "differs",
        False,
    )
