"""The list of runs: which ones a user sees, in which order, and that nothing in them is obeyed."""

from __future__ import annotations

import re

import pytest
from sandbox_hub.runs import listing
from spark_etl.store import ReplayRecord

from tests.unit.hub.sandbox_hub.runs.conftest import PREFIX, Store

FIRST, SECOND, THIRD = (f"20240229T10111{number}Z-aaaaaa" for number in (1, 2, 3))


def ids(html: str) -> list[str]:
    return re.findall(r"<code>(\d{8}T\d{6}Z-[0-9a-f]{6})</code></a>", html)


def test_nothing_ran_yet(store: Store) -> None:
    answer = store.fetch()
    assert answer.status_code == 200
    assert "Nothing ran yet." in answer.text
    assert "./sandbox run" in answer.text


def test_runs_of_teams_and_ones_own_newest_first(store: Store) -> None:
    store.make(f"team/shop/{FIRST}", "failed")
    store.make(f"users/ada/shop/{SECOND}")
    store.make(f"users/bob/shop/{THIRD}")
    shown = store.fetch().text
    assert ids(shown) == [SECOND, FIRST]
    assert f'href="{PREFIX}users/ada/shop/{SECOND}"' in shown
    assert f'href="{PREFIX}team/shop/{FIRST}/features/net">net</a>' in shown
    assert "your own" in shown
    assert "2024-02-29" in shown
    assert ids(store.fetch(user="bob").text) == [THIRD, FIRST]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=billing", [SECOND]),
        ("q=NET+failed", [FIRST]),
        (f"q={FIRST[-9:]}", [FIRST, SECOND, THIRD][:1] if FIRST[-9:] != SECOND[-9:] else []),
        ("q=nothing", []),
        ("status=failed", [FIRST]),
        ("status=nonsense", [SECOND, FIRST]),
        ("pipeline=billing", [SECOND]),
        ("replays=1", [THIRD, SECOND, FIRST]),
        (f"before={SECOND[:16]}.1", [FIRST]),
        (f"before={SECOND[:16]}.0", [SECOND, FIRST]),
        ("before=nonsense", [SECOND, FIRST]),
    ],
)
def test_only_those_that_match(store: Store, query: str, found: list[str]) -> None:
    store.make(f"team/shop/{FIRST}", "failed")
    store.make(f"team/billing/{SECOND}")
    store.make(f"team/shop/{THIRD}", kind="replay", replay=ReplayRecord(FIRST, "x", "net"))
    assert ids(store.fetch(f"?{query}").text) == found


def test_some_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "SHOWN", 2)
    for run_id in (FIRST, SECOND, THIRD):
        store.make(f"team/shop/{run_id}")
    shown = store.fetch("?q=shop").text
    assert ids(shown) == [THIRD, SECOND]
    assert f'href="{PREFIX}?q=shop&amp;before={SECOND[:16]}.1"' in shown
    assert ids(store.fetch(f"?q=shop&before={SECOND[:16]}.1").text) == [FIRST]
    assert "Older runs" not in store.fetch(f"?before={SECOND[:16]}.1").text


def test_runs_of_one_second_are_each_on_a_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in the order of the moments that they started at, not of their ids."""
    monkeypatch.setattr(listing, "SHOWN", 3)
    made = [f"20240229T101112Z-00000{number}" for number in range(8)]
    for number, run_id in enumerate(made):
        store.make(f"team/shop/{run_id}", started=f"2024-02-29T10:11:12.{900 - number}Z")
    seen: list[str] = []
    query = ""
    while True:
        shown = store.fetch(query).text
        seen += ids(shown)
        older = re.search(r'href="[^"]*(\?before=[^"]+)">Older', shown)
        if not older:
            break
        query = older[1]
    assert seen == made


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e999", "-5"])
def test_a_mark_that_makes_no_sense_hides_nothing(store: Store, seconds: str) -> None:
    store.make(f"team/shop/{FIRST}")
    store.make(f"team/shop/{SECOND}")
    (marks,) = (store.scratch / "team" / "shop" / "_runs").iterdir()
    (mark,) = [each for each in marks.iterdir() if each.name.startswith(SECOND)]
    parts = mark.name.split("~")
    mark.rename(marks / "~".join([*parts[:4], seconds, *parts[5:]]))
    assert ids(store.fetch().text) == [SECOND, FIRST]


def test_ids_of_no_moment_hide_nothing(store: Store) -> None:
    store.make(f"team/shop/{FIRST}")
    for name in ("20249999T999999Z-aaaaaa", "20249999T999999Z-bbbbbb"):
        store.make(f"team/shop/{name}", "running").document.started = None
        file = store.scratch / "team" / "shop" / name / "run.json"
        file.write_text(re.sub(r'"started": "[^"]+"', '"started": null', file.read_text()))
    assert FIRST in ids(store.fetch().text)


def test_only_what_changes_is_followed(store: Store) -> None:
    for query, followed in (("", True), ("?status=failed", True), ("?q=x", False), ("?before=2024", False)):
        assert ("data-live" in store.fetch(query).text) is followed, query


def test_the_part_that_a_script_asks_for_is_the_table_alone(store: Store) -> None:
    store.make(f"team/shop/{FIRST}", "running")
    page, part = store.fetch().text, store.fetch(part=True).text
    assert "<html" not in part
    assert ids(part) == [FIRST]
    assert 'data-live="4"' in page
    assert part.strip() in page


def test_what_others_wrote_is_text(store: Store) -> None:
    hostile = "<script>x</script>\x1b]0;x\x07\u202e"
    store.make(f"team/shop/{FIRST}", "failed", failed=hostile, by={"user": hostile})
    (store.scratch / "team" / "shop" / SECOND).mkdir()
    (store.scratch / "team" / "shop" / SECOND / "run.json").write_text('{"format": ' + "[" * 5000)
    answer = store.fetch()
    assert ids(answer.text) == [SECOND, FIRST]
    assert "<script>x" not in answer.text
    assert "&lt;script&gt;x&lt;/script&gt;\\x1b" in answer.text
    assert not set("\x1b\x07\u202e") & set(answer.text)
    assert '<span class="bad">damaged</span>' in answer.text


def test_the_page_allows_its_own_script_alone(store: Store) -> None:
    answer = store.fetch()
    policy = answer.headers["Content-Security-Policy"]
    assert re.search(r"script-src http://127\.0\.0\.1:\d+/services/runs/static/;", policy)
    assert "default-src 'none'" in policy
    assert len(re.findall("<script", answer.text)) == 1
    assert store.fetch("static/runs.js").headers["Content-Type"].startswith("text/javascript")
    assert store.fetch("static/../service.py").status_code == 404
