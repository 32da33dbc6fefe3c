from __future__ import annotations

import os
import socket
import subprocess
from itertools import chain, repeat

import pytest

MASTER = "spark://spark-master:7077"


@pytest.fixture
def secrets(tmp_path, entrypoint, monkeypatch):
    for name in ("spark_auth_secret", "s3_secret_key", "spark_connect_token"):
        (tmp_path / name).write_text(f"value of {name}\n")
    monkeypatch.setattr(entrypoint, "SECRETS", tmp_path)
    return tmp_path


@pytest.fixture
def everything_answers(entrypoint, monkeypatch):
    waits = {name: (what, lambda environment: True) for name, (what, _) in entrypoint.WAITS.items()}
    monkeypatch.setattr(entrypoint, "WAITS", waits)


@pytest.mark.parametrize(
    ("role", "main"),
    [
        ("master", "org.apache.spark.deploy.master.Master"),
        ("worker", "org.apache.spark.deploy.worker.Worker"),
        ("connect", "org.apache.spark.sql.connect.service.SparkConnectServer"),
        ("history", "org.apache.spark.deploy.history.HistoryServer"),
    ],
)
def test_a_service_becomes_its_jvm(entrypoint, secrets, everything_answers, role, main):
    command, _ = entrypoint.prepare([role], {})
    assert command[0] == "java"
    assert main in command
    assert any(option.startswith("-Xmx") for option in command)


@pytest.mark.parametrize("role", ["master", "worker", "connect", "history"])
def test_no_secret_is_in_the_command_line(entrypoint, secrets, everything_answers, role):
    command, environment = entrypoint.prepare([role], {})
    assert "value of" not in " ".join(command)
    assert environment["_SPARK_AUTH_SECRET"] == "value of spark_auth_secret"


def test_secrets_reach_a_driver_by_environment(entrypoint, secrets):
    command, environment = entrypoint.prepare(["runner", "spark-submit", "job.py"], {"HOME": "/tmp"})
    assert command == ["spark-submit", "job.py"]
    assert environment == {
        "HOME": "/tmp",
        "_SPARK_AUTH_SECRET": "value of spark_auth_secret",
        "AWS_SECRET_ACCESS_KEY": "value of s3_secret_key",
        "SPARK_CONNECT_AUTHENTICATE_TOKEN": "value of spark_connect_token",
    }


def test_a_driver_without_secrets_runs_on_its_own(entrypoint, tmp_path, monkeypatch):
    monkeypatch.setattr(entrypoint, "SECRETS", tmp_path / "none")
    assert entrypoint.prepare(["runner", "python"], {"A": "b"}) == (["python"], {"A": "b"})


def test_heap_and_master_come_from_the_environment(entrypoint, secrets, everything_answers):
    command, _ = entrypoint.prepare(["worker"], {"SANDBOX_WORKER_HEAP": "99m", "SPARK_MASTER_URL": "spark://other:1"})
    assert "-Xmx99m" in command
    assert command[-1] == "spark://other:1"


def test_an_empty_heap_variable_is_as_good_as_none(entrypoint, secrets, everything_answers):
    command, _ = entrypoint.prepare(["worker"], {"SANDBOX_WORKER_HEAP": ""})
    assert "-Xmx128m" in command
    assert command[-1] == MASTER


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "unknown role ``. Known: master, worker, connect, history, runner"),
        (["boss"], "unknown role `boss`. Known: master, worker, connect, history, runner"),
        (["runner"], "runner needs a command: `runner python …` or `runner spark-submit …`"),
    ],
)
def test_a_wrong_role_names_the_right_ones(entrypoint, arguments, message):
    with pytest.raises(entrypoint.EntrypointError) as error:
        entrypoint.prepare(arguments, {})
    assert str(error.value) == message


def test_a_missing_secret_is_named(entrypoint, secrets):
    (secrets / "spark_auth_secret").unlink()
    with pytest.raises(entrypoint.EntrypointError, match=r"spark_auth_secret is missing; `sandbox up`"):
        entrypoint.prepare(["master"], {})


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_an_unreadable_secret_is_named(entrypoint, secrets):
    (secrets / "spark_auth_secret").chmod(0)
    with pytest.raises(entrypoint.EntrypointError, match=r"spark_auth_secret is not readable by uid"):
        entrypoint.prepare(["master"], {})


def test_a_wait_is_said_once_and_ends_with_the_answer(entrypoint, capsys):
    answers = chain([False, False], repeat(True))
    entrypoint.wait_for("the store", lambda: next(answers), seconds=5, interval=0)
    assert capsys.readouterr().err == "entrypoint: waiting for the store\n"


def test_a_wait_that_takes_too_long_says_what_did_not_answer(entrypoint):
    with pytest.raises(entrypoint.EntrypointError, match="the store did not answer in 0 s"):
        entrypoint.wait_for("the store", lambda: False, seconds=0, interval=0)


def test_connect_waits_for_the_master_first(entrypoint, secrets, monkeypatch):
    called = []
    waits = {
        name: (what, lambda environment, name=name: not called.append(name))
        for name, (what, _) in entrypoint.WAITS.items()
    }
    monkeypatch.setattr(entrypoint, "WAITS", waits)
    entrypoint.prepare(["connect"], {})
    assert called == ["master", "event logs"]


def test_the_master_answers_when_its_port_accepts(entrypoint):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"spark://127.0.0.1:{server.getsockname()[1]}"
        assert entrypoint.master_answers({"SPARK_MASTER_URL": url})
    assert not entrypoint.master_answers({"SPARK_MASTER_URL": url})


@pytest.fixture
def curl(entrypoint, monkeypatch):
    """What curl was called with, and the answer it gives."""

    class Curl:
        answer = b""
        argv: tuple[str, ...] = ()
        config = ""

        def run(self, argv, *, input, stdout, check):  # noqa: A002 - subprocess.run's name
            self.argv, self.config = tuple(argv), input.decode()
            return subprocess.CompletedProcess(argv, 0, self.answer)

    double = Curl()
    monkeypatch.setattr(entrypoint.subprocess, "run", double.run)
    return double


S3 = {
    "AWS_ENDPOINT_URL_S3": "http://minio:9000",
    "AWS_ACCESS_KEY_ID": "spark-history",
    "AWS_SECRET_ACCESS_KEY": 'a"b\\c',
}


@pytest.mark.parametrize(
    ("answer", "there"),
    [
        (b"<ListBucketResult><Contents><Key>logs/.keep</Key></Contents></ListBucketResult>", True),
        (b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>", False),
        (b"", False),
    ],
)
def test_event_logs_are_there_when_their_folder_has_a_key(entrypoint, curl, answer, there):
    curl.answer = answer
    assert entrypoint.event_logs_exist(S3) is there


def test_keys_go_to_curl_by_stdin(entrypoint, curl):
    entrypoint.event_logs_exist(S3)
    assert curl.argv == ("curl", "--disable", "--config", "-")
    assert 'user = "spark-history:a\\"b\\\\c"' in curl.config.splitlines()


def test_without_an_endpoint_of_its_own_there_is_nothing_to_wait_for(entrypoint, curl):
    assert entrypoint.event_logs_exist({})
    assert curl.argv == ()


def test_a_problem_is_one_line_and_exit_code_2(entrypoint, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["entrypoint", "boss"])
    assert entrypoint.main() == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_unknown_command_is_named(entrypoint, secrets, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["entrypoint", "runner", "no-such-command"])
    assert entrypoint.main() == 127
    assert capsys.readouterr().err == "entrypoint: no such command: no-such-command\n"


def test_spark_connect_takes_its_keys_from_a_file(entrypoint, secrets, everything_answers, tmp_path):
    (tmp_path / "s3_secret_key").unlink()
    file = tmp_path / "credentials"

    command, environment = entrypoint.prepare(["connect"], {"AWS_SHARED_CREDENTIALS_FILE": str(file)})

    assert any("sandbox.KeysOfAFile" in word for word in command)
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert entrypoint.keys_of(environment) == ("", "")
    file.write_text("[default]\naws_access_key_id = ab\naws_secret_access_key = c%d-_\n")
    assert entrypoint.keys_of(environment) == ("ab", "c%d-_")
