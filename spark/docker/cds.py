"""Makes the class data archive of everything Spark runs here: a builder's step.

    cds.py ARCHIVE

A JVM that maps classes already parsed starts in half the time, and what it maps is shared between containers. What
belongs into it is found out by running it: master, worker, history server, Connect and a classic driver with its
executor, on the loopback interface, with the stack's kind of settings. What only one of them loads stays out, for the
image's size, except the way to Parquet and S3, which both driver and executor go as soon as there is an S3.

A JVM that can't use the archive (another class path, a changed jar) goes on without it, saying nothing. So does a build
in which the training fails: an image that starts more slowly is better than none.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ARGS = "@/opt/spark/java.args"
SETTINGS = """
spark.authenticate true
spark.authenticate.secret training
spark.network.crypto.enabled true
spark.network.crypto.cipher AES/GCM/NoPadding
spark.io.encryption.enabled true
spark.master.rest.enabled false
spark.ui.reverseProxy true
spark.dynamicAllocation.enabled true
spark.dynamicAllocation.shuffleTracking.enabled true
spark.cores.max 1
spark.executor.cores 1
spark.eventLog.enabled true
spark.eventLog.dir file://{work}/events
spark.history.fs.logDirectory file://{work}/events
spark.history.fs.update.interval 1s
spark.executor.extraJavaOptions -XX:+UseSerialGC -XX:DumpLoadedClassList={work}/executor.classes
spark.hadoop.fs.s3a.endpoint http://127.0.0.1:9
spark.hadoop.fs.s3a.endpoint.region us-east-1
spark.hadoop.fs.s3a.path.style.access true
spark.hadoop.fs.s3a.access.key training
spark.hadoop.fs.s3a.secret.key training
spark.hadoop.fs.s3a.attempts.maximum 1
spark.hadoop.fs.s3a.retry.limit 0
"""
# What nearly every session does; each class takes 10 kB of the image.
WORK = """
import sys
from pyspark.sql import SparkSession, functions as F
builder = SparkSession.builder.appName("training")
if sys.argv[1] == "connect":
    builder.remote("sc://127.0.0.1:15002").getOrCreate().range(3).collect()
    sys.exit()
spark = builder.getOrCreate()
spark.range(500).withColumn("k", F.col("id") % 7).write.parquet(sys.argv[2])
spark.read.parquet(sys.argv[2]).where("k > 3").groupBy("k").agg(F.sum("id")).toPandas()
spark.sparkContext.parallelize(range(9), 2).map(lambda x: x + 1).sum()
try:
    spark.read.parquet("s3a://nobody/there")
except Exception as error:
    print("expected:", type(error).__name__)
spark.stop()
"""
ALWAYS = ("software/amazon/", "org/apache/hadoop/fs/s3a/", "org/apache/http/", "org/apache/parquet/", "shaded/parquet/")
PAGES = ["8080/", "8080/json/", "8081/", "8081/json/", "18080/", "18080/api/v1/applications"]


class Training:
    """The processes of the training, each writing down the classes it loads."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.settings = work / "settings.conf"
        self.running: list[subprocess.Popen[bytes]] = []
        (work / "events").mkdir()
        self.settings.write_text(SETTINGS.format(work=work))

    def dump(self, name: str) -> str:
        """Returns the JVM's option that lists its classes for `name`."""
        return f"-XX:DumpLoadedClassList={self.work}/{name}.classes"

    def start(self, name: str, port: int, main: str, *arguments: str) -> None:
        """Starts a service and returns when its port answers.

        Raises:
            RuntimeError: When it doesn't within two minutes.
        """
        with (self.work / f"{name}.log").open("wb") as log:
            java = ["java", ARGS, "-XX:+UseSerialGC", "-Xmx512m", self.dump(name), main, *arguments]
            self.running.append(subprocess.Popen(java, stdout=log, stderr=log))
        for _ in range(600):
            if port in listening():
                return
            time.sleep(0.2)
        raise RuntimeError(f"{name} did not start: {(self.work / f'{name}.log').read_text()[-3000:]}")

    def session(self, mode: str) -> subprocess.Popen[bytes]:
        """Starts a session's work: as a client of Connect, or as a classic driver."""
        options = f"--properties-file {self.settings} --master spark://127.0.0.1:7077 --conf spark.ui.port=4050"
        dump = f'--driver-java-options "{self.dump("driver")}"'
        connect = {"SPARK_CONNECT_MODE_ENABLED": "1"} if mode == "connect" else {}
        environment = {**os.environ, "PYSPARK_SUBMIT_ARGS": f"{options} {dump} pyspark-shell", **connect}
        python = [sys.executable, "-c", WORK, mode, f"{self.work}/{mode}.parquet"]
        with (self.work / f"{mode}-session.log").open("wb") as log:
            return subprocess.Popen(python, env=environment, stdout=log, stderr=log)

    def stop(self) -> None:
        """Ends the services as `docker stop` would, the last one first."""
        for process in reversed(self.running):
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()


def listening() -> set[int]:
    """Returns the TCP ports that something in this container listens on."""
    files = [Path(name) for name in ("/proc/net/tcp", "/proc/net/tcp6")]
    rows = [line.split() for file in files if file.exists() for line in file.read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A"}


def merged(lists: Iterable[str]) -> str:
    """Returns what at least two class lists have, or ALWAYS names, without the numbers valid in one list only."""
    kinds = [dict.fromkeys(re.sub(r" id: \d+$", "", line) for line in text.splitlines()) for text in lists]
    counts = Counter(line for kind in kinds for line in kind if not line.startswith("#") and "source:" not in line)
    forms = sorted(line for line in counts if line.startswith("@lambda-form"))
    classes = [line for line, count in counts.items() if count > 1 or line.startswith(ALWAYS)]
    return "\n".join([*forms, *(line for line in classes if not line.startswith("@lambda-form")), ""])


def train(training: Training) -> None:
    """Runs every kind of process once, all at work at the same time."""
    settings = ("--properties-file", str(training.settings))
    package = "org.apache.spark"
    training.start("master", 8080, f"{package}.deploy.master.Master", "--host", "127.0.0.1", *settings)
    training.start("worker", 8081, f"{package}.deploy.worker.Worker", *settings, "--cores", "1", "--memory", "1g",
                   "--work-dir", f"{training.work}/worker", "spark://127.0.0.1:7077")  # fmt: skip
    classic = training.session("classic")
    connect = f"{package}.sql.connect.service.SparkConnectServer"
    training.start("connect", 15002, f"{package}.deploy.SparkSubmit", *settings, "--master", "local[1]",
                   "--conf", "spark.dynamicAllocation.enabled=false", "--class", connect, "spark-internal")  # fmt: skip
    client = training.session("connect")
    codes = classic.wait(timeout=300), client.wait(timeout=300)
    if any(codes):
        logs = [(training.work / f"{mode}-session.log").read_text()[-2000:] for mode in ("classic", "connect")]
        raise RuntimeError(f"sessions ended with {codes}: {logs}")
    training.start("history", 18080, f"{package}.deploy.history.HistoryServer", *settings)
    for page in PAGES:
        with urllib.request.urlopen(f"http://127.0.0.1:{page}", timeout=30) as answer:
            answer.read()


def main() -> int:
    """Returns the exit code of the JVM that writes the archive; 0 when there is nothing to write."""
    with tempfile.TemporaryDirectory() as folder:
        training = Training(Path(folder))
        try:
            train(training)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"no class data archive, for the training failed: {error}\n")
            return 0
        finally:
            training.stop()
        classes = Path(folder, "all.classes")
        classes.write_text(merged(path.read_text() for path in sorted(Path(folder).glob("*.classes"))))
        options = [f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={sys.argv[1]}", "-Xlog:cds=error"]
        return subprocess.run(["java", ARGS, "-Xmx1g", "-Xshare:dump", *options], check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
