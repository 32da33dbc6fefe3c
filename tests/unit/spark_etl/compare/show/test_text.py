"""A comparison as text: the answer first, then where the runs part, why, and in which rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from spark_etl.compare import Cause, FeatureDiff, RunDiff
from spark_etl.compare.show import Commands, run_text

from tests.support.comparisons import CODE, A, B, bracketed, different, same

SANDBOX = Commands("./sandbox")
HEAD = f"""\
A and B differ. They part at `net`: the features that it reads are the same in
both, its rows are not.
  `net`: code: `convert` of `shop.pricing`
  1 feature differs by its inputs; `top` has changes of its own, too.
A: {A}, run of sandbox/shop for 2024-02-28: succeeded
B: {B}, run of sandbox/shop for 2024-02-29: succeeded
also changed: Spark 4.0.1 in A, 4.1.4 in B

feature  state                  A rows  B rows  only A  only B  changed
orders   same                    1,200   1,200       0       0
rates    same                        3       3       0       0
net      differs                59,760  59,761       0       1       12
top      differs by its inputs  59,760  59,761       0       1       12
lost     presumed the same

net: differs
  cause: code: `convert` of `shop.pricing`
    shop.pricing.convert
    commit 1234567 in A, 89abcde in B
    --- A/shop/pricing.py
    +++ B/shop/pricing.py
    @@ -12,3 +12,3 @@
     def convert(frame, rates):
    -    joined = frame.join(rates, "currency")
    +    joined = frame.join(rates, "currency", "left")
         return joined
  fan-out in B at the join of `orders` with `rates`: `rates` has several rows
    for one currency, so 2 rows of `net` share their id
"""
TAIL = f"""
  note: n1

Of features that differ by their inputs:
  top: parameter: `limit`: 10 in A, 20 in B
note: B is a sample

next: ./sandbox replay {A}/net --code PROJECT
        B's code in PROJECT, on what A had read: is it the cause?"""


def test_the_whole_text_of_two_runs_that_part_at_a_feature() -> None:
    shown = run_text(different(), width=80, commands=SANDBOX)
    assert shown.startswith(HEAD)
    assert shown.endswith(TAIL)
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("width", [40, 80, 120])
def test_it_fits_a_terminal_but_for_commands_to_copy(width: int) -> None:
    shown = run_text(different(), width=width, commands=SANDBOX).splitlines()
    assert [line for line in shown[:-2] if len(line) > width] == []
    assert run_text(different(), commands=SANDBOX).count("\n") < len(shown), "without a terminal, nothing is folded"


def test_a_table_that_is_a_little_too_wide_loses_what_is_zero_everywhere() -> None:
    net = RunDiff(A, B, features={f.alias: f for f in (same("orders"), same("a_name_of_thirty_characters_ab"))})
    shown = run_text(net, width=70, commands=SANDBOX)
    assert "\norders                          same    1,200   1,200\n" in shown
    assert "only A" not in shown
    narrow = run_text(different(), width=50, commands=SANDBOX).splitlines()
    assert "orders: same, A rows 1,200, B rows 1,200" in narrow, "a line each where even that is too wide"


def test_what_proves_a_cause_depends_on_the_cause() -> None:
    def commands(*causes: Cause) -> str:
        net = replace(different().features["net"], causes=causes)
        return run_text(RunDiff(A, B, features={"net": net}, first=("net",)), commands=SANDBOX)

    assert f"next: ./sandbox replay {A}/net --code PROJECT" in commands(Cause("parameter", "`limit`"))
    assert f"next: ./sandbox replay {B}/net\n" in commands(Cause("random or clock", "`rand()`"))
    assert f"next: ./sandbox replay {B}/net\n" in commands(), "nothing else explains it"
    assert "next: " not in commands(Cause("source data", "`raw`")), "a replay reads what the run had read"
    assert f'runs["{A}"].replay("net", code="PROJECT")' in str(different())


def test_in_a_notebook_runs_are_named_so_that_they_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever they were found by: `runs.at("s3a://scratch/users/")["aaaaaa"]` is no name for `runs`."""
    own = replace(different(), path_a=f"s3a://scratch/users/ada/shop/{A}", path_b=f"s3a://scratch/team/shop/{B}")
    monkeypatch.setenv("SANDBOX_SCRATCH", "s3a://scratch/")
    assert f'next: runs["users/ada/shop/{A}"].replay("net"' in str(own)
    monkeypatch.delenv("SANDBOX_SCRATCH")
    assert f'next: runs["s3a://scratch/users/ada/shop/{A}"].replay("net"' in str(own)
    assert f"next: ./sandbox replay {A}/net" in run_text(own, commands=SANDBOX)


def test_where_rows_are_missing_the_bracket_is_named_and_how_to_close_it() -> None:
    shown = run_text(bracketed(), commands=Commands("./sandbox", chosen=("--keys", "id")))
    assert "They part between `orders`, which is the same, and `total`, which differs" in shown
    assert "rows of `middle` are not there on both sides" in shown
    assert "middle: can't be compared; no rows in A\n  cause: code" in shown
    assert f"next: ./sandbox diff {A} {B} --keys id --compute" in shown
    assert f'runs.diff("{A}", "{B}", compute=True)' in str(bracketed()), "in a notebook, in Python"


def test_nothing_that_explains_it_is_said() -> None:
    diff = different()
    net = replace(diff.features["net"], causes=())
    shown = str(replace(diff, features={**diff.features, "net": net}))
    assert "`net`: no cause is found in what the runs have recorded" in shown
    published = replace(diff, b="s3a://published/net", features={"net": net})
    assert "no cause" not in str(published)
    assert ".replay(" not in str(published)


def test_the_same_and_what_is_only_presumed() -> None:
    lost = FeatureDiff("lost", "can't be compared", reason="not kept", presumed_same=True)
    shown = str(RunDiff(A, B, features={"orders": same("orders"), "lost": lost}))
    assert shown.startswith("A and B are the same. The rows of 1 feature are the same. 1 feature more: without rows")
    assert "next:" not in shown


def test_what_cannot_be_compared_has_its_reason() -> None:
    lost = FeatureDiff("lost", "can't be compared", reason="rows of A are gone")
    shown = str(RunDiff(A, B, features={"lost": lost}))
    assert shown.startswith("A and B can't be compared.\n  `lost`: rows of A are gone\n")
    assert "next:" not in shown
    diff = RunDiff(A, B, features={"lost": replace(lost, reason="not kept in A")})
    assert f"next: ./sandbox diff {A} {B} --compute\n" in run_text(diff, commands=SANDBOX)
    assert "next:" not in run_text(diff, commands=replace(SANDBOX, computes=True)), "that was tried"
    partly = str(RunDiff(A, B, features={"orders": same("orders"), "lost": lost}))
    known = "The rows of 1 feature are the same, those of 1 feature are not known."
    assert partly.startswith(f"A and B can't be compared as a whole. {known}\n  `lost`: rows of A are gone\n")


def test_a_feature_that_fails_on_one_side_parts_without_rows() -> None:
    net = FeatureDiff("net", "differs", reason="it failed in B: ValueError", causes=(CODE,))
    shown = str(RunDiff(A, B, features={"net": net}, first=("net",)))
    assert "They part at `net`: it failed in B: ValueError." in shown


def test_a_feature_that_reads_another_one_is_not_said_to_read_the_same() -> None:
    cause = Cause("graph", "it reads `rates` in B only")
    net = replace(different().features["net"], upstreams=("orders", "rates"), causes=(cause,))
    shown = " ".join(str(replace(different(), features={"net": net}, first=("net",))).split())
    assert "They part at `net`: it reads other features, and its rows are not the same in both." in shown


def test_of_a_long_graph_what_differs_is_shown_and_the_rest_counted() -> None:
    many = {f"f{number}": same(f"f{number}") for number in range(996)}
    followers = {f"d{number}": FeatureDiff(f"d{number}", "differs by its inputs", ("net",)) for number in range(60)}
    diff = replace(different(), features={**different().features, **many, **followers})
    shown = str(diff)
    assert "and 1,021 features more: 998 same, 1 presumed the same, 22 differs by its inputs" in shown
    assert "\nnet   " in shown
    assert len(shown.splitlines()) < 100
    assert "top" in shown


def test_a_long_text_diff_is_cut_with_the_command_that_shows_all() -> None:
    long = Cause("code", "`f` of `m`", text_diff="\n".join(f"+line {number}" for number in range(100)))
    net = replace(different().features["net"], causes=(long,))
    shown = run_text(replace(different(), features={"net": net}), commands=SANDBOX)
    assert "+line 39" in shown
    assert "+line 40" not in shown
    assert f"60 lines more: ./sandbox runs show {B} --code" in shown


def test_rows_as_multisets_advise_keys() -> None:
    net = different().features["net"]
    assert net.rows is not None
    diff = replace(different(), features={"net": replace(net, rows=replace(net.rows, keys=()))})
    assert f"./sandbox diff {A} {B} --keys COLUMN" in run_text(diff, commands=SANDBOX)
    asked = run_text(different(), commands=Commands("./sandbox", feature="top"))
    assert "\ntop: differs by its inputs\n  cause: parameter" in asked, "what is asked for is shown wherever runs part"
    assert 'feature="net", keys="COLUMN")' in str(replace(diff, features={**different().features, **diff.features}))
