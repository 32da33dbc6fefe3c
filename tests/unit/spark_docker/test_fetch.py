from __future__ import annotations

import hashlib
import re
import ssl
import struct

import pytest

DER = b"a certificate"
PEM = ssl.DER_cert_to_PEM_cert(DER)


def test_a_trust_store_holds_every_certificate(fetch):
    store = fetch.java_trust_store(f"# a comment\n{PEM}\n{PEM}")
    magic, version, count = struct.unpack(">IIi", store[:12])
    assert (magic, version, count) == (0xFEEDFEED, 2, 2)
    assert store.count(DER) == 2
    password = "changeit".encode("utf-16-be")
    assert store[-20:] == hashlib.new("sha1", password + b"Mighty Aphrodite" + store[:-20]).digest()  # noqa: S324 - the format's


@pytest.mark.parametrize(
    ("environment", "options"),
    [
        ({}, []),
        ({"HTTPS_PROXY": "http://proxy:3128"}, ["-Dhttps.proxyHost=proxy", "-Dhttps.proxyPort=3128"]),
        ({"https_proxy": "http://proxy"}, ["-Dhttps.proxyHost=proxy", "-Dhttps.proxyPort=80"]),
        (
            {"HTTPS_PROXY": "http://me:p%40ss@proxy:1"},
            ["-Dhttps.proxyHost=proxy", "-Dhttps.proxyPort=1", "-Dhttps.proxyUser=me", "-Dhttps.proxyPassword=p@ss"],
        ),
        ({"NO_PROXY": "localhost, .corp"}, ["-Dhttp.nonProxyHosts=localhost|*.corp"]),
        ({"HTTPS_PROXY": ""}, []),
    ],
)
def test_proxy_variables_become_java_properties(fetch, environment, options):
    assert fetch.proxy_options(environment) == options


@pytest.fixture
def jars(tmp_path):
    for name in ("good.jar", "changed.jar", "extra.jar"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def digest(content):
    return hashlib.sha256(content).hexdigest()


def test_jars_that_are_as_agreed_on_are_no_problem(fetch, jars):
    sums = "".join(f"{digest(path.read_bytes())}  {path.name}\n" for path in jars.iterdir())
    assert fetch.problems(jars, sums) == []


def test_each_jar_that_is_not_as_agreed_on_is_named(fetch, jars):
    sums = f"{digest(b'good.jar')}  good.jar\n{digest(b'other')}  changed.jar\n{digest(b'x')}  gone.jar\n"
    assert fetch.problems(jars, sums) == [
        f"changed.jar: sha256 {digest(b'changed.jar')}, wanted {digest(b'other')}",
        "gone.jar: missing",
        "extra.jar: not in sha256sums",
    ]


def test_every_jar_of_ivy_xml_has_its_sum(fetch):
    ivy = (fetch.HERE / "ivy.xml").read_text()
    wanted = {line.split()[1] for line in (fetch.HERE / "sha256sums").read_text().splitlines()}
    named = {
        f"{name}-{rev}.jar" for name, rev in re.findall(r'<dependency org="[^"]+" name="([^"]+)" rev="([^"]+)"', ivy)
    }
    assert named == wanted
