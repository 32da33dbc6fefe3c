"""Tables and queries of a database."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError
from spark_etl.source import SECRET, InputObject, Source, select_columns, source_key
from spark_etl.sources.templates import fill_dates

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DRIVERS = {
    "postgresql": ("org.postgresql.Driver", "org.postgresql:postgresql"),
    "mysql": ("com.mysql.cj.jdbc.Driver", "com.mysql:mysql-connector-j"),
    "mariadb": ("org.mariadb.jdbc.Driver", "org.mariadb.jdbc:mariadb-java-client"),
    "sqlserver": ("com.microsoft.sqlserver.jdbc.SQLServerDriver", "com.microsoft.sqlserver:mssql-jdbc"),
    "oracle": ("oracle.jdbc.OracleDriver", "com.oracle.database.jdbc:ojdbc11"),
    "sqlite": ("org.sqlite.JDBC", "org.xerial:sqlite-jdbc"),
    "h2": ("org.h2.Driver", "com.h2database:h2"),
}
NO_DRIVER_MESSAGES = ("ClassNotFoundException", "No suitable driver")
PARAMETERS = re.compile(r"[?&;,(:/]\s*([^=?&;,(:/]+)=")
LOGIN_PARAMETER = re.compile(r"user(name)?$|pwd", re.IGNORECASE)
HARMLESS_PARAMETER = re.compile(r"sasl\.?qop|passwordCharacterEncoding|disconnectOnExpiredPasswords", re.IGNORECASE)
LOGIN_IN_URL = re.compile(r"//[^/@]*:[^/@]*@|:[^/:@]+/[^/@]+@")


@dataclass(frozen=True)
class JdbcPartitioning:
    """How a table is read by several tasks at once, each a range of a column's values.

    Attributes:
        column: A column of numbers, days or timestamps.
        lower: Where the first range ends at the latest; rows below are read too.
        upper: Where the last range begins at the latest; rows above are read too.
        partitions: How many ranges; each is a connection to the database.
    """

    column: str
    lower: Any
    upper: Any
    partitions: int


def _contains_credentials(url: str) -> bool:
    names = [name for name in PARAMETERS.findall(url) if not HARMLESS_PARAMETER.fullmatch(name.strip())]
    return bool(LOGIN_IN_URL.search(url)) or any(LOGIN_PARAMETER.search(name) or SECRET.search(name) for name in names)


class JdbcSource(Source):
    """A table, or what a query returns.

    The rows of a database have no ETag: whether they are still the same is not known, so a resumed run reads them and
    computes again. User and password come from environment variables; only the names of these are kept anywhere.

    Args:
        url: `jdbc:postgresql://host/database`, without user and password.
        table: The table. Or:
        query: A query that the database computes. `{start_date}` and `{end_date}` in it are the run's days, as
            2024-02-29.
        user_env: Name of the environment variable with the user.
        password_env: Name of the environment variable with the password.
        driver: The driver's class; known for the usual databases.
        partitioning: How several tasks read it; one task reads all if not given.
        options: More options of Spark's JDBC reader.
        select_cols: Columns to keep; all if not given. The database sends no others.
    """

    def __init__(
        self,
        url: str,
        table: str | None = None,
        *,
        query: str | None = None,
        user_env: str | None = None,
        password_env: str | None = None,
        driver: str | None = None,
        partitioning: JdbcPartitioning | None = None,
        options: Mapping[str, Any] | None = None,
        select_cols: Sequence[str] | None = None,
    ) -> None:
        if (table is None) == (query is None):
            raise ConfigError("JdbcSource needs either table= or query=")
        if not url.startswith("jdbc:"):
            raise ConfigError("JdbcSource: its url does not begin with `jdbc:`", hint="jdbc:postgresql://host/database")
        if _contains_credentials(url):
            raise ConfigError(
                "JdbcSource: its url holds a user or a password, which would end up in run.json",
                hint='user_env="ORDERS_DB_USER", password_env="ORDERS_DB_PASSWORD"',
            )
        for name in options or {}:
            if name.lower() == "user" or SECRET.search(name):
                raise ConfigError(f"JdbcSource: `{name}` is no option", hint="use user_env= and password_env=")
        self.url = url
        self.table = table
        self.query = query
        self.user_env = user_env
        self.password_env = password_env
        self.driver = driver
        self.partitioning = partitioning
        self.options = dict(options or {})
        self.select_cols = list(select_cols) if select_cols else None

    def __repr__(self) -> str:
        names = ("table", "query", "user_env", "password_env", "driver", "partitioning", "options", "select_cols")
        return source_key(self, self.url, **{name: getattr(self, name) for name in names})

    def inputs(self, dates: DateRange) -> list[InputObject]:  # noqa: ARG002
        """Returns one object without ETag; refuses a variable that is not set; see `Source.inputs`."""
        self._credentials()
        return [InputObject(f"{self.url}#{self.table or self.query}", 0, None)]

    def read(self, spark: SparkSession, dates: DateRange) -> DataFrame:
        """Returns what the database answers, asked when rows are needed; see `Source.read`."""
        try:
            frame = spark.read.format("jdbc").options(**self._reader_options(dates)).load()
            _ = frame.columns  # through Spark Connect, only this asks
        except Exception as error:
            if any(text in str(error) for text in NO_DRIVER_MESSAGES):
                raise self._no_driver() from error
            raise
        return select_columns(frame, self.select_cols, repr(self))

    def _reader_options(self, dates: DateRange) -> dict[str, Any]:
        table = self.table if self.query is None else f"({fill_dates(self.query.strip().rstrip(';'), dates)}) source"
        options: dict[str, Any] = {"url": self.url, "dbtable": table}
        if self._known_driver:
            options["driver"] = self._known_driver
        if self.partitioning:
            options.update(
                partitionColumn=self.partitioning.column,
                lowerBound=self.partitioning.lower,
                upperBound=self.partitioning.upper,
                numPartitions=self.partitioning.partitions,
            )
        return {**options, **self.options, **self._credentials()}

    def _credentials(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for option, name in (("user", self.user_env), ("password", self.password_env)):
            if name is not None:
                if name not in os.environ:
                    raise ConfigError(
                        f"{self.url} wants a {option}, but the environment variable {name} is not set",
                        hint=f"export {name}=…",
                    )
                found[option] = os.environ[name]
        return found

    @property
    def _database(self) -> str:
        return self.url.split(":")[1]

    @property
    def _known_driver(self) -> str | None:
        return self.driver or DRIVERS.get(self._database, (None, ""))[0]

    def _no_driver(self) -> ConfigError:
        package = DRIVERS.get(self._database, ("", ""))[1]
        what = f"the class {self._known_driver}" if self._known_driver else "a driver"
        jar = f"{package}:VERSION" if package else "GROUP:NAME:VERSION"
        return ConfigError(
            f"this Spark has no driver for {self.url}: {what} is in none of its jars",
            hint=f"`spark.jars.packages: {jar}` or `spark.jars: FILE.jar` under `spark:` in the config"
            + ("" if self._known_driver else "; and name its class: driver="),
        )
