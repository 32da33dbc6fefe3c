"""`sandbox trust`: it says what would be executed, whatever stands in the run, and obeys nothing of it."""

from __future__ import annotations

from typing import Any

import pytest
from spark_etl.debugging.carried import describe
from spark_etl.reading import Run
from spark_etl.store import RunDocument, StoredRun

ID = "20240229T101112Z-7f3a2c"
ROOT = f"s3a://scratch/users/ada/shop/{ID}"


@pytest.mark.parametrize(
    ("known", "line"),
    [
        ({"config": {"spark": {"spark.plugins": "evil\x1b[2J"}}}, "  Spark setting: spark.plugins=evil"),
        ({"config": {"spark": ["x"]}}, "  Spark setting: no mapping=['x']"),
        ({"config": {"features": {"net": {"class": "a.B", "params": {"x": 1}}}}}, '  feature: net, {"class": "a.B"'),
        ({"config": {"features": "x"}}, '  feature: no mapping, "x"'),
        ({"requirements": ["evil==1"]}, "  package: evil==1"),
    ],
)
def test_each_part_is_listed(known: dict[str, Any], line: str) -> None:
    run = Run(StoredRun(ROOT), RunDocument(ID, ROOT, "ada", "shop", **known), name="N")
    lines = describe(run, "ada", show="sandbox runs show N --code")
    assert lines[0] == "run N, of user ada, carries:"
    assert lines[1].startswith(line)
    assert "\x1b" not in "".join(lines)
