from __future__ import annotations

from spark_etl.store.verify import files_digest


def test_the_digest_stays_what_it_was_since_records_of_the_shelf_keep_it() -> None:
    files = [{"name": "part-0.parquet", "rows": 3, "bytes": 1024, "etag": "abc"}]

    assert files_digest(files) == "92602d34d9a72f2a0b45e6bbfb2295a98c7263d014f959b987b7d33c8d31ef88"
    assert files_digest([dict(reversed(files[0].items()))]) == files_digest(files), "the order of keys is no content"
    assert files_digest([{**files[0], "etag": "abd"}]) != files_digest(files)
