"""What looks personal or secret is found by names, and by a look at some texts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.bundles.personal import by_name, by_values, find_personal
from spark_etl.store import Frame, FrameFile, Manifest, SourceFile


@pytest.mark.parametrize(
    "name",
    ["email", "E_MAIL", "customerEmail", "phone_number", "iban", "first_name", "lastName", "dateOfBirth", "street",
     "card_number", "ip_address", "postalCode", "PAN", "user_name"],
)  # fmt: skip
def test_personal_names(name: str) -> None:
    assert by_name(name) == "personal, by its name"


@pytest.mark.parametrize("name", ["password", "api_key", "apiKey", "access_key", "client_secret", "token", "passwd"])
def test_secret_names(name: str) -> None:
    assert by_name(name) == "secret, by its name"


@pytest.mark.parametrize(
    "name",
    ["id", "amount", "panel", "company", "order_key", "key", "name", "japan", "expand"],
)
def test_names_that_say_nothing(name: str) -> None:
    assert by_name(name) is None


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["nothing", "ask ada@example.com about it"], "e-mail"),
        (["DE89 3704 0044 0532 0130 00"], "IBAN"),
        (["4111 1111 1111 1111", "5500000000000004"], "card"),
        (["+49 30 1234567", "030-1234567"], "phone"),
    ],
)
def test_personal_values(values: list[str], what: str) -> None:
    found = by_values(values)
    assert found is not None
    assert what in found


@pytest.mark.parametrize(
    "values",
    [[], ["", "a"], ["DE89 3704 0044 0532 0130 01"], ["4111 1111 1111 1112"], ["2024-02-29"], ["a@b"], ["12345678"],
     ["1234567890123"]],
)  # fmt: skip
def test_values_that_say_nothing(values: list[str]) -> None:
    assert by_values(values) is None


def test_a_long_text_takes_no_time() -> None:
    assert by_values(["a" * 1_000_000 + "@", "." * 1_000_000, "1 " * 500_000]) is None


def frame(folder: Path, table: pa.Table) -> Frame:
    parquet.write_table(table, folder / "0.parquet")
    manifest = Manifest("orders", "r", {}, {}, 0, 0, [], {}, {}, "")
    return Frame("orders", manifest, (FrameFile("0.parquet", f"file://{folder}/0.parquet"),))


def test_columns_of_frames_and_sources_are_named(tmp_path: Path) -> None:
    inner = pa.array([{"street": "x"}], pa.struct([("street", pa.string())]))
    table = pa.table({"id": [1], "note": ["mail ada@example.com"], "home": inner, "password": ["x"]})
    (tmp_path / "people.csv").write_text("id,surname\n1,Lovelace\n")
    (tmp_path / "log.txt").write_text("to: ada@example.com\n")
    sources = [
        SourceFile(f"s3a://b/{name}/x", f"file://{tmp_path}/{name}", 1, None)
        for name in ("people.csv", "log.txt", "gone")
    ]
    found = {(each.place, each.column) for each in find_personal([frame(tmp_path, table)], sources, None)}
    assert found == {
        ("orders", "note"),
        ("orders", "home.street"),
        ("orders", "password"),
        ("s3a://b/people.csv", "surname"),
        ("s3a://b/log.txt", ""),
    }


def test_a_file_that_is_no_parquet_stops_nothing(tmp_path: Path) -> None:
    found = frame(tmp_path, pa.table({"email": ["x"]}))
    (tmp_path / "0.parquet").write_bytes(b"PAR1 nothing")
    assert find_personal([found], [], None) == []
