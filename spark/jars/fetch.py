"""Fetches the jars of ivy.xml and checks them against sha256sums: a builder's step, nothing of it is left in the image.

    fetch.py DESTINATION [FOLDER]    FOLDER has ivy.xml and sha256sums; this one's if not given

Ivy is from Debian, or $IVY_JAR; the repository is Ivy's own default. Java knows neither the CA bundle nor the proxy
variables that every other tool goes by, so both are handed over: /run/secrets/ca becomes a trust store, HTTPS_PROXY
properties.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

HERE = Path(__file__).parent
CA = Path("/run/secrets/ca")
IVY = os.environ.get("IVY_JAR", "/usr/share/java/ivy.jar")
STORE_PASSWORD = "changeit"  # noqa: S105 - a trust store's password is a checksum's key; this is Java's default one


def java_trust_store(pem: str) -> bytes:
    """Returns a Java key store (JKS) of the certificates in `pem`; a thousand times faster than keytool in a loop."""
    blocks = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.DOTALL)
    body = struct.pack(">IIi", 0xFEEDFEED, 2, len(blocks))
    for number, block in enumerate(blocks):
        alias, der = f"ca{number}".encode(), ssl.PEM_cert_to_DER_cert(block)
        body += struct.pack(">IH", 2, len(alias)) + alias + struct.pack(">QH", 0, 5) + b"X.509"
        body += struct.pack(">I", len(der)) + der
    seal = hashlib.sha1(STORE_PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + body)  # noqa: S324 - the format's
    return body + seal.digest()


def proxy_options(environment: dict[str, str]) -> list[str]:
    """Returns Java's properties for the proxy variables of `environment`, which may be in upper or lower case."""
    values = {name.lower(): value for name, value in environment.items() if value}
    options = []
    for scheme in ("http", "https"):
        proxy = urlsplit(values.get(f"{scheme}_proxy", ""))
        if proxy.hostname:
            options += [f"-D{scheme}.proxyHost={proxy.hostname}", f"-D{scheme}.proxyPort={proxy.port or 80}"]
        if proxy.username:
            options += [f"-D{scheme}.proxyUser={unquote(proxy.username)}"]
            options += [f"-D{scheme}.proxyPassword={unquote(proxy.password or '')}"]
    if values.get("no_proxy"):
        hosts = [host.strip() for host in values["no_proxy"].split(",")]
        options += ["-Dhttp.nonProxyHosts=" + "|".join("*" + h if h.startswith(".") else h for h in hosts if h)]
    return options


def problems(folder: Path, sums: str) -> list[str]:
    """Returns what in `folder` differs from `sums` (lines of sha256sum): changed, missing and unexpected files."""
    wanted = {name: digest for digest, name in (line.split() for line in sums.splitlines())}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.jar")}
    changed = [
        f"{name}: sha256 {found[name]}, wanted {wanted[name]}"
        for name in wanted
        if found.get(name, wanted[name]) != wanted[name]
    ]
    missing = [f"{name}: missing" for name in sorted(wanted.keys() - found.keys())]
    unexpected = [f"{name}: not in sha256sums" for name in sorted(found.keys() - wanted.keys())]
    return changed + missing + unexpected


def fetch(destination: Path, folder: Path = HERE) -> None:
    """Runs Ivy with its cache in $IVY_CACHE, so that `destination` holds the jars of the folder's ivy.xml.

    Raises:
        subprocess.CalledProcessError: When Ivy could not resolve them all; it has then said why.
    """
    with tempfile.TemporaryDirectory() as scratch:
        options = Path(scratch, "java.options")  # not argv: a proxy's password may be in it
        lines = [*proxy_options(dict(os.environ)), "-Divy.default.ivy.user.dir=" + os.environ.get("IVY_CACHE", scratch)]
        if CA.exists() and CA.stat().st_size:
            store = Path(scratch, "trust.jks")
            store.write_bytes(java_trust_store(CA.read_text()))
            lines += [f"-Djavax.net.ssl.trustStore={store}", f"-Djavax.net.ssl.trustStorePassword={STORE_PASSWORD}"]
        options.write_text("\n".join(lines))
        pattern = f"{destination}/[artifact]-[revision].[ext]"
        ivy = ["-ivy", str(folder / "ivy.xml"), "-confs", "jars", "-types", "jar", "-retrieve", pattern, "-warn"]
        subprocess.run(["java", f"@{options}", "-jar", IVY, *ivy], check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    """Returns the exit code: 1 when a jar is not the one that was agreed on."""
    destination, folder = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE
    fetch(destination, folder)
    found = problems(destination, (folder / "sha256sums").read_text())
    for problem in found:
        print(problem, file=sys.stderr)  # noqa: T201 - a builder's step has no other way to speak
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
