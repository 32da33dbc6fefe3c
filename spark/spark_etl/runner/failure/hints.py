"""What to do about a reason whose message does not say it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from spark_etl.code.import_hint import IN_A_PACKAGE, RELATIVE_FILE
from spark_etl.code.libraries import NOT_INSTALLED
from spark_etl.names import in_config
from spark_etl.runner.failure.reason import Reason

MISSING = re.compile(r"ModuleNotFoundError: No module named")

Hints = tuple[tuple[str, str], ...]

MORE_SPACE = "free space there: ./sandbox status shows the stack's disk, folders of old runs may go"
NOT_ALLOWED = "the run's user may not read or write there: check the path, and whose credentials the run has"

# A pattern in the reason → the next thing to do; the first that matches counts. What Spark and its libraries say:
OF_SPARK: Hints = (
    (
        r"Python worker (exited unexpectedly|failed to connect)",
        "a UDF's process has died: it was killed for its memory, or native code crashed. To see where: "
        f"{in_config('spark.sql.execution.pyspark.udf.faulthandler.enabled: true')}",
    ),
    (
        r"exit(ed with)? (code|status):? ?(137|143)|exceeding .*memory limits|Container killed",
        "an executor was killed for its memory: "
        f"{in_config('spark.executor.memoryOverhead: 1g')}, or smaller partitions",
    ),
    (
        r"OutOfMemoryError|Java heap space|GC overhead limit|UNABLE_TO_ACQUIRE_MEMORY",
        "give executors more memory: "
        f"{in_config('spark.executor.memory: 4g')}, or make partitions smaller: .repartition(…)",
    ),
    (
        r"the query plan is too deep",
        "add many columns by one select() or withColumns() instead of a loop of withColumn(), read many files by one "
        "source instead of a loop of union(), or cut the plan in two features with a checkpoint between them",
    ),
    (
        r"^Spark is stopped",
        "a feature may not stop Spark, nor its context: the runner starts it, and stops it when the run has ended",
    ),
    (
        r"ONLY_SUPPORTED_WITH_SPARK_CONNECT|CONNECT_URL_NOT_SET|multiple SparkContexts|another Spark session",
        "use the `spark` that transform() is given, and spark.sparkContext: a run has one session",
    ),
    (
        r"bigger than spark\.driver\.maxResultSize",
        "collect(), toPandas() or a broadcast brings too many rows to the driver: aggregate or filter before, or let "
        f"the rows stay a DataFrame; {in_config('spark.driver.maxResultSize: 4g')} allows more",
    ),
    (
        r"Could not execute broadcast in|broadcastTimeout",
        "the smaller side of a join takes too long to compute, or is not small: keep it as a checkpoint before, or "
        f"{in_config('spark.sql.autoBroadcastJoinThreshold: -1')}",
    ),
    (
        r"^(Could not|Cannot) broadcast the table|larger than .*: \d+ (rows|GB|MB)",
        f"do not broadcast it: {in_config('spark.sql.autoBroadcastJoinThreshold: -1')}, and no F.broadcast()",
    ),
    (
        r"the file .* was deleted after the run had listed it",
        "something has deleted or rewritten it meanwhile: run again; a feature may not write where it reads",
    ),
    (
        r"No space left on device|ENOSPC|Disk quota exceeded|XMinioStorageFull",
        MORE_SPACE,
    ),
    (
        r"AccessDenied|Access Denied|Status Code: 403|Permission denied|AccessControlException",
        NOT_ALLOWED,
    ),
    (
        r"a value of a class that Spark does not take",
        "return Python's own values instead of those of NumPy or pandas: float(x), int(x), x.tolist()",
    ),
    (
        r"is no UTF-8|UnicodeDecodeError: 'utf-?8' codec can't decode|\[CANNOT_DECODE",
        "a text column has bytes that are no UTF-8: F.is_valid_utf8(col) finds them, F.make_valid_utf8(col) replaces "
        "them, and a CSV in Latin-1 is read with options={'encoding': 'ISO-8859-1'}",
    ),
    (
        r"DATETIME_(WEEK_BASED_)?PATTERN|DateTimeFormatter|timeParserPolicy",
        "write the pattern as Spark 3 and later read it (yyyy, not YYYY); "
        f"{in_config('spark.sql.legacy.timeParserPolicy: LEGACY')} brings the old one back",
    ),
    (r"PARAMETER_VALUE\.CHARSET\]", f"{in_config('spark.sql.legacy.javaCharsets: true')} allows all encodings of Java"),
    (r"Not enough bytes in channel", in_config("spark.sql.session.localRelationCacheThreshold: 67108864")),
    (
        r"Checksum error: ",
        "the file is damaged: write it again; if it was rewritten beside an older one's checksums, delete `.NAME.crc` "
        "beside it",
    ),
    (r"FAILED_TO_UNCOMPRESS|could not read (a )?page", "the file is damaged: write it again"),
)

# What Python says, by the class of what is raised: a text of the project's own may have any words in it.
OF_PYTHON: Hints = (
    (
        r"^AttributeError: .*has no attribute '(toordinal|timetuple)'",
        "a UDF that promises a date or a timestamp returns something else: return datetime.date or datetime.datetime",
    ),
    (RELATIVE_FILE.pattern, IN_A_PACKAGE),
    (
        r"^NotADirectoryError: .*\.zip/",
        "on executors the project is a zip, in which open() finds nothing: "
        'importlib.resources.files(__package__).joinpath("x.csv").read_text()',
    ),
    (
        r"^SystemExit",
        "a function that Spark calls ends its process by sys.exit(): raise an exception, or return None for the row",
    ),
    (
        r"^PicklingError: .*(CONTEXT_ONLY_VALID_ON_DRIVER|SparkSession|SparkContext)",
        "a function that Spark calls on executors uses the session or a DataFrame: join the DataFrame instead, or "
        "collect() a small one before and use its rows",
    ),
    (
        r"^PicklingError|^TypeError: cannot pickle",
        "a function that Spark sends to executors uses an object that can't be sent, such as a lock, a file or a "
        "connection: make it inside the function",
    ),
    (
        r"^MemoryError",
        f"give its process more memory: {in_config('spark.driver.memory: 2g')} or "
        f"{in_config('spark.executor.memoryOverhead: 1g')}; or bring fewer rows to it",
    ),
    (r"^OSError: \[Errno (28|122)\]", MORE_SPACE),
    (r"^PermissionError|^(ClientError|S3Error): .*(AccessDenied|Access Denied|Forbidden)", NOT_ALLOWED),
    (
        r"^UnicodeDecodeError: 'utf-?8'",
        "bytes are read as text that are no UTF-8: of a file, tell open() its encoding; of a column, "
        "F.is_valid_utf8(col) finds them, F.make_valid_utf8(col) replaces them",
    ),
)
MISSING_ON = {
    "driver": NOT_INSTALLED,
    "worker": "executors do not have it: install it there (./sandbox run --requirements FILE), or put it into the "
    "project",
}


def hint_of(reasons: Iterable[Reason]) -> str | None:
    """Returns the next thing to do; None for reasons that say it, or of which it is not known."""
    return next((hint for reason in reasons if (hint := _hint_of(reason))), None)


def _hint_of(reason: Reason) -> str | None:
    if "[USER_RAISED_EXCEPTION" in reason.text:
        return None
    if reason.origin in MISSING_ON and MISSING.match(reason.text):
        return MISSING_ON[reason.origin]
    known = OF_SPARK + OF_PYTHON if reason.origin == "spark" else OF_PYTHON
    return next((hint for pattern, hint in known if re.search(pattern, reason.text)), None)
