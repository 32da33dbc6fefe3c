"""Who may join the Spark cluster: nobody without the secret, and not over REST; and what others see of its traffic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from docker.models.containers import Container

from tests.support.engine import Containers, client, spark_state
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox, until

OPEN = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)"
DRIVER = """
import os, sys
os.environ["_SPARK_AUTH_SECRET"] = sys.argv[1]
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("spark://spark-master:7077").config("spark.eventLog.enabled", "false")
if not sys.argv[1]:
    builder = builder.config("spark.authenticate", "false").config("spark.network.crypto.enabled", "false")
print("ROWS", builder.getOrCreate().range(10).count())
"""
# Spark itself tries for a minute; the first answer tells.
FIRST_ANSWER = """
import os, signal, subprocess, sys
answers = sys.argv[1].split("|")
process = subprocess.Popen(
    sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
)
signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
signal.alarm(60)
lines = []
for line in process.stdout:
    lines.append(line)
    if any(answer in line for answer in answers):
        print("ANSWER", line)
        break
else:
    print("no answer:", *lines[-20:])
os.killpg(process.pid, signal.SIGKILL)
"""
REFUSED = "Failed to connect to master spark-master:7077"
WORKER = "org.apache.spark.deploy.worker.Worker"


def answer(containers: Containers, admitted: str, command: list[str], secret: str) -> str:
    """Returns the first line by which a Spark process that is no part of the stack tells whether it was let in."""
    argv = ["python3", "-c", FIRST_ANSWER, f"{admitted}|{REFUSED}", *command]
    return containers.run("spark-connect", *argv, env={"_SPARK_AUTH_SECRET": secret}).out


def test_the_rest_submission_port_is_closed(containers: Containers) -> None:
    assert containers.run("spark-connect", "python3", "-c", OPEN, "spark-master", "7077").exit_code == 0
    assert containers.run("spark-connect", "python3", "-c", OPEN, "spark-master", "6066").exit_code != 0


@pytest.mark.waive("intruder refused", "spark peers gone")
@pytest.mark.parametrize("secret", ["", "wrong"], ids=["no authentication", "wrong secret"])
def test_a_driver_without_the_secret_is_refused(containers: Containers, secret: str) -> None:
    shown = answer(containers, "ROWS 10", ["python", "-c", DRIVER, secret], secret)

    assert REFUSED in shown, shown


@pytest.mark.waive("intruder refused", "spark peers gone")
def test_a_worker_without_the_secret_is_refused(containers: Containers) -> None:
    before = {worker["id"] for worker in spark_state(containers)["workers"]}
    options = ["-c", "1", "-m", "512m", "--webui-port", "0", "--work-dir", "/tmp/x", "spark://spark-master:7077"]

    shown = answer(containers, "Successfully registered with master", ["spark-class", WORKER, *options], "wrong")

    assert REFUSED in shown, shown
    assert {worker["id"] for worker in spark_state(containers)["workers"]} == before


LISTENER = """
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
wire.bind(("eth0", 0))
wire.settimeout(0.5)
print("LISTENING", flush=True)
heard, bytes_heard = 0, 0
while True:
    try:
        packet = wire.recv(65535)
    except TimeoutError:
        continue
    bytes_heard += len(packet)
    heard += sys.argv[1].encode() in packet
    print("HEARD", heard, "of", bytes_heard, flush=True)
"""
PLAIN = "words in the clear "
# Uncompressed, so that the text is visible on the wire; and put together there, since the cell itself is heard, too.
BROADCAST = """
from spark_etl import spark
session = spark(classic=True, settings={settings!r} | {{"spark.broadcast.compress": "false"}})
shared = session.sparkContext.broadcast(" ".join({words!r} * 2000))
print("N", session.sparkContext.parallelize(range(4), 4).map(lambda _: len(shared.value)).sum())
session.stop()
"""
CLEAR = {"spark.network.crypto.enabled": "false", "spark.io.encryption.enabled": "false"}


@contextmanager
def listener(stack: Sandbox, beside: Container) -> Iterator[Container]:
    """Hears every packet that leaves or reaches a container, as somebody on the network would."""
    spark = Containers(stack.stack).one("spark-connect").image.id
    container = client().containers.run(
        spark,
        ["-c", LISTENER, PLAIN],
        entrypoint="python3",
        detach=True,
        user="0:0",
        cap_add=["NET_RAW"],
        network_mode=f"container:{beside.id}",
        labels={"sandbox.stack": stack.stack},
    )
    try:
        until(lambda: b"LISTENING" in container.logs(), within=30, what="the listener")
        yield container
    finally:
        container.remove(force=True)


@pytest.mark.waive("spark peers gone")
@pytest.mark.parametrize(("settings", "audible"), [({}, False), (CLEAR, True)], ids=["as it is", "without encryption"])
def test_what_goes_between_spark_processes_is_encrypted(
    stack: Sandbox, engineer: HubClient, containers: Containers, settings: dict[str, str], audible: bool
) -> None:
    """What a driver sends to its executors; the second case shows that a listener would hear it."""
    with engineer.kernel() as kernel, listener(stack, containers.server("engineer")) as sniffer:
        shown = kernel.run(BROADCAST.format(settings=settings, words=PLAIN.split())).text
        assert f"N {4 * (2000 * len(PLAIN) - 1)}" in shown
        *_, last = sniffer.logs().decode().splitlines()

    _, heard, _, total = last.split()
    assert int(total) > 100_000, "it heard the driver at work"
    assert (int(heard) > 0) is audible


def test_as_many_workers_as_asked_for_are_registered(stack: Sandbox, containers: Containers) -> None:
    def alive() -> int:
        return sum(worker["state"] == "ALIVE" for worker in spark_state(containers)["workers"])

    until(lambda: alive() == 2, within=30, what="two workers alive")
