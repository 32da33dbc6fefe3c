from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.errors import ArgumentError
from spark_etl.sampling import make_sample, read_keys

from tests.unit.spark_etl.runner.conftest import Line, line

__all__ = ["line"]  # the fixture


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("2", "id", None), "--sample '2' is no share"),
        (("0", "id", None), "it must be above 0 and at most 1"),
        (("half", "id", None), "--sample 'half' is no share"),
        (("0.1", None, None), "--sample needs a key column"),
        ((None, "id", None), "--sample-key id without --sample"),
        (("0.1", "id", "keys.csv"), "--keys and --sample exclude each other"),
        ((None, "id", "keys.csv"), "--keys and --sample-key exclude each other"),
        ((None, None, "/nowhere/keys.csv"), "there is no such file"),
    ],
)
def test_what_does_not_fit_together_is_refused(given: tuple[str | None, ...], expected: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        make_sample(*given)
    assert expected in str(caught.value)


def test_percent_are_understood_as_such() -> None:
    with pytest.raises(ArgumentError) as caught:
        make_sample("5", "id", None)
    assert caught.value.hint == "5 percent: `--sample 0.05`"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"customer\n", "has no keys, only their names: customer"),
        (b"customer,customer\n1,2\n", "each column needs a name, and no two the same"),
        (b"customer,day\n1\n", "row 2 has 1 cells, the header 2"),
        (b"\xff\xfe\x00", "neither CSV in UTF-8 nor Parquet"),
        (b"PAR1 no more", "is no whole Parquet file"),
    ],
)
def test_a_file_without_keys_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "keys.csv").write_bytes(content)
    with pytest.raises(ArgumentError) as caught:
        read_keys(str(tmp_path / "keys.csv"))
    assert expected in str(caught.value)


def test_the_same_keys_are_the_same_sample_whatever_file_they_are_in(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\ufeffcustomer\n007\nc1\n\n007\n")
    (tmp_path / "b.csv").write_text("customer\r\nc1\r\n007\r\n")
    parquet.write_table(pa.table({"customer": ["007", "c1"]}), tmp_path / "c.parquet")
    digests = {read_keys(str(tmp_path / name)).digest() for name in ("a.csv", "b.csv", "c.parquet")}
    assert len(digests) == 1
    (tmp_path / "d.csv").write_text("customer\nc1\n7\n")
    assert read_keys(str(tmp_path / "d.csv")).digest() not in digests


def test_a_key_that_no_source_has_is_reported_with_the_columns_there_are() -> None:
    sample = make_sample("0.1", "custmer", None)
    assert sample is not None
    with pytest.raises(ArgumentError, match=r"--sample-key names `custmer`.* Did you mean `customer`") as caught:
        sample.check({"orders.raw": ["id", "customer"], "rates.raw": ["currency"]})
    assert caught.value.hint == "the sources have: orders.raw: customer, id; rates.raw: currency"
    sample = make_sample("0.1", "Customer", None)
    assert sample is not None
    sample.check({"orders.raw": ["id", "customer"]})


def test_a_sampled_run_keeps_what_it_would_publish(line: Line) -> None:
    (line.published / "out" / "net").mkdir(parents=True)
    (line.published / "out" / "net" / "part-0.parquet").write_bytes(b"old")
    plan = line.plan("--sample", "0.1", "--sample-key", "id", "--checkpoint", "orders")
    assert plan.outputs == ()
    assert plan.checkpoints == {
        "net": "kept, not published: the run sees a sample",
        "orders": "kept by --checkpoint",
    }


def test_the_config_may_name_the_key(line: Line) -> None:
    line.project.configure(line.features, "sample_key: customer\npublish: {s3: [{net: {path: out}}]}\n")
    plan = line.plan("--sample", "0.1")
    assert plan.sample is not None
    assert plan.sample.columns == ("customer",)
    assert line.plan().sample is None
