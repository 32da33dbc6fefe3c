"""What of a CSV is refused before Spark reads it as something else, and what is not."""

from __future__ import annotations

import pytest
from spark_etl.sources.faults.csv_file import find_silent_csv_faults


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('id,txt\n1,"size 12\\","\n', {}),
        ("# exported 2024; v2\nid,a\n1,2\n", {"comment": "#"}),
        ('id,a\n# foo, "\n1,2\n', {"comment": "#"}),
        ("\n\nid,a\n1,2\n", {}),
    ],
)
def test_what_spark_reads_as_it_is_meant_is_no_fault(text: str, options: dict[str, str]) -> None:
    assert not list(find_silent_csv_faults("a.csv", text, {"header": "true", **options}, options))


def test_the_line_is_that_of_the_file() -> None:
    options = {"header": "true", "comment": "#"}
    (fault,) = find_silent_csv_faults("a.csv", "\n# x\nid;a\n", options, {"comment": "#"})
    assert fault.message.startswith("a.csv, line 3: its header is 'id;a'")
