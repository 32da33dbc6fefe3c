"""Whether two failures are the same one.

The same exception type, the same deepest module and function of the user's, never the line, and the same message
without what differs from one run to the next: texts in quotes, numbers, paths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from spark_etl.store import ErrorRecord, RunDocument

FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line \d+, in (?P<function>.+)$', re.MULTILINE)
# Spark computes later than its functions are called: of what fails then, it knows that line alone.
CALL_SITE = re.compile(r'^\s*File "(?P<file>[^"]+)", line \d+, where (?P<function>`.+`) was called$', re.MULTILINE)
# The order counts: a path may be in quotes, and a number in a path.
LITERALS = (
    (re.compile(r"(?<!\w)[bru]{0,2}'(?:[^'\\\n]|\\.)*'(?!\w)|\"(?:[^\"\\\n]|\\.)*\""), "'…'"),
    (re.compile(r"\b[a-z0-9]+://\S+|(?<![\w/])/(?:[\w.@%+=~-]+/)+[\w.@%+=~-]*"), "PATH"),
    (re.compile(r"\bpart-[\w.-]+"), "PATH"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b\d{8}T\d{6}Z-[0-9a-f]{6}\b"), "RUN"),
    (re.compile(r"0x[0-9a-fA-F]+|(?<![\w`])[-+]?\d[\d.,:_]*(?:[eE][-+]?\d+)?"), "N"),
)


@dataclass(frozen=True)
class FailureSignature:
    """What two failures are compared by.

    Attributes:
        type: Class of what was raised; empty where that is not known.
        file: The deepest file of the user's code, in its project; empty where there is none.
        function: The function in it.
        message: What was raised, without literals.
    """

    type: str
    file: str
    function: str
    message: str

    def differences(self, other: FailureSignature) -> list[str]:
        """Returns in words what is another in the other failure; empty where they are the same."""
        found = [] if any((self.type, self.file, self.message)) else ["the run does not say how it failed"]
        if self.type and other.type and self.type != other.type:
            found.append(f"another exception: {self.type}, now {other.type}")
        if (self.file, self.function) != (other.file, other.function):
            found.append(f"another place: {self._place}, now {other._place}")
        if self.message != other.message:
            found.append("another message")
        return found

    @property
    def _place(self) -> str:
        return f"{self.file} in {self.function}" if self.file else "none of the project's code"


def signature_of(document: RunDocument, feature: str) -> FailureSignature:
    """Returns what the failure of a run's feature is compared by."""
    own = document.features[feature].error or ErrorRecord()
    whole = document.error if document.error and document.error.feature == feature else own
    traceback = own.traceback or whole.traceback
    frames = [*FRAME.finditer(traceback)] or [*CALL_SITE.finditer(traceback)]
    file, function = (frames[-1]["file"], frames[-1]["function"]) if frames else ("", "")
    message = own.message or whole.message or ""
    return FailureSignature(whole.type or "", _in_project(file, document), function, without_literals(message))


def without_literals(message: str) -> str:
    """Returns a message without what differs from one run to the next; names of columns, in backquotes, stay."""
    for pattern, text in LITERALS:
        message = pattern.sub(text, message)
    return " ".join(message.split())


def _in_project(file: str, document: RunDocument) -> str:
    """Returns the path of a file in the run's project, whatever folder that was in."""
    known = [document.project_path or "", str((document.options or {}).get("project") or "")]
    folders = sorted((folder.rstrip("/") for folder in known if folder.startswith("/")), key=len, reverse=True)
    return next((file[len(folder) + 1 :] for folder in folders if file.startswith(f"{folder}/")), file)
