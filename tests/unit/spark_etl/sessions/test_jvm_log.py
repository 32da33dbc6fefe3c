from __future__ import annotations

import os
import time

from spark_etl.sessions.jvm_log import LogFilter, filtered_pipe

LOG = """WARNING: Using incubator modules: jdk.incubator.vector
2026-11-29 18:32:41 WARN S3AUtils: Failed to delete s3a://published/out/part-12
java.net.UnknownHostException: getFileStatus on s3a://published/out/part
\tat java.base/java.lang.reflect.Constructor.newInstance(Constructor.java:486)
Caused by: software.amazon.awssdk.core.exception.SdkClientException: minio
\t... 32 more
\tSuppressed: software.amazon.awssdk.core.exception.SdkClientException: Request attempt 1 failure
2026-11-29 18:32:42 WARN S3AUtils: Failed to delete s3a://published/out/part-13
java.net.UnknownHostException: again
\tat java.base/java.lang.Thread.run(Thread.java:1583)
26/11/29 18:32:43 ERROR TransportClient: Failed to send RPC
# A fatal error has been detected by the Java Runtime Environment:
    indented by nobody's trace
"""


def test_each_message_is_shown_once_and_without_its_trace() -> None:
    log_filter = LogFilter()
    assert [kept for line in LOG.splitlines() if (kept := log_filter.keep(line))] == [
        "Spark: WARN S3AUtils: Failed to delete s3a://published/out/part-12",
        "Spark: ERROR TransportClient: Failed to send RPC",
        "# A fatal error has been detected by the Java Runtime Environment:",
        "    indented by nobody's trace",
    ]


def test_what_a_process_writes_arrives_also_if_showing_it_fails() -> None:
    shown: list[str] = []

    def show(line: str) -> None:
        shown.append(line)
        raise OSError

    stderr = filtered_pipe(show)
    os.write(stderr, b"one\n\xff two\n")
    os.close(stderr)
    while len(shown) < 2:
        time.sleep(0.01)
    assert shown == ["one", "\ufffd two"]
