"""The lessons of `learn`, as learners do them on local Spark: solved by the hints, and wrong answers refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from spark_etl.learning.answer import Answer, select_keys
from spark_etl.learning.desk import Desk
from spark_etl.learning.finding import CheckVerdict
from spark_etl.learning.lesson import Assignment, find_lesson, load_lessons

from tests.spark.support import SharedSpark

SEED = 20240229


@dataclass(frozen=True)
class Edit:
    """A change of the project: a text of the file with the bug, and what a learner writes instead."""

    old: str
    new: str


@dataclass(frozen=True)
class Case:
    """How a lesson is solved, and how not.

    Attributes:
        number: The lesson.
        fix: What its hints lead to; in the words of the first variant.
        wrong: Kind of the finding → a wrong fix.
        evidence: Kind of the finding → feature, rows and `of` of a wrong answer.
        same: Other ways to say which rows it is.
    """

    number: int
    fix: Edit
    wrong: dict[str, Edit]
    evidence: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    same: tuple[str, ...] = ()


JOIN = 'orders.join(customers, orders["customer_id"] == customers["customer_id"])'
MONTH = 'F.date_format("sold_at", "yyyy-MM")'
WHERE = 'orders.where(F.col("channel") != "internal")'
PARSE = "    return Decimal(text)\n"
CASES = [
    Case(
        1,
        Edit(
            JOIN,
            f'{JOIN}.where((orders["ordered_on"] >= F.col("valid_from")) & (orders["ordered_on"] < F.col("valid_to")))',
        ),
        {
            "changed": Edit(JOIN, 'orders.join(customers.dropDuplicates(["customer_id"]), ["customer_id"])'),
            "deleted": Edit(
                JOIN, f'{JOIN}.where(F.col("valid_to") > "2024-12-31").where("valid_from < \'2024-01-01\'")'
            ),
        },
        {
            "above": ("customers", "discount > 0", ""),
            "more": ("priced_orders", "charged > 0", ""),
            "refused": ("priced_orders", "chargd > 0", ""),
        },
        (
            "(select count(*) from this as o where o.order_id = this.order_id) > 1;",
            "customer_id in (select customer_id from customers group by customer_id having count(*) > 1)",
            "-- twice\nselect ORDER_ID from this group by order_id having count(*) > 1",
            "(select cast(order_id as varchar) as order_id from priced_orders group by 1 having count(*) > 1)",
            "select order_id::double as order_id from priced_orders group by 1 having count(*) > 1",
        ),
    ),
    Case(
        2,
        Edit(MONTH, 'F.date_format(F.from_utc_timestamp("sold_at", ZONE), "yyyy-MM")'),
        {
            "changed": Edit(MONTH, 'F.date_format(F.to_utc_timestamp("sold_at", ZONE), "yyyy-MM")'),
            "deleted": Edit(
                'sales.select("sale_id"',
                "sales.where(\"to_date(sold_at) not between '2024-02-28' and '2024-03-02'\").select(\"sale_id\"",
            ),
        },
        {"below": ("revenue_by_month", "revenue > 0", ""), "missing": ("sales_by_month", "amount < 20", "")},
    ),
    Case(
        3,
        Edit(WHERE, 'orders.where(~F.col("channel").eqNullSafe("internal"))'),
        {
            "added": Edit(WHERE, "orders"),
            "changed": Edit(WHERE, 'orders.fillna("unknown", ["channel"]).where(F.col("channel") != "internal")'),
            "same": Edit(WHERE, 'orders.dropna(subset=["channel"]).where(F.col("channel") != "internal")'),
        },
        {"empty": ("countable_orders", "channel is null", "")},
    ),
    Case(
        4,
        Edit(PARSE, '    if text.startswith("("):\n        return -Decimal(text[1:-1])\n' + PARSE),
        {
            "emptied": Edit(PARSE, f"    try:\n    {PARSE}    except Exception:\n        return None\n"),
            "deleted": Edit("receipts.withColumn(", "receipts.where(\"total rlike '^[0-9.]+$'\").withColumn("),
            "fails": Edit(PARSE, "    return Decimal(text.strip())\n"),
        },
        {"refused": ("parsed_receipts", "amount is null", "")},
    ),
]


class Learner:
    """Somebody who does a lesson, on the Spark that all tests share."""

    def __init__(self, home: Path, spark: SharedSpark, number: int, seed: int = SEED) -> None:
        self.home = home
        self.desk = Desk(home)
        self.number = number
        self._spark = spark
        spark.start()
        self.started = self.desk.start(number, seed)
        self.assignment: Assignment = find_lesson(number, load_lessons()).for_seed(seed)
        self._file = Path(self.started.folder) / self.assignment.lesson.declared.bug.file
        self._original = self._file.read_text()

    def edit(self, edit: Edit) -> None:
        """Makes one change to the project as it came."""
        old, new = self.assignment.with_replacements(edit.old), self.assignment.with_replacements(edit.new)
        assert old in self._original
        self._file.write_text(self._original.replace(old, new))

    @property
    def code(self) -> str:
        """The file with the bug, as it is now."""
        return self._file.read_text()

    def check(self, feature: str | None = None, rows: str | None = None, of: str | None = None) -> CheckVerdict:
        self._spark.start()
        return self.desk.check(
            self.number, *(text and self.assignment.with_replacements(text) for text in (feature, rows, of))
        )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def kinds(verdict: CheckVerdict) -> list[str]:
    return [finding.kind for finding in verdict.findings]


def hard_coded(given: Assignment) -> Edit | None:
    """Returns a fix that is right for the rows of the run, and for no others; of lesson 1, none."""
    keys = ", ".join(map(str, sorted(given.planted.keys)))
    edits = {
        2: Edit(
            MONTH,
            "F.when((F.col('sold_at') < '2024-03-01') & (F.from_utc_timestamp('sold_at', ZONE) >= '2024-03-01'), "
            "'2024-03').when((F.col('sold_at') >= '2024-03-01') & (F.from_utc_timestamp('sold_at', ZONE) < "
            f"'2024-03-01'), '2024-02').otherwise({MONTH})",
        ),
        3: Edit(WHERE, f'orders.where((F.col("channel") != "internal") | F.col("order_id").isin({keys}))'),
    }
    if given.lesson.number == 4:
        (row,) = [row for row in given.planted.right.to_pylist() if row["receipt_id"] in given.planted.keys]
        edits[4] = Edit(PARSE, f"    if text == '{row['total']}':\n        return Decimal('{row['amount']}')\n{PARSE}")
    return edits.get(given.lesson.number)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"lesson {case.number}")
def test_a_lesson_is_solved_by_its_hints_and_by_nothing_less(case: Case, home: Path, shared_spark: SharedSpark) -> None:
    learner = Learner(home, shared_spark, case.number)
    given = learner.assignment
    assert learner.desk.run(case.number).status == ("failed" if given.lesson.declared.fails else "succeeded")

    learner.edit(case.fix)
    for kind, (feature, rows, of) in case.evidence.items():
        refused = learner.check(feature, rows, of)
        assert kind in kinds(refused), (kind, refused)
        assert "fix" not in {finding.part for finding in refused.findings}, "no fix is looked at without the rows"
        assert not refused.replay
        texts = " ".join(finding.text for finding in refused.findings)
        assert ".." not in texts
        assert "Next:" not in texts

    for rows in case.same:
        answer = Answer(given.feature, given.with_replacements(rows), given.frame)
        assert select_keys(learner.desk.run(case.number), answer, given.key) == given.planted.keys, rows

    hints = [learner.desk.hint(case.number).text for _ in given.hints]
    assert f"`{given.solution}`" in "\n".join(hints)
    for kind, edit in case.wrong.items():
        learner.edit(edit)
        refused = learner.check(given.feature, given.solution, given.frame)
        assert kind in kinds(refused), (kind, refused)
        assert not refused.solved
        assert refused.right == ["feature", "rows"]
        assert not refused.after
    if edit := hard_coded(given):
        learner.edit(edit)
        refused = learner.check()
        assert kinds(refused) == ["named"], refused
        assert "right for these rows, wrong for others" in refused.findings[0].text
    assert learner.desk.list()[case.number - 1].state == "started"

    learner.edit(case.fix)
    solved = learner.check()
    assert solved.solved, solved
    assert "never returns" in solved.after
    row = learner.desk.list()[case.number - 1]
    assert (row.state, row.hints, row.hints_of) == ("solved", len(hints), len(hints))
    document = json.loads((home / "learn" / "progress.json").read_text())
    assert document["lessons"][str(case.number)]["checks"] == row.checks > 3


def test_a_lesson_that_was_started_is_left_as_it_is_until_it_is_reset(home: Path, shared_spark: SharedSpark) -> None:
    learner = Learner(home, shared_spark, 3)
    learner.edit(CASES[2].fix)
    edited = learner.code
    assert learner.desk.start(3).state == "unchanged"
    assert learner.code == edited
    learner.desk.reset(3)
    assert not Path(learner.started.folder).exists()
    assert learner.desk.list()[2].state == "new"
    again = Learner(home, shared_spark, 3, seed=SEED + 1)
    assert again.assignment.planted.keys != learner.assignment.planted.keys
    assert not again.check().right
