"""The service as an intruder in the hub would talk to it: what reaches the engine, and in which words."""

from __future__ import annotations

import io
import json
import logging
import tarfile
from pathlib import Path
from typing import Any

import pytest
from docker_api.create import rebuild
from docker_api.parse import MAX_BYTES
from docker_api.settings import FilterSettings

from tests.unit.hub.docker_api.service import NEW_ID, Service

CREATE = "/v1.41/containers/create?name=demo-user-bob"
ADA = "ada0" * 16
IMAGE = "sha256:" + "ab" * 32


def with_host_config(body: dict[str, Any], text: str) -> bytes:
    """Returns the body with more text in its HostConfig, as it is."""
    return json.dumps(body).replace('"HostConfig": {', f'"HostConfig": {{{text}, ').encode()


def test_a_request_to_create_is_forwarded_in_our_words(
    service: Service, settings: FilterSettings, body: dict[str, Any]
) -> None:
    body["HostConfig"]["Binds"] = ["demo-home-bob:/home:rw"]

    status, text = service.ask("POST", CREATE, json.dumps(body).encode())

    assert (status, json.loads(text)["Id"]) == (201, NEW_ID)
    create, give = service.engine.calls
    assert create == ("POST", CREATE, rebuild(settings, "demo-user-bob", body))
    assert give[:2] == ("PUT", f"/v1.41/containers/{NEW_ID}/archive?path=/team")
    with tarfile.open(fileobj=io.BytesIO(give[2])) as archive:
        (entry,) = archive.getmembers()
    assert (entry.name, entry.isdir(), entry.mode, entry.uid, entry.gid) == ("bob", True, 0o755, 20007, 100)


@pytest.mark.parametrize("user", ["proof", "shelf"])
def test_the_stacks_own_users_have_no_folder_on_the_shelf(service: Service, body: dict[str, Any], user: str) -> None:
    body["HostConfig"]["Binds"] = [f"demo-home-{user}:/home:rw"]
    content = json.dumps(body).replace("bob", user).encode()

    status, _ = service.ask("POST", CREATE.replace("bob", user), content)

    assert status == 201
    assert [call[0] for call in service.engine.calls] == ["POST"]


def test_without_a_folder_on_the_shelf_there_is_no_server(service: Service, body: dict[str, Any]) -> None:
    body["HostConfig"]["Binds"] = ["demo-home-bob:/home:rw"]
    service.engine.without_archives = True

    status, text = service.ask("POST", CREATE, json.dumps(body).encode())

    assert (status, "shelf" in text) == (502, True)


@pytest.mark.parametrize(
    "text",
    [
        '"Privileged": true',
        '"privileged": true',
        '"Privileged": false, "Privileged": true',
        '"Privileged": false, "PRIVILEGED": true',
        '"\\u0050rivileged": true',
        '"Mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}]',
        '"binds": ["/:/host"]',
        '"Network\\u004dode": "host"',
        '"PidMode": "host"',
        '"IpcMode": "host"',
        '"UsernsMode": "host"',
        '"Devices": [{"PathOnHost": "/dev/kmsg"}]',
        '"CapAdd": ["SYS_ADMIN"]',
        '"SecurityOpt": ["seccomp=unconfined"]',
    ],
)
def test_an_attack_on_the_host_never_reaches_the_engine(service: Service, body: dict[str, Any], text: str) -> None:
    body["HostConfig"] = {"NetworkMode": "demo_data"}

    status, answer = service.ask("POST", CREATE, with_host_config(body, text))

    assert status == 403
    assert json.loads(answer)["message"].startswith("docker-api: ")
    assert service.engine.calls == []


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/v1.41/containers/demo-user-ada/exec"),
        ("POST", "/containers/demo-user-ada/attach?stream=1"),
        ("POST", "/build"),
        ("GET", "/containers/json"),
        ("GET", "/images/sha256:" + "cd" * 32 + "/json"),
        ("POST", "/containers/demo-user-ada%2Fexec"),
        ("POST", "/containers/demo-user-ada/%65xec"),
        ("POST", "/%2e%2e/containers/demo-user-ada/start"),
        ("POST", "/_health/../containers/demo-hub-1/start"),
        ("POST", "/_ping/../containers/demo-hub-1/start"),
        ("POST", "//containers/demo-user-ada/start"),
        ("POST", "/v1.41/v1.41/containers/demo-user-ada/start"),
        ("POST", "/containers/create?name=demo-user-ada&name=demo-user-bob"),
        ("POST", "/containers/create?name=demo-user-ada;platform=x"),
        ("POST", "/containers/create?name=demo-user-ada%26platform=x"),
        ("POST", "/containers/create?%6eame=demo-user-ada&name=demo-user-bob"),
        ("POST", "/containers/create?name=demo-user-ada%23"),
        ("POST", "/containers/create"),
        ("POST", "/_health"),
        ("TRACE", "/version"),
    ],
)
def test_another_call_never_reaches_the_engine(
    service: Service, body: dict[str, Any], method: str, target: str
) -> None:
    sent = json.dumps(body).encode() if "create" in target else b""

    assert service.ask(method, target, sent)[0] in {403, 405}
    assert service.engine.calls == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/json"), ("POST", "/start"), ("POST", "/stop?t=1"), ("DELETE", "?v=1&force=1")],
)
@pytest.mark.parametrize("name", ["demo-hub-1", "b0b0" * 16, "other-user-ada", "e1e1" * 16])
def test_containers_that_are_no_servers_of_ours_are_left_alone(
    service: Service, name: str, method: str, path: str
) -> None:
    status, text = service.ask(method, f"/v1.41/containers/{name}{path}")

    assert (status, service.engine.changes()) == (403, [])
    assert name not in text.removeprefix("docker-api")


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [("POST", "/start", ""), ("POST", "/stop", "?t=10"), ("DELETE", "", "?v=True&link=False&force=False")],
)
def test_a_server_is_changed_by_the_id_that_was_looked_at(service: Service, method: str, path: str, query: str) -> None:
    status, _ = service.ask(method, f"/v1.41/containers/demo-user-ada{path}{query}")

    assert status == 204
    assert service.engine.changes() == [(method, f"/v1.41/containers/{ADA}{path}{query}", None)]


def test_an_id_may_be_as_short_as_a_letter(service: Service) -> None:
    service.engine.containers["a"] = service.engine.containers[ADA]

    assert service.ask("POST", "/containers/a/start")[0] == 204
    assert service.engine.changes() == [("POST", f"/containers/{ADA}/start", None)]


@pytest.mark.parametrize("body", [b'{"HostConfig": {"Privileged": true}}', b'{"Binds": ["/:/host"]}', b"[]", b" {}"])
def test_a_start_takes_no_body(service: Service, body: bytes) -> None:
    assert service.ask("POST", "/containers/demo-user-ada/start", body)[0] == 403
    assert service.engine.changes() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upgrade": "tcp", "Connection": "Upgrade, close"}, 403),
        ({"Upgrade": "h2c", "Connection": "Upgrade, close"}, 403),
        ({"Content_Encoding": "gzip"}, 403),
        ({"Content_Encoding": "identity"}, 403),
        ({"Transfer_Encoding": "chunked"}, 400),
    ],
)
def test_what_hides_a_body_is_refused(
    service: Service, body: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    assert service.ask("POST", CREATE, json.dumps(body).encode(), **headers)[0] == status
    assert service.engine.calls == []


@pytest.mark.parametrize("pair", [b"Content-Length: 2\r\nContent-Length: 40\r\n", b"Content-Length: +2\r\n"])
def test_a_second_request_in_a_body_is_not_seen(service: Service, pair: bytes) -> None:
    request = b"POST /containers/demo-user-ada/start HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + pair + b"\r\n{}"

    assert service.raw(request + b"DELETE /containers/demo-user-ada HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 400
    assert service.engine.calls == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"a": "\xff"}', 400),
        (b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}", 400),
        (b'{"a": "' + b"x" * MAX_BYTES + b'"}', 413),
        (b" " * 3_000_000, 413),
        (b'{"Image": "debian", "HostConfig": {}}', 403),
    ],
    ids=["none", "list", "not UTF-8", "deep", "big", "far too big", "another image"],
)
def test_a_body_that_cannot_be_read_is_refused(service: Service, body: bytes, status: int) -> None:
    assert service.ask("POST", CREATE, body)[0] == status
    assert service.engine.calls == []


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/_health", 200),
        ("GET", "/version", 200),
        ("GET", f"/v1.41/images/{IMAGE}/json", 200),
        ("GET", "/v1.41/containers/demo-user-ada/json", 200),
        ("GET", "/v1.41/containers/demo-user-nobody/json", 404),
        ("POST", "/v1.41/containers/demo-user-nobody/start", 404),
    ],
)
def test_the_engines_answer_is_passed_on(service: Service, method: str, target: str, status: int) -> None:
    assert service.ask(method, target)[0] == status


def test_the_engines_refusal_is_passed_on(service: Service) -> None:
    service.engine.refusal = 409
    assert service.ask("DELETE", "/containers/demo-user-ada") == (409, '{"message": "the engine says no"}')


def test_without_an_engine_the_hub_gets_the_reason(service: Service, tmp_path: Path) -> None:
    (tmp_path / "engine.sock").unlink()

    assert service.ask("GET", "/version")[0] == 502
    assert service.ask("GET", "/_health")[0] == 502


def test_a_refusal_is_one_line_of_the_log(
    service: Service, body: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    body["HostConfig"]["x\nERROR fake"] = True
    with caplog.at_level(logging.WARNING, "docker-api"):
        service.ask("POST", CREATE, json.dumps(body).encode())
        service.ask("GET", "/containers/ada/json?size=0%0aERROR%20fake")
    assert len(caplog.messages) == 2
    assert not [message for message in caplog.messages if "\n" in message]


@pytest.mark.parametrize(("version", "query"), [("1.41", ""), ("1.51", "?type=volume")])
def test_the_hub_gets_what_each_user_holds_of_the_disk(service: Service, version: str, query: str) -> None:
    service.engine.version = version

    status, text = service.ask("GET", "/_disk")

    assert (status, json.loads(text)) == (
        200,
        {"bytes": {"ada": 7_000, "bob": 3, "": 500}, "files": {"ada": 4_321}},
    )
    assert ("GET", f"/system/df{query}", None) in service.engine.calls


def test_files_are_counted_by_a_command_line_that_is_fixed(service: Service) -> None:
    service.ask("GET", "/_disk")

    (made,) = [body for method, path, body in service.engine.calls if path == "/containers/ada1/exec"]
    command = ["timeout", "20", "find", "/home", "/tmp", "/var/tmp", "-xdev", "-printf", "."]
    assert made == {"Cmd": command, "Tty": True, "AttachStdout": True}, "no user and no right but the server's own"


def test_files_of_many_servers_are_counted_at_a_time(service: Service) -> None:
    """The hub does not wait for one after another."""
    labels = {"sandbox.stack": "demo", "sandbox.user": "cy"}
    service.engine.servers.append({"Labels": labels, "SizeRw": 1, "State": "running", "Id": "cy1"})
    service.engine.counts_wait_for = 2

    assert json.loads(service.ask("GET", "/_disk")[1])["files"] == {"ada": 4_321, "cy": 4_321}


def test_files_that_can_not_be_counted_hold_up_nothing(service: Service) -> None:
    service.engine.refusal = 409  # a server that ends just now

    status, text = service.ask("GET", "/_disk")

    assert (status, json.loads(text)["files"]) == (200, {})


def test_sizes_that_the_engine_does_not_tell_are_an_error(service: Service, tmp_path: Path) -> None:
    (tmp_path / "engine.sock").unlink()
    assert service.ask("GET", "/_disk")[0] == 502
