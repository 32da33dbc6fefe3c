"""Which calls there are, and whom they may be about."""

from __future__ import annotations

import dataclasses
from urllib.parse import parse_qsl

import pytest
from docker_api.parse import DeniedError
from docker_api.routes import match_call, refuse_foreign_container, refuse_foreign_image
from docker_api.settings import FilterSettings

IMAGE = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("method", "path", "query", "kind", "name"),
    [
        ("GET", "/version", "", "open", ""),
        ("GET", "/_ping", "", "open", ""),
        ("GET", "/v1.41/_ping", "", "open", ""),
        ("GET", f"/v1.41/images/{IMAGE}/json", "", "image", IMAGE),
        ("GET", "/v1.41/containers/demo-user-ada/json", "", "container", "demo-user-ada"),
        ("GET", "/containers/0123abcd/json", "size=False", "container", "0123abcd"),
        ("POST", "/v1.41/containers/create", "name=demo-user-ada", "create", ""),
        ("POST", "/v1.53/containers/0123abcd/start", "", "container", "0123abcd"),
        ("POST", "/v1.41/containers/0123abcd/stop", "t=10", "container", "0123abcd"),
        ("DELETE", "/v1.41/containers/0123abcd", "v=True&link=False&force=False", "container", "0123abcd"),
    ],
)
def test_what_dockerspawner_calls_passes(method: str, path: str, query: str, kind: str, name: str) -> None:
    call = match_call(method, path, parse_qsl(query))

    assert (call.rule.kind, call.name, call.query) == (kind, name, dict(parse_qsl(query)))
    assert call.version + call.path == path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/containers/demo-user-ada/exec"),
        ("POST", "/exec/0123/start"),
        ("POST", "/containers/demo-user-ada/attach"),
        ("GET", "/containers/demo-user-ada/attach/ws"),
        ("GET", "/containers/demo-user-ada/logs"),
        ("GET", "/containers/demo-user-ada/top"),
        ("GET", "/containers/demo-user-ada/archive"),
        ("PUT", "/containers/demo-user-ada/archive"),
        ("GET", "/containers/demo-user-ada/export"),
        ("POST", "/containers/demo-user-ada/update"),
        ("POST", "/containers/demo-user-ada/rename"),
        ("POST", "/containers/demo-user-ada/kill"),
        ("POST", "/containers/demo-user-ada/wait"),
        ("GET", "/containers/json"),
        ("POST", "/containers/prune"),
        ("POST", "/build"),
        ("POST", "/commit"),
        ("GET", "/images/json"),
        ("GET", "/images/debian/json"),
        ("GET", f"/images/{IMAGE}/get"),
        ("POST", "/images/create"),
        ("POST", "/images/load"),
        ("DELETE", f"/images/{IMAGE}"),
        ("GET", "/volumes"),
        ("POST", "/volumes/create"),
        ("GET", "/networks"),
        ("POST", "/networks/demo_control/connect"),
        ("GET", "/info"),
        ("GET", "/events"),
        ("GET", "/system/df"),
        ("POST", "/auth"),
        ("POST", "/session"),
        ("POST", "/grpc"),
        ("POST", "/swarm/init"),
        ("GET", "/secrets"),
        ("POST", "/plugins/pull"),
        ("HEAD", "/_ping"),
        ("OPTIONS", "/version"),
        ("get", "/version"),
        ("PUT", "/containers/create"),
        ("GET", "/containers/create"),
        ("POST", "/containers/demo-user-ada/json"),
        ("GET", "/containers/demo-user-ada"),
        ("DELETE", "/containers/demo-user-ada/json"),
        ("PATCH", "/containers/demo-user-ada"),
        ("GET", "/VERSION"),
        ("GET", "/Containers/demo-user-ada/json"),
        ("GET", "/containers/Demo/json"),
        ("GET", "/containers/-x/json"),
        ("GET", "/containers/" + "a" * 129 + "/json"),
    ],
)
def test_what_is_not_on_the_list_does_not_pass(method: str, path: str) -> None:
    with pytest.raises(DeniedError, match="is not on the list") as caught:
        match_call(method, path, [])
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/containers/demo-user-ada%2fjson",
        "/containers/demo-user-ada%2Fexec/json",
        "/%2e%2e/containers/json",
        "/containers/%64emo-user-ada/json",
        "/containers//json",
        "//version",
        "/version/",
        "/containers/./json",
        "/containers/../version",
        "/containers/demo-user-ada/../../version",
        "/containers/demo..ada/json",
        "/containers/demo-user-ada/json/.",
        "/containers/demo-user-ada;x/json",
        "/containers/demo user/json",
        "/containers/demo\\ada/json",
        "/containers/demo-user-ada\0/json",
        "/version\n",
        "/version#x",
        "/version?x",
        "http://engine/version",
        "version",
        "",
        "*",
        "/containers/žofie/json",
    ],
)
def test_a_path_that_is_not_plain_does_not_pass(path: str) -> None:
    with pytest.raises(DeniedError, match="the path is not plain"):
        match_call("GET", path, [])


@pytest.mark.parametrize(
    "path",
    ["/v1.41/v1.41/version", "/v1/version", "/v1.4x/version", "/v2.0/version", "/v1.1234/version", "/V1.41/version",
     "/v1.41", "/v1.41.1/version", "/v-1.41/version"],
)  # fmt: skip
def test_one_version_of_the_api_may_be_named(path: str) -> None:
    with pytest.raises(DeniedError):
        match_call("GET", path, [])


@pytest.mark.parametrize(
    ("method", "path", "query", "rule"),
    [
        ("GET", "/version", "x=1", "x=1' is not allowed"),
        ("GET", "/containers/ada/json", "size=1", "size=1' is not allowed"),
        ("GET", "/containers/ada/json", "Size=0", "Size=0' is not allowed"),
        ("POST", "/containers/create", "", "must have a name"),
        ("POST", "/containers/create", "name=", "must have a name"),
        ("POST", "/containers/create", "Name=demo-user-ada", "Name=demo-user-ada' is not allowed"),
        ("POST", "/containers/create", "name=demo-user-ada&name=demo-hub-1", "comes twice"),
        ("POST", "/containers/create", "name=demo-user-ada%26platform=x", "is not allowed"),
        ("POST", "/containers/create", "name=../demo-hub-1", "is not allowed"),
        ("POST", "/containers/create", "name=demo-user-ada%0a", "is not allowed"),
        ("POST", "/containers/create", "name=demo-user-ada&platform=linux/arm64", "platform=linux/arm64' is not"),
        ("POST", "/containers/ada/start", "detachKeys=a", "detachKeys=a' is not"),
        ("POST", "/containers/ada/start", "checkpoint=x&checkpoint-dir=/", "checkpoint=x' is not"),
        ("POST", "/containers/ada/stop", "t=-1", "t=-1' is not allowed"),
        ("POST", "/containers/ada/stop", "t=1000", "t=1000' is not allowed"),
        ("POST", "/containers/ada/stop", "signal=SIGSTOP", "signal=SIGSTOP' is not allowed"),
        ("DELETE", "/containers/ada", "link=1", "link=1' is not allowed"),
        ("DELETE", "/containers/ada", "v=1&v=0", "comes twice"),
    ],
)
def test_every_parameter_is_on_the_list(method: str, path: str, query: str, rule: str) -> None:
    with pytest.raises(DeniedError, match=rule):
        match_call(method, path, parse_qsl(query))


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("/demo-hub-1", {"com.docker.compose.project": "demo"}),
        ("/demo-hub-1", {"sandbox.stack": "demo"}),
        ("/demo-user-ada", {}),
        ("/demo-user-ada", None),
        ("/demo-user-ada", {"sandbox.stack": "other"}),
        ("/other-user-ada", {"sandbox.stack": "demo"}),
        ("/demo-user-ada/x", {"sandbox.stack": "demo"}),
        ("/demo-driver-0123abcd", {"sandbox.stack": "demo"}),
    ],
)
def test_a_container_that_is_none_of_our_servers_is_left_alone(
    settings: FilterSettings, name: str, labels: dict[str, str] | None
) -> None:
    with pytest.raises(DeniedError, match="none of this stack's users' servers"):
        refuse_foreign_container(settings, {"Name": name, "Config": {"Labels": labels}})


@pytest.mark.parametrize("inspected", [{}, {"Name": "/demo-user-ada"}, {"Name": "/demo-user-ada", "Config": None}])
def test_a_container_of_which_nothing_is_known_is_left_alone(
    settings: FilterSettings, inspected: dict[str, object]
) -> None:
    with pytest.raises(DeniedError):
        refuse_foreign_container(settings, inspected)


def test_our_servers_and_their_image_may_be_looked_at(settings: FilterSettings) -> None:
    refuse_foreign_container(settings, {"Name": "/demo-user-ada", "Config": {"Labels": {"sandbox.stack": "demo"}}})
    refuse_foreign_image(settings, settings.image)


def test_another_image_may_not_be_looked_at(settings: FilterSettings) -> None:
    other = dataclasses.replace(settings, image="sha256:" + "cd" * 32)
    with pytest.raises(DeniedError, match="only the notebook image"):
        refuse_foreign_image(other, IMAGE)


def test_the_settings_are_composes() -> None:
    given = {"SANDBOX_STACK": "demo", "SANDBOX_NOTEBOOK_IMAGE": IMAGE, "SANDBOX_USER_NETWORK": "demo_data"}
    limits = {"SANDBOX_USER_MEMORY_BYTES": "1024", "SANDBOX_USER_CPUS": "0.5", "SANDBOX_USER_PIDS": "7"}
    unset = dict.fromkeys(limits, "")

    found = FilterSettings.from_env(given | limits)

    assert (found.stack, found.image, found.network) == ("demo", IMAGE, "demo_data")
    assert (found.memory, found.cpus, found.pids) == (1024, 0.5, 7)
    assert (
        FilterSettings.from_env(given)
        == FilterSettings.from_env(given | unset)
        == FilterSettings("demo", IMAGE, "demo_data")
    )
