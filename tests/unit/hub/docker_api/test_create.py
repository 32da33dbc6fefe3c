"""What a request to create a container may say, and what the engine gets instead."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from docker_api.create import KEYS, MAX_VARIABLE, MAX_VARIABLES, rebuild
from docker_api.parse import DeniedError
from docker_api.settings import GIB, FilterSettings
from spark_etl.usernames import RERUN_USER, USER_NAME

from tests.unit.hub.docker_api.conftest import IMAGE

NAME = "demo-user-ada"
MINE = {"sandbox.stack": "demo", "sandbox.user": "ada"}
TAKEN_OVER = {"User", "Env"}
PACKAGES = {"Type": "volume", "Source": "demo_packages", "Target": "/opt/packages", "ReadOnly": True}


def test_users_are_named_as_everywhere_in_the_stack(settings: FilterSettings) -> None:
    assert settings.rerun_user == RERUN_USER
    assert settings.name_pattern.pattern == f"demo-user-({USER_NAME})"


def test_the_engine_gets_a_request_written_anew(settings: FilterSettings, body: dict[str, Any]) -> None:
    assert rebuild(settings, NAME, body) == {
        "Image": IMAGE,
        "User": "20007:100",
        "Env": ["HOME=/home/ada", "JUPYTERHUB_API_TOKEN=t0ken"],
        "WorkingDir": "/home",
        "ExposedPorts": {"8888/tcp": {}},
        "Labels": MINE,
        "HostConfig": {
            "NetworkMode": "demo_data",
            "Mounts": [
                {"Type": "volume", "Source": "demo-home-ada", "Target": "/home", "VolumeOptions": {"Labels": MINE}},
                {"Type": "volume", "Source": "demo_team", "Target": "/team", "ReadOnly": False},
                PACKAGES,
            ],
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "Memory": 2 * 1024**3,
            "MemorySwap": 2 * 1024**3,
            "NanoCpus": 2_000_000_000,
            "PidsLimit": 512,
            "Ulimits": [{"Name": "fsize", "Soft": 8 * 1024**3, "Hard": 8 * 1024**3}],
            "RestartPolicy": {"Name": "no"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}},
        },
    }


def test_nothing_but_user_environment_and_size_comes_from_the_request(
    settings: FilterSettings, body: dict[str, Any]
) -> None:
    little = {key: body[key] for key in ("Image", "User", "Env")} | {"HostConfig": {"NetworkMode": "demo_data"}}
    much = body | {"Cmd": ["sh", "-c", "true"], "AttachStdout": False, "AttachStderr": False}

    assert rebuild(settings, NAME, little) == rebuild(settings, NAME, much) == rebuild(settings, NAME, body)


def test_a_size_may_be_asked_for(settings: FilterSettings, body: dict[str, Any]) -> None:
    body["HostConfig"] |= {"Memory": 3 * GIB, "CpuPeriod": 100000, "CpuQuota": 150000}

    host = rebuild(settings, NAME, body)["HostConfig"]

    assert [host[key] for key in ("Memory", "MemorySwap", "NanoCpus")] == [3 * GIB, 3 * GIB, 1_500_000_000]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Memory", 4 * GIB + 1),
        ("Memory", -1),
        ("Memory", "4294967297"),
        ("Memory", True),
        ("CpuQuota", 400_001),
        ("CpuQuota", -1),
        ("CpuQuota", 1.5),
    ],
)
def test_a_size_has_a_limit(settings: FilterSettings, body: dict[str, Any], key: str, value: object) -> None:
    body["HostConfig"] |= {"CpuPeriod": 100000, key: value}

    with pytest.raises(DeniedError, match=key):
        rebuild(settings, NAME, body)


def test_the_server_that_runs_shared_notebooks_keeps_nothing(settings: FilterSettings, body: dict[str, Any]) -> None:
    body["HostConfig"]["Binds"] = ["demo-home-shelf:/home:rw"]

    host = rebuild(settings, "demo-user-shelf", body)["HostConfig"]

    team = {"Type": "volume", "Source": "demo_team", "Target": "/team", "ReadOnly": True}
    assert host["Mounts"] == [team, PACKAGES]
    assert "size=" in host["Tmpfs"]["/home"]


def test_the_limits_are_the_stacks(settings: FilterSettings, body: dict[str, Any]) -> None:
    small = dataclasses.replace(settings, memory=5, cpus=0.5, pids=7)

    host = rebuild(small, NAME, body)["HostConfig"]

    assert [host[key] for key in ("Memory", "MemorySwap", "NanoCpus", "PidsLimit")] == [5, 5, 500_000_000, 7]


HOST_ATTACKS = {
    "Privileged": True,
    "privileged": True,
    "PRIVILEGED": True,
    "Privileged ": True,
    "Mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}],
    "binds": ["/:/host"],
    "VolumesFrom": ["demo-hub-1"],
    "VolumeDriver": "local",
    "PidMode": "host",
    "IpcMode": "host",
    "UTSMode": "host",
    "UsernsMode": "host",
    "CgroupnsMode": "host",
    "Cgroup": "host",
    "CgroupParent": "/",
    "networkmode": "host",
    "Devices": [{"PathOnHost": "/dev/kmsg", "PathInContainer": "/dev/kmsg", "CgroupPermissions": "rwm"}],
    "DeviceRequests": [{"Count": -1}],
    "DeviceCgroupRules": ["a *:* rwm"],
    "CapAdd": ["SYS_ADMIN"],
    "CapDrop": [],
    "SecurityOpt": ["seccomp=unconfined"],
    "MaskedPaths": [],
    "ReadonlyPaths": [],
    "GroupAdd": ["0"],
    "Sysctls": {"net.ipv4.ip_forward": "1"},
    "Tmpfs": {"/run": "exec"},
    "Runtime": "runc",
    "Links": ["demo-minio-1:minio"],
    "ExtraHosts": ["hub:10.0.0.1"],
    "Dns": ["10.0.0.1"],
    "PortBindings": {"8888/tcp": [{"HostPort": "80"}]},
    "PublishAllPorts": True,
    "AutoRemove": True,
    "RestartPolicy": {"Name": "always"},
    "PidsLimit": -1,
    "MemorySwap": -1,
    "NanoCpus": 10**12,
    "OomKillDisable": True,
    "OomScoreAdj": -1000,
    "ShmSize": 2**40,
    "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 1}],
    "LogConfig": {"Type": "syslog", "Config": {"syslog-address": "tcp://10.0.0.1"}},
    "ContainerIDFile": "/etc/cron.d/x",
    "StorageOpt": {"size": "1T"},
    "Annotations": {"a": "b"},
    "": True,
}


@pytest.mark.parametrize("key", HOST_ATTACKS)
def test_what_grants_anything_on_the_host_is_refused(settings: FilterSettings, body: dict[str, Any], key: str) -> None:
    body["HostConfig"][key] = HOST_ATTACKS[key]
    with pytest.raises(DeniedError, match="HostConfig") as caught:
        rebuild(settings, NAME, body)
    assert caught.value.status == 403
    assert key in caught.value.rule


@pytest.mark.parametrize(
    "mode",
    ["host", "none", "bridge", "default", "", None, "container:demo-hub-1", "demo_control", "other_data", "DEMO_DATA",
     ["demo_data"], "ns:/proc/1/ns/net", "demo_data "],
)  # fmt: skip
def test_there_is_one_network(settings: FilterSettings, body: dict[str, Any], mode: object) -> None:
    body["HostConfig"]["NetworkMode"] = mode
    with pytest.raises(DeniedError, match="NetworkMode"):
        rebuild(settings, NAME, body)


@pytest.mark.parametrize(
    "binds",
    [
        ["/:/home:rw"],
        ["/var/run/docker.sock:/var/run/docker.sock"],
        ["demo-home-bob:/home:rw"],
        ["other-home-ada:/home:rw"],
        ["demo_secrets-hub:/home:rw"],
        ["demo-home-ada:/:rw"],
        ["demo-home-ada:/home:rw,exec"],
        ["demo-home-ada:/home:rw", "/:/host"],
        ["demo-home-ada:/home:rw", "demo-home-ada:/home:rw"],
        "demo-home-ada:/home:rw",
        {"demo-home-ada": "/home"},
        True,
    ],
)
def test_there_is_one_volume(settings: FilterSettings, body: dict[str, Any], binds: object) -> None:
    body["HostConfig"]["Binds"] = binds
    with pytest.raises(DeniedError, match="Binds"):
        rebuild(settings, NAME, body)


@pytest.mark.parametrize("host", [None, [], "x", 1])
def test_a_host_config_is_an_object(settings: FilterSettings, body: dict[str, Any], host: object) -> None:
    body["HostConfig"] = host
    with pytest.raises(DeniedError, match="HostConfig"):
        rebuild(settings, NAME, body)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Image", "debian:trixie-slim"),
        ("Image", IMAGE.upper()),
        ("Image", IMAGE[:19]),
        ("Image", None),
        ("image", IMAGE),
        ("hostconfig", {"Privileged": True}),
        ("Entrypoint", ["sh"]),
        ("WorkingDir", "/etc"),
        ("Labels", {"com.docker.compose.project": "other"}),
        ("NetworkingConfig", {"EndpointsConfig": {"demo_control": {}}}),
        ("MacAddress", "02:42:ac:11:00:02"),
        ("Hostname", "hub"),
        ("Domainname", "example.com"),
        ("Healthcheck", {"Test": ["CMD", "true"]}),
        ("Runtime", "runc"),
        ("StopSignal", "SIGKILL"),
        ("OpenStdin", True),
        ("AttachStdin", True),
        ("Tty", True),
        ("OnBuild", ["RUN true"]),
        ("ArgsEscaped", True),
        ("Shell", ["sh"]),
        ("Volumes", {"/home": {}, "/etc": {}}),
        ("Volumes", {"/": {}}),
        ("ExposedPorts", {"22/tcp": {}}),
        ("Volumes", ["/etc"]),
        ("Volumes", "/etc"),
        ("ExposedPorts", ["22/tcp"]),
        ("ExposedPorts", 22),
    ],
)
def test_what_says_anything_else_than_a_server_is_refused(
    settings: FilterSettings, body: dict[str, Any], key: str, value: object
) -> None:
    with pytest.raises(DeniedError, match=key):
        rebuild(settings, NAME, body | {key: value})


@pytest.mark.parametrize(
    "user",
    ["0:100", "root", "", None, 20001, "20001", "20001:0", "20001:100:0", "10004:100", "19999:100", "22000:100",
     "020001:100", "20001:100\n", "２0001:100", "-20001:100", ["20001:100"]],
)  # fmt: skip
def test_a_server_runs_as_a_user_of_the_hub(settings: FilterSettings, body: dict[str, Any], user: object) -> None:
    with pytest.raises(DeniedError, match="User must be"):
        rebuild(settings, NAME, body | {"User": user})


@pytest.mark.parametrize("user", ["20000:100", "21999:100"])
def test_every_user_of_the_hub_may_be_served(settings: FilterSettings, body: dict[str, Any], user: str) -> None:
    assert rebuild(settings, NAME, body | {"User": user})["User"] == user


@pytest.mark.parametrize(
    "name",
    ["demo-hub-1", "demo-user-", "demo-user-a", "demo-user-Ada", "demo-user-1ada", "other-user-ada", "demo-user-ada\n",
     "xdemo-user-ada", "demo-user-ada/x", "demo-user-" + "a" * 32, ""],
)  # fmt: skip
def test_only_a_servers_name_is_taken(settings: FilterSettings, body: dict[str, Any], name: str) -> None:
    with pytest.raises(DeniedError, match="must be called demo-user-<name>"):
        rebuild(settings, name, body)


def test_a_stacks_name_is_no_pattern(settings: FilterSettings, body: dict[str, Any]) -> None:
    with pytest.raises(DeniedError, match="must be called"):
        rebuild(dataclasses.replace(settings, stack="d.mo"), NAME, body)


@pytest.mark.parametrize(
    ("variables", "rule"),
    [
        (None, "Env must be a list"),
        ("A=1", "Env must be a list"),
        ({"A": "1"}, "Env must be a list"),
        (["A=1"] * (MAX_VARIABLES + 1), "at most"),
        (["A"], "NAME=value"),
        (["=1"], "NAME=value"),
        (["1A=1"], "NAME=value"),
        (["A B=1"], "NAME=value"),
        ([" LD_PRELOAD=/x"], "NAME=value"),
        (["A=\0"], "NAME=value"),
        ([None], "NAME=value"),
        (["A=" + "x" * MAX_VARIABLE], "NAME=value"),
        (["LD_PRELOAD=/home/x.so"], "may not set LD_PRELOAD"),
        (["LD_LIBRARY_PATH=/home"], "may not set LD_LIBRARY_PATH"),
        (["A=1", "LD_AUDIT=/home/x.so"], "may not set LD_AUDIT"),
        (["GCONV_PATH=/home"], "may not set GCONV_PATH"),
        (["PYTHONHOME=/home"], "may not set PYTHONHOME"),
        (["BASH_ENV=/home/x"], "may not set BASH_ENV"),
        (["JAVA_TOOL_OPTIONS=-javaagent:/home/x.jar"], "may not set JAVA_TOOL_OPTIONS"),
    ],
)
def test_a_variable_that_could_run_something_is_refused(
    settings: FilterSettings, body: dict[str, Any], variables: object, rule: str
) -> None:
    with pytest.raises(DeniedError, match=rule):
        rebuild(settings, NAME, body | {"Env": variables})


@pytest.mark.parametrize(
    "variable", ["A=", "A=b=c", "A=two\nlines", "OLD_X=1", "ENVIRONMENT=1", "_SPARK_AUTH_SECRET=x"]
)
def test_other_variables_pass_as_they_are(settings: FilterSettings, body: dict[str, Any], variable: str) -> None:
    assert rebuild(settings, NAME, body | {"Env": [variable]})["Env"] == [variable]


@pytest.mark.parametrize(
    "key", sorted(KEYS - {"Image", "User", "Env", "Cmd", "HostConfig", "AttachStdout", "AttachStderr"})
)
def test_whatever_else_may_be_said_must_be_empty(settings: FilterSettings, body: dict[str, Any], key: str) -> None:
    with pytest.raises(DeniedError, match=key):
        rebuild(settings, NAME, body | {key: {"/x": "y"}})
