"""Why two runs part: for each thing that may be another, the cause that is named, and no other."""

from __future__ import annotations

from typing import Any

import pytest
from spark_etl.compare import Cause, FeatureDiff, compare_runs

from tests.unit.spark_etl.compare.runs.conftest import CHAIN, Pipeline, RunSpec, class_text, usual_code

HELPED = """import helpers
from helpers import used as helper

RATE = {rate}
OTHER = {other}


class Orders:
    def transform(self, spark, start_date, end_date, **kwargs):
        return helper(RATE)


class Net(Orders):
    limit = {limit}

    def transform(self, spark, start_date, end_date, **kwargs):
        \"\"\"{doc}\"\"\"
        return self._taxed()  # {doc}

    def _taxed(self):
        return {taxed}


class Report:
    def transform(self, spark, start_date, end_date, **kwargs):
        return open("report.sql").read()
"""
HELPERS = """def used(rate):
    return inner(rate)


def inner(rate):
    return {inner}


def unused():
    return {unused}
"""
USUAL: dict[str, Any] = {
    "rate": 1,
    "other": 1,
    "limit": 1,
    "doc": "a",
    "taxed": 1,
    "inner": 1,
    "unused": 1,
    "sql": "select 1",
}


def project(**changed: Any) -> dict[str, str]:
    known = {**USUAL, **changed}
    return {
        "plans.py": HELPED.format(**known),
        "helpers.py": HELPERS.format(**known),
        "report.sql": f"{known['sql']}\n",
    }


def first(pipeline: Pipeline, a: dict[str, Any], b: dict[str, Any], alias: str) -> FeatureDiff:
    """Returns how the only feature of other rows differs."""
    return compare_runs(pipeline.run(RunSpec(CHAIN, **a)), pipeline.run(RunSpec(CHAIN, **b, other=[alias]))).features[
        alias
    ]


def texts(found: FeatureDiff) -> list[tuple[str, str]]:
    return [(cause.kind, cause.text) for cause in found.causes]


@pytest.mark.parametrize(
    ("alias", "changed", "text"),
    [
        ("net", {"taxed": 2}, "`plans.Net._taxed` is different"),
        ("net", {"limit": 2}, "`plans.Net` is different"),
        ("orders", {"rate": 2}, "`plans.RATE` is different"),
        ("orders", {"inner": 2}, "`helpers.inner` is different"),
        ("orders", {"rate": 2, "inner": 2}, "`plans.RATE`, `helpers.inner` are different"),
        ("orders", {"unused": 2}, "`helpers.unused`, which it imports and does not seem to use, is different"),
        ("report", {"sql": "select 2"}, "the file `report.sql`, which its code names, is different"),
        ("net", {"doc": "b"}, None),
        ("orders", {"other": 2}, None),
        ("report", {"rate": 2}, None),
    ],
)
def test_code_is_named_by_function_and_only_where_the_feature_uses_it(
    pipeline: Pipeline, alias: str, changed: dict[str, Any], text: str | None
) -> None:
    found = first(pipeline, {"code": project()}, {"code": project(**changed)}, alias)
    assert texts(found) == ([("code", text)] if text else [])
    assert bool(text) != any("nothing that the runs have recorded explains it" in note for note in found.notes)


def test_the_text_diff_has_what_matters_alone(pipeline: Pipeline) -> None:
    (cause,) = first(pipeline, {"code": project()}, {"code": project(taxed=2, other=2)}, "net").causes
    lines = cause.text_diff.splitlines()
    assert lines[:2] == ["--- A/plans.py", "+++ B/plans.py"]
    assert [line for line in lines[2:] if line[0] in "+-"] == ["-        return 1", "+        return 2"]
    assert cause.details == ("plans.Net._taxed: plans.py, line 20 in A, line 20 in B",)
    (cause,) = first(pipeline, {"code": project()}, {"code": project(sql="select 2")}, "report").causes
    assert cause.text_diff == "--- A/report.sql\n+++ B/report.sql\n@@ -1,1 +1,1 @@\n-select 1\n+select 2\n"


def test_a_function_of_one_side_is_said_so(pipeline: Pipeline) -> None:
    a, b = (usual_code(CHAIN, net=body) for body in ("return 1", "return new()"))
    b["plans.py"] += "\n\ndef new():\n    return 2\n"
    found = first(pipeline, {"code": a}, {"code": b}, "net")
    assert texts(found) == [("code", "`plans.Net.transform`, `plans.new (only in B)` are different")]


def test_another_class(pipeline: Pipeline) -> None:
    code = usual_code(CHAIN)
    code["plans.py"] += "\n\n" + class_text("net2", "return 2")
    found = first(pipeline, {"code": code}, {"code": code, "classes": {"net": "plans.Net2"}}, "net")
    assert texts(found) == [("code", "its class is plans.Net in A and plans.Net2 in B")]
    assert "-        return 1\n" in found.causes[0].text_diff
    assert "+        return 2\n" in found.causes[0].text_diff


def test_a_class_that_was_moved_as_it_is_explains_nothing(pipeline: Pipeline) -> None:
    code = {**usual_code(CHAIN), "moved.py": class_text("net3", "return 1")}
    sides = ({"code": code}, {"code": code, "classes": {"net": "moved.Net3"}})
    text = "its class is plans.Net in A and moved.Net3 in B, with the same code"
    assert texts(first(pipeline, *sides, "net")) == [("code", text)]
    rates = ({**known, "params": {"net": {"rate": rate}}} for rate, known in enumerate(sides))
    assert texts(first(pipeline, *rates, "net")) == [("parameter", "`rate`: 0 in A, 1 in B")]


@pytest.mark.parametrize("kept", [True, False])
def test_code_that_was_not_kept_is_known_by_its_hash_alone(pipeline: Pipeline, kept: bool) -> None:
    a, b = (usual_code(CHAIN, net=f"return {number}") for number in (1, 2))
    found = first(pipeline, {"code": a, "keep_code": kept}, {"code": b, "keep_code": False}, "net")
    assert texts(found) == [("code", "its code in `plans` is different")]
    assert all("has no code" in line for line in found.causes[0].details)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (
            {"params": {"net": {"rate": 0.1}}},
            {"params": {"net": {"rate": 0.2}}},
            ("parameter", "`rate`: 0.1 in A, 0.2 in B"),
        ),
        ({}, {"params": {"net": {"rate": 0.2}}}, ("parameter", "`rate`: 0.2 in B, not given in A")),
        (
            {"params": {"net": {"rates": {"EUR": 1, "USD": 2}}}},
            {"params": {"net": {"rates": {"EUR": 1, "USD": 3}}}},
            ("parameter", "`rates.USD`: 2 in A, 3 in B"),
        ),
        (
            {"params": {"net": {"rate": "${RATE}"}}, "values": {"net": {"rate": "1"}}},
            {"params": {"net": {"rate": "${RATE}"}}, "values": {"net": {"rate": "2"}}},
            ("parameter", '`rate`: "${RATE}" in both, and ${RATE} had another value, which is not recorded'),
        ),
        (
            {"params": {"net": {"db_password": "Geheim4711"}}},
            {"params": {"net": {"db_password": "Geheim4712"}}},
            ("parameter", "`db_password`: another value in B, a value that is not shown, as it may be a secret"),
        ),
        (
            {"settings": {"spark.sql.session.timeZone": "UTC"}},
            {"settings": {"spark.sql.session.timeZone": "Europe/Berlin"}},
            ("setting", "the session's time zone, `spark.sql.session.timeZone`: \"UTC\" in A, \"Europe/Berlin\" in B"),
        ),
        (
            {},
            {"versions": {"python": "3.11", "pyspark": "4.0.1", "phonenumbers": "9.0"}},
            ("version", "phonenumbers not there in A, 9.0 in B; pyspark 4.1.4 in A, 4.0.1 in B"),
        ),
        (
            {"document": {"spark": {"version": "4.1.4", "java": "17"}}},
            {"document": {"spark": {"version": "4.1.4", "java": "21"}}},
            ("version", "Java 17 in A, 21 in B"),
        ),
        (
            {},
            {"deterministic": {"net": False}},
            ("random or clock", "Spark says that its query gives other rows each time"),
        ),
    ],
)  # fmt: skip
def test_what_is_another_is_the_cause(pipeline: Pipeline, a: Any, b: Any, expected: tuple[str, str]) -> None:
    found = first(pipeline, a, b, "net")
    assert texts(found) == [expected]
    assert "Geheim" not in str(found.to_dict())


def test_dates_and_samples_count_where_a_source_is_read(pipeline: Pipeline) -> None:
    other = {
        "dates": "2024-03-01",
        "sample": {"fraction": 0.1},
        "objects": {"s3a://b/orders/2024-03-01/0.parquet": "e2"},
    }
    found = first(pipeline, {}, other, "orders")
    assert texts(found) == [
        ("dates", "A is for 2024-02-29, B for 2024-03-01"),
        ("sample", 'A has seen all rows, B {"fraction": 0.1}'),
    ]
    assert texts(first(pipeline, {}, other, "net")) == []
    dated = {"code": usual_code(CHAIN, net="return start_date")}
    assert [kind for kind, _ in texts(first(pipeline, dated, {**other, **dated}, "net"))] == ["dates"]


def test_other_objects_are_named_with_their_sizes(pipeline: Pipeline) -> None:
    a = {"objects": {"s3a://b/0": "e1", "s3a://b/1": "e1"}}
    (one,) = first(pipeline, a, {"objects": {"s3a://b/0": "e1", "s3a://b/1": "e2"}}, "orders").causes
    assert one == Cause("source data", "source `data`, 1 object changed: s3a://b/1 (100 B in both)")
    (many,) = first(pipeline, a, {"objects": {"s3a://b/1": "e2", "s3a://b/2": "e1"}}, "orders").causes
    assert many.text == "source `data`, 3 objects differ: 1 changed, 1 added, 1 gone"
    assert many.details == (
        "changed: s3a://b/1 (100 B in both)",
        "added: s3a://b/2 (100 B)",
        "gone: s3a://b/0 (100 B)",
    )


@pytest.mark.parametrize(
    ("read", "text"),
    [
        ({"s3a://b/rates": "f"}, "source `data`, 1 object changed: s3a://b/rates (100 B in both)"),
        ({"s3a://b/rates": "e", "s3a://b/more": "e"}, "source `data`, 1 object added: s3a://b/more (100 B)"),
    ],
)
def test_other_dates_do_not_hide_what_no_day_explains(pipeline: Pipeline, read: dict[str, str], text: str) -> None:
    a = {"objects": {"s3a://b/2024-02-29/0": "e", "s3a://b/rates": "e"}}
    b = {"objects": {"s3a://b/2024-03-01/0": "e", **read}, "dates": "2024-03-01"}
    expected = [("source data", text), ("dates", "A is for 2024-02-29, B for 2024-03-01")]
    assert texts(first(pipeline, a, b, "orders")) == expected


def test_another_source_and_one_without_a_version(pipeline: Pipeline) -> None:
    (cause,) = first(pipeline, {}, {"source": "ParquetSource('s3a://c/x')"}, "orders").causes
    assert (
        cause.text
        == "source `data` is different: S3PublishedSource('s3a://b/orders') in A, ParquetSource('s3a://c/x') in B"
    )
    unpinned = {"objects": {"jdbc:x": None}}
    found = first(pipeline, unpinned, unpinned, "orders")
    assert texts(found) == [
        ("source data", "source `data` has no version: it may have had other rows, which is not recorded")
    ]


@pytest.mark.parametrize(
    ("body", "said", "text"),
    [
        ("return F.rand()", None, "other values each time: `F.rand` in plans.py:8"),
        ("return F.rand()", True, None),
        ("return spark.range(datetime.now().day)", True, "other values each time: `datetime.now` in plans.py:8"),
        ("return F.expr('uuid()')", None, "other values each time: `uuid` in plans.py:8"),
        ("return random.choice([1])", True, "other values each time: `random.choice` in plans.py:8"),
        ("return x.dropDuplicates(['id'])", True,
         "its result may depend on the order of rows: `x.dropDuplicates` in plans.py:8"),
        ("return x.dropDuplicates()", True, None),
        ("return spark.sql('select row_number() over (order by a) from t')", True,
         "its result may depend on the order of rows: `row_number` in plans.py:8"),
        ("return x.filter('rand > 1')", None, None),
    ],
)  # fmt: skip
def test_chance_is_found_in_the_code(pipeline: Pipeline, body: str, said: bool | None, text: str | None) -> None:
    known = {"code": usual_code(CHAIN, net=body), "deterministic": {"net": said}}
    assert texts(first(pipeline, known, known, "net")) == ([("random or clock", text)] if text else [])


def test_the_order_of_rows_is_no_cause_where_there_is_another(pipeline: Pipeline) -> None:
    code = {"code": usual_code(CHAIN, net="return x.limit(self.n)")}
    found = first(pipeline, {**code, "params": {"net": {"n": 1}}}, {**code, "params": {"net": {"n": 2}}}, "net")
    assert [kind for kind, _ in texts(found)] == ["parameter"]


def test_what_is_another_below_may_add_to_it(pipeline: Pipeline) -> None:
    a = pipeline.run(RunSpec(CHAIN, params={"report": {"top": 1}}))
    b = pipeline.run(RunSpec(CHAIN, params={"report": {"top": 2}}, other=["net", "report"]))
    found = compare_runs(a, b).features["report"]
    assert (found.state, texts(found)) == ("differs by its inputs", [("parameter", "`top`: 1 in A, 2 in B")])
    assert found.notes == ("changes of the feature itself may add to the difference",)


def test_nothing_that_explains_it_is_said_with_what_is_not_recorded(pipeline: Pipeline) -> None:
    known = {"params": {"report": {"token": "${TOKEN}"}}}
    found = first(pipeline, known, known, "net")
    assert found.causes == ()
    assert found.notes[0].startswith("nothing that the runs have recorded explains it: code, parameters")
    assert "the values of the environment variables TOKEN" in found.notes[1]
    assert "the order of rows" in found.notes[1]


def test_what_the_code_reads_unrecorded_is_named(pipeline: Pipeline) -> None:
    code = usual_code(CHAIN, net="return spark.sql(Path(f'{name}.sql').read_text(), rate=os.environ['RATE'])")
    sides = ({"code": {**code, "query.sql": f"select {number}", "same.sql": "select 1"}} for number in (1, 2))
    found = first(pipeline, *sides, "net")
    assert found.causes == ()
    assert "what its code reads as it runs, by `os.environ` in plans.py:8, `read_text` in plans.py:8" in found.notes[1]
    assert "whether it reads `query.sql` of the project, others in A than in B" in found.notes[1]


def test_inputs_that_are_damaged_are_not_of_an_earlier_version(pipeline: Pipeline) -> None:
    a, b = (pipeline.run(RunSpec(CHAIN)) for _ in range(2))
    (pipeline.folder / "scratch/team/revenue" / b.id / "_inputs.json").write_text("{")
    (note,) = compare_runs(a, b).notes
    assert note.startswith("what the features of B have read is not known: file:///")
    assert "_inputs.json is no JSON" in note


def test_what_is_there_in_both_and_used_in_one_is_not_another(pipeline: Pipeline) -> None:
    head = "import math\nimport json\n\nLOW = 1\nHIGH = 2\n\n"
    bodies = ("return math.floor(LOW)", "return json.loads(HIGH)")
    sides = ({"code": {"plans.py": head + usual_code(CHAIN, net=body)["plans.py"]}} for body in bodies)
    assert texts(first(pipeline, *sides, "net")) == [("code", "`plans.Net.transform` is different")]


def test_a_run_without_inputs_is_known_by_its_manifests(pipeline: Pipeline) -> None:
    a = {"params": {"net": {"rate": 1}}, "keep_inputs": False}
    b = {"params": {"net": {"rate": 2}}, "keep_inputs": False}
    runs = [pipeline.run(RunSpec(CHAIN, **a)), pipeline.run(RunSpec(CHAIN, **b, other=["net"]))]
    diff = compare_runs(*runs)
    assert texts(diff.features["net"]) == [("parameter", "`rate`: 1 in A, 2 in B")]
    assert any("A has not recorded what its features have read" in note for note in diff.notes)


def test_a_reused_feature_is_known_by_what_it_was_computed_from(pipeline: Pipeline) -> None:
    old = pipeline.run(RunSpec(CHAIN, params={"net": {"rate": 1}}, other=["net"]))
    b = pipeline.run(RunSpec(CHAIN, params={"net": {"rate": 1}}, keep_inputs=False))
    b.document.features["net"].reused_from = old.path
    found = compare_runs(pipeline.run(RunSpec(CHAIN)), b).features["net"]
    assert texts(found) == [("parameter", "`rate`: 1 in B, not given in A")]


def test_what_is_another_in_the_runs_as_a_whole(pipeline: Pipeline) -> None:
    git = {"commit": "0123456789abcdef", "dirty": True}
    document = {"git": git, "requirements": ["x==1"], "session": "connect"}
    b = RunSpec(CHAIN, dates="2024-03-01", versions={"python": "3.12", "pyspark": "4.1.4"}, document=document)
    diff = compare_runs(pipeline.run(RunSpec(CHAIN, document={"session": "local"})), pipeline.run(b))
    assert diff.changes == (
        "dates: A is for 2024-02-29, B for 2024-03-01",
        "version: python 3.11 in A, 3.12 in B",
        "requirements: x not there in A, 1 in B",
        "git: no commit in A, 0123456789ab with changes in B",
        "session: local in A, connect in B",
    )
