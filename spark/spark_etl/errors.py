"""Every error of spark_etl, and the exit code the runner makes of it.

    SparkEtlError
    ├── ArgumentError            2   a wrong option, date or name, on the command line or in a call
    ├── ConfigError              2   the feature config: missing, not YAML, unknown key, class outside of the project
    │   └── GraphError           2   cycle, unknown source, unknown checkpoint, missing keyword
    ├── PublishRefusedError      2   an output exists already and `overwrite: True` is not set
    ├── RunFailedError           5   the run itself failed
    │   ├── MissingDataError     5   a source has no data for some of the dates
    │   ├── SchemaDriftError     5   files of one source do not have the same columns
    │   └── FeatureError         5   a feature's transform, or writing what it returned, raised
    │       └── ResponseError    5   columns or rows are not what the feature's response promises
    ├── NotReturnedError         5   user's code has ended the program instead of returning
    ├── StorageError             5   the store does not answer, or refuses
    └── ReadError                1   the reading API has nothing to show
        ├── RunNotFoundError     1   no such run
        ├── CheckpointError      1   no such checkpoint, not yet, or not readable here
        │   └── DamagedFileError 1   a file of a checkpoint is not the one that the run wrote
        ├── CodeNotKeptError     1   a run has not kept its code, or not this file of it
        └── DamagedError         1   a document of a run that can't be read

Libraries raise; `spark_etl.cli` is the only place where one of them becomes an exit code. Only it returns 130
(interrupted).
"""

from __future__ import annotations

from collections.abc import Sequence


class SparkEtlError(Exception):
    """Base of all errors that are shown without a traceback.

    Args:
        message: Names the culprit and, where there are any, the alternatives.
        hint: The next command, or what to change.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"next: {hint}")  # in a notebook, the traceback is all there is to read


class ArgumentError(SparkEtlError):
    """Raised for a wrong option, date or name, on the command line or in a call."""

    exit_code = 2


class ConfigError(SparkEtlError):
    """Raised for a feature config that can't be read, or names something that does not exist."""

    exit_code = 2


class GraphError(ConfigError):
    """Raised when the features do not make a graph that can be run."""


class PublishRefusedError(SparkEtlError):
    """Raised when an output would replace data without `overwrite: True`."""

    exit_code = 2


class RunFailedError(SparkEtlError):
    """Raised when a run was possible but failed."""

    exit_code = 5


class MissingDataError(RunFailedError):
    """Raised when a source has no data for some of the dates asked for."""


class SchemaDriftError(RunFailedError):
    """Raised when the files of a source do not have the same columns."""


class FeatureError(RunFailedError):
    """Raised when a feature failed.

    Args:
        feature: Alias of the feature.
        message: The reason, as what raised it says it.
        frames: The traceback, cut down to the project's own frames; may be empty.
        hint: The next command.
    """

    def __init__(self, feature: str, message: str, *, frames: str = "", hint: str | None = None) -> None:
        super().__init__(f"feature `{feature}` failed: {message}", hint=hint)
        self.feature = feature
        self.reason = message
        self.frames = frames


class ResponseError(FeatureError):
    """Raised when a feature's DataFrame is not what its response promises.

    Args:
        feature: Alias of the feature.
        message: What is wrong, with rows that show it.
        columns: The columns that are wrong.
        hint: The next command, or what to change.
    """

    def __init__(self, feature: str, message: str, *, columns: Sequence[str], hint: str | None = None) -> None:
        super().__init__(feature, message, hint=hint)
        self.columns = list(columns)


class NotReturnedError(SparkEtlError):
    """Raised for user's code that ends the program, as by `sys.exit()`, instead of returning."""

    exit_code = 5


class StorageError(SparkEtlError):
    """Raised when a store does not answer or refuses what was asked."""

    exit_code = 5


class ReadError(SparkEtlError):
    """Raised by the reading API when there is nothing to show."""


class RunNotFoundError(ReadError):
    """Raised when no run matches."""


class CheckpointError(ReadError):
    """Raised for a frame without a manifest, or one that can't be read here."""


class DamagedFileError(CheckpointError):
    """Raised for a checkpoint of which a file is missing, is another one, or has bytes that have changed."""


class CodeNotKeptError(ReadError, KeyError):
    """Raised where a run has not kept its code, or not the file that is asked for."""

    def __str__(self) -> str:
        """Returns the message; a KeyError's own would have quotes around it."""
        return self.message


class DamagedError(ReadError, ValueError):
    """Raised for content that is no JSON, or is larger, deeper or otherwise than what this project writes."""
