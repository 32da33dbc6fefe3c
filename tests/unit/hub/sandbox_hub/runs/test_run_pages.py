"""The page of a run, of a feature, its code, and what belongs to it."""

from __future__ import annotations

import pytest
from sandbox_hub.runs import limits, run_handlers, run_view
from spark_etl.errors import StorageError
from spark_etl.store import (
    DataFile,
    FeatureInputs,
    Manifest,
    ObjectRecord,
    ReplayRecord,
    RunInputs,
    RunStore,
    SourceRecord,
)
from spark_etl.store.pins import PinnedVersion

from tests.unit.hub.sandbox_hub.runs.conftest import CODE, MODULE, PREFIX, Store

ID, OLDER, LATER = (f"20240229T10111{number}Z-aaaaaa" for number in (2, 1, 3))
RUN = f"team/shop/{ID}"


def test_a_failed_run(store: Store) -> None:
    store.make(RUN, "failed", command="spark-etl run <x>", options={"notify": ["ada@example.com"], "local": False})
    shown = store.fetch(RUN).text
    assert f'<a href="{PREFIX}{RUN}/features/net"><strong>net</strong></a> failed: KeyError: &#x27;CHF&#x27;' in shown
    debug = f"/hub/user-redirect/sandbox/debug/open?run={ID}&amp;feature=net"
    assert f'href="{debug}">Debug net</a>' in shown
    assert f'<a href="{PREFIX}{RUN}/features/orders"><g class="node' in shown, "boxes of the graph are links"
    assert "spark-etl run &lt;x&gt;" in shown
    assert f'run = runs["{ID}"]' in shown.replace("&quot;", '"')
    assert "ada@example.com" in shown
    assert "data-live" not in shown, "it has ended"
    assert "/stop" not in shown
    assert "1.5" in shown


def test_an_imported_run_says_where_it_comes_from(store: Store) -> None:
    known = {"from": "s3a://ci/<x>", "bundle": "ab" * 32, "at": "2024-03-01T10:00:00Z", "by": "ada", "kind": "run"}
    store.make(RUN, "failed", kind="imported", imported={**known, "sample": {"keys": 2}})
    shown = store.fetch(RUN).text
    assert "<dt>Imported</dt><dd>from s3a://ci/&lt;x&gt;" in shown
    assert "a sample: the rows of 2 keys</dd>" in shown


def test_a_run_that_goes_on_is_followed(store: Store) -> None:
    writer = store.make(RUN, "running")
    page, part = store.fetch(RUN).text, store.fetch(RUN, part=True).text
    assert 'data-live="2"' in page
    assert f'data-rest="{PREFIX}{RUN}?rest=1"' in page
    assert part.partition("<dt>Took</dt>")[0].strip() in page
    assert "data-goes-on" in part
    assert "<html" not in part
    rest = store.fetch(f"{RUN}?rest=1", part=True).text
    assert "<h2>Log</h2>" in rest
    assert "<h1>" not in rest
    writer.end("succeeded")
    assert "data-goes-on" not in store.fetch(RUN, part=True).text


def test_what_goes_on_without_a_sign_of_life_has_died(store: Store) -> None:
    writer = store.make(RUN, "running")
    writer.run.beat(15)
    assert ">running</span>" in store.fetch(RUN).text
    (store.scratch / RUN / "_heartbeat.json").write_text('{"at": "2024-02-29T10:11:12+00:00", "every": 15}')
    assert ">died</span>" in store.fetch(RUN).text


@pytest.mark.parametrize(
    "path",
    [
        RUN,
        f"users/bob/shop/{ID}",
        f"users/bob/team/shop/{ID}",
        f"team/../users/bob/shop/{ID}",
        f"team%2F..%2Fusers/bob/{ID}",
        f"users/ada/../bob/shop/{ID}",
        f"users/_pins/shop/{ID}",
        "team/shop/nothing",
    ],
)
def test_what_a_user_may_not_see_is_not_there(store: Store, path: str) -> None:
    store.make(f"users/bob/shop/{ID}", "failed")
    for more in ("", "/code", "/log", "/relations", "/features/net", "/stop"):
        answer = store.fetch(path + more)
        assert answer.status_code == 404, path + more
        assert "KeyError" not in answer.text
    assert store.fetch(f"users/bob/shop/{ID}", user="bob").status_code == 200


def test_a_part_of_an_id_leads_to_the_page(store: Store) -> None:
    store.make(f"team/shop/{OLDER}")
    store.make(f"users/ada/shop/{ID}")
    assert store.fetch(OLDER).headers["Location"] == f"{PREFIX}team/shop/{OLDER}"
    assert store.fetch(ID).headers["Location"] == f"{PREFIX}users/ada/shop/{ID}"
    assert store.fetch(ID, user="bob").status_code == 404
    for part in ("aaaaaa", "2"):
        assert store.fetch(part).headers["Location"] == f"{PREFIX}?q={part}"
    assert store.fetch("bbbbbb").status_code == 404


def test_what_it_read_is_shown_as_far_as_it_is_small(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = tuple(ObjectRecord(f"s3a://published/orders/part-{number}.parquet", 1000, "e") for number in range(30))
    source = SourceRecord("S3PublishedSource('s3a://published/orders')", objects)
    writer = store.make(RUN)
    writer.run.write_inputs(
        RunInputs({"orders": FeatureInputs({"raw": source}), "net": FeatureInputs({"a": "orders"})})
    )
    shown = store.fetch(RUN).text
    assert "30 objects, 30.0 kB" in shown
    assert "published/orders/part-19.parquet" in shown
    assert "part-20" not in shown
    assert "and 10 more" in shown
    monkeypatch.setattr(run_view, "LARGEST_INPUTS", 10)
    assert "What it read can&#x27;t be shown here" in store.fetch(RUN).text


def test_a_document_that_is_too_large_is_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.make(RUN)
    monkeypatch.setattr("sandbox_hub.runs.handlers.LARGEST_DOCUMENT", 10)
    shown = store.fetch(RUN).text
    assert ">damaged</span>" in shown
    assert "has more than 0 MB" in shown


def test_a_large_graph_is_a_page_of_its_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_view, "MOST_GRAPH", 1)
    store.make(RUN)
    shown = store.fetch(RUN).text
    assert "<svg" not in shown
    assert f'href="{PREFIX}{RUN}/graph"' in shown
    assert "<svg" in store.fetch(f"{RUN}/graph").text
    assert limits.MOST_GRAPH == 300


def test_the_log_is_text_that_nothing_obeys(store: Store) -> None:
    writer = store.make(RUN)
    lines = [f"line {number} <script>" for number in range(300)]
    writer.run.write_log("\n".join(lines).encode())
    shown = store.fetch(RUN).text
    assert "line 299 &lt;script&gt;" in shown
    assert "line 99 " not in shown
    assert "these are its last lines" in shown
    log = store.fetch(f"{RUN}/log")
    assert log.text.splitlines()[0] == "line 0 <script>"
    assert log.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert log.headers["Content-Security-Policy"].startswith("sandbox")
    assert log.headers["X-Content-Type-Options"] == "nosniff"


def test_a_failed_feature_shows_the_line(store: Store) -> None:
    store.make(RUN, "failed")
    shown = store.fetch(f"{RUN}/features/net").text
    assert "<code>shop/helpers.py</code></a>, line 5, in <code>rate</code>" in shown
    here = '<span class="here">    return {&quot;USD&quot;: 1}[currency]  # &lt;b&gt;</span>'
    assert here in shown
    assert '<span id="L7" class="class"><span class="k">class</span>' in shown, "its class is marked in its module"
    assert '<span id="L4">' in shown
    assert "sandbox/debug/open" in shown
    assert "sandbox/runs/open?kind=replay" in shown
    assert "kind=rows" not in shown, "it has none"
    assert store.fetch(f"{RUN}/features/nothing").status_code == 404


def test_a_kept_feature_shows_its_columns_and_opens_its_rows_elsewhere(store: Store) -> None:
    features = {"orders": {"class_path": "shop.net.Net", "state": "succeeded", "rows": 3, "bytes": 99}}
    writer = store.make(RUN, features=features)
    files = [DataFile("part-0.parquet", 3, 99)]
    manifest = Manifest(
        "orders", ID, {"id": "bigint", "<b>": "string"}, {}, 3, 99, files, {}, {}, "2024-02-29T10:11:12Z"
    )
    writer.run.write_manifest("orders", manifest)
    shown = store.fetch(f"{RUN}/features/orders").text
    assert "<td>id</td><td><code>bigint</code></td>" in shown
    assert "<td>&lt;b&gt;</td>" in shown
    assert f"sandbox/runs/open?kind=rows&amp;run={ID}&amp;feature=orders" in shown


def test_code_and_what_has_changed_since_the_last_success(store: Store) -> None:
    store.make(f"team/shop/{OLDER}", code={**CODE, "shop/net.py": MODULE.replace("CHF", "USD"), "gone.py": "x = 1\n"})
    store.make(RUN, "failed")
    store.make(f"team/shop/{LATER}")
    files = store.fetch(f"{RUN}/code").text
    assert f'href="{PREFIX}{RUN}/code/shop/net.py"' in files
    file = store.fetch(f"{RUN}/code/shop/helpers.py").text
    assert '<span id="L5">' in file
    assert "# &lt;b&gt;" in file
    assert store.fetch(f"{RUN}/code/../../x").status_code == 404
    assert store.fetch(f"{RUN}/code/nothing.py").status_code == 404
    changed = store.fetch(f"{RUN}/code?against=last-success").text
    assert f"<code>{OLDER}</code>" in changed, "the last one before it"
    assert (
        '<span class="removed">-        return orders.withColumn(&quot;usd&quot;, rate(&quot;USD&quot;))</span>'
        in changed
    )
    assert (
        '<span class="added">+        return orders.withColumn(&quot;usd&quot;, rate(&quot;CHF&quot;))</span>'
        in changed
    )
    assert '<span class="hunk">--- a/gone.py</span>' in changed
    assert "Nothing: both ran the same code" in store.fetch(f"{RUN}/code?against={LATER}").text
    assert store.fetch(f"{RUN}/code?against=nothing").status_code == 404


def test_without_code_it_says_so(store: Store) -> None:
    store.make(RUN, "failed", code=None)
    answer = store.fetch(f"{RUN}/code")
    assert (answer.status_code, "the run has no code" in answer.text) == (422, True)
    shown = store.fetch(f"{RUN}/features/net").text
    assert "the run has no code" in shown
    assert "Debug" not in shown
    assert "File &quot;/project/shop/net.py&quot;, line 9" in shown, "the traceback as it is"


def test_comparing_begins_with_the_last_success(store: Store) -> None:
    assert store.make(RUN, "failed")
    assert "There is no other run" in store.fetch(f"{RUN}/compare").text
    store.make(f"team/shop/{OLDER}")
    store.make(f"team/shop/{LATER}", "failed")
    shown = store.fetch(f"{RUN}/compare").text
    assert f'<option value="{OLDER}" selected>' in shown
    assert f'<option value="{LATER}">' in shown
    assert 'action="/hub/user-redirect/sandbox/runs/open"' in shown


def test_replays_and_who_reuses_and_pins_it(store: Store) -> None:
    run = store.make(RUN, "failed").run
    replay = ReplayRecord(ID, run.root, "net", "the notebook x", {"answer": "no longer fails"})
    store.make(f"users/ada/team/shop/{LATER}", kind="replay", replay=replay)
    reused = {"orders": {"state": "reused", "reused_from": run.root}}
    store.make(f"team/shop/{LATER}", features=reused)
    version = PinnedVersion("bob", "look", 2)
    pinned = [{"path": f"{run.root}/orders", "run": ID, "feature": "orders"}]
    RunStore(str(store.scratch)).pin(version, pinned, "2024-02-29")
    page, part = store.fetch(f"{RUN}/relations").text, store.fetch(f"{RUN}/relations", part=True).text
    assert part.strip() in page
    assert "no longer fails" in part
    assert f'href="{PREFIX}users/ada/team/shop/{LATER}"' in part
    assert f'<li><a href="{PREFIX}team/shop/{LATER}">{LATER}</a></li>' in part
    assert 'href="/services/shelf/bob/look/v2"' in part
    assert "no longer fails" not in store.fetch(f"{RUN}/relations", user="bob").text, "it is ada's own"


def test_only_a_post_stops_a_run(store: Store) -> None:
    writer = store.make(RUN, "running")
    page = store.fetch(f"{RUN}/stop")
    assert f"Stop run {ID}?" in page.text
    assert writer.run.stop_requested_by() is None
    answer = store.fetch(f"{RUN}/stop", user="bob", method="POST")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{PREFIX}{RUN}")
    assert "asked for by bob" in store.fetch(RUN).text
    assert writer.run.stop_requested_by() == "bob"
    writer.end("succeeded")
    assert store.fetch(f"{RUN}/stop", method="POST").status_code == 409


def test_another_site_stops_nothing(store: Store) -> None:
    writer = store.make(RUN, "running")
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert store.fetch(f"{RUN}/stop", method="POST", headers=headers).status_code == 403
    own = store.make(f"users/bob/shop/{ID}", "running")
    assert store.fetch(f"users/bob/shop/{ID}/stop", method="POST").status_code == 404
    assert (writer.run.stop_requested_by(), own.run.stop_requested_by()) == (None, None)


def test_a_store_that_does_not_answer_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise StorageError("it is away")

    monkeypatch.setattr(run_handlers, "list_runs", away)
    answer = store.fetch()
    assert (answer.status_code, "The object store does not answer" in answer.text) == (503, True)


def test_a_document_says_nothing_of_where_it_lies(store: Store) -> None:
    """Neither the snippet to copy nor a button leads to another run, whatever the document calls itself."""
    writer = store.make(RUN, "failed")
    file = store.scratch / RUN / "run.json"
    file.write_text(file.read_text().replace(f'"run_id": "{ID}"', '"run_id": "x\\"]; import os; runs[\\"x"'))
    shown = store.fetch(RUN).text
    assert f'run = runs["{ID}"]' in shown.replace("&quot;", '"')
    assert "import os" not in shown
    assert writer.document.run_id == ID


@pytest.mark.parametrize("graph", [{"orders": ["net"], "net": ["orders"]}, {"net": ["net"], "orders": []}])
def test_what_closes_a_circle_is_said_and_not_drawn(store: Store, graph: dict[str, list[str]]) -> None:
    store.make(RUN, graph=graph)
    assert store.fetch(RUN).status_code == 200
    assert "they read each other in a circle, not drawn: net ← " in store.fetch(f"{RUN}/graph").text


@pytest.mark.parametrize(
    "known",
    [
        {"kind": "replay"},
        {"seconds": 1e300},
        {"sample": {"rows": 10}},
        {"resumed": "../../hub/logout"},
        {"options": {"retries": 0}},
        {"config": {"features": ["x"]}},
        {"by": {"user": "<b>", "host": "\ud800"}},
    ],
)
def test_an_odd_document_is_shown_all_the_same(store: Store, known: dict[str, object]) -> None:
    store.make(RUN, **known)
    answer = store.fetch(RUN)
    assert answer.status_code == 200
    assert 'href="/services/runs/../' not in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize("class_path", ["a\0b.C", "\ud800.C", "x" * 200_000])
def test_an_odd_class_is_not_found_and_breaks_nothing(store: Store, class_path: str) -> None:
    store.make(RUN, features={"net": {"class_path": class_path, "state": "succeeded"}})
    assert store.fetch(f"{RUN}/features/net").status_code == 200


def test_a_traceback_of_long_names_breaks_nothing(store: Store) -> None:
    writer = store.make(RUN, "failed")
    frames = f'  File "{"x" * 15_000}", line 1, in x\n' * 2
    writer.run.write_failure_report("net", {"message": "m", "frames": frames})
    assert store.fetch(f"{RUN}/features/net").status_code == 200
    assert store.fetch(f"{RUN}/code/shop%00net.py").status_code == 404


def test_damaged_inputs_leave_the_page_whole(store: Store) -> None:
    store.make(RUN)
    (store.scratch / RUN / "_inputs.json").write_text('{"format": 1e999}')
    assert "What it read can&#x27;t be shown here" in store.fetch(RUN).text


def test_rows_of_another_users_run_are_not_described(store: Store) -> None:
    manifest = Manifest("orders", ID, {"secret_column": "string"}, {}, 3, 99, [], {}, {}, "2024-02-29T10:11:12Z")
    bobs = store.make(f"users/bob/shop/{OLDER}").run
    teams = store.make(f"team/shop/{OLDER}").run
    for run in (bobs, teams):
        run.write_manifest("orders", manifest)
    for path, run, seen in (
        (RUN, bobs, False),
        (f"users/ada/shop/{ID}", bobs, False),
        (f"users/ada/shop/{LATER}", teams, True),
    ):
        store.make(path, features={"orders": {"state": "reused", "reused_from": run.root, "bytes": 5}})
        assert ("secret_column" in store.fetch(f"{path}/features/orders").text) is seen, path


def test_a_pipeline_may_be_called_users(store: Store) -> None:
    store.make(f"shop/users/{ID}", "running")
    store.make(f"other/users/{OLDER}")
    assert store.fetch(ID).headers["Location"] == f"{PREFIX}shop/users/{ID}"
    assert OLDER not in store.fetch(f"shop/users/{ID}/compare").text
    assert store.fetch(f"shop/users/{ID}/stop", method="POST").status_code == 302


def test_a_later_success_is_not_what_was_before(store: Store) -> None:
    store.make(RUN, "failed")
    store.make(f"team/shop/{LATER}")
    answer = store.fetch(f"{RUN}/code?against=last-success")
    assert (answer.status_code, "no run of its pipeline succeeded before it" in answer.text) == (404, True)
    assert f'<option value="{LATER}" selected>' in store.fetch(f"{RUN}/compare").text
