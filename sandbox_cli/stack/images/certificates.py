"""What a build must know of this machine's network: the certificate authorities it trusts, and its proxy.

Both reach a build as BuildKit secrets, which are in no layer, no history and no process list.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

CA_VARIABLES = [
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
]
SYSTEM_BUNDLES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]
PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"]
SECRET_LIMIT = 500 * 1024  # BuildKit's, in bytes
_KEYCHAINS = ["/Library/Keychains/System.keychain", "/System/Library/Keychains/SystemRootCertificates.keychain"]
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def bundle(environ: Mapping[str, str] | None = None, system: Iterable[str] = SYSTEM_BUNDLES) -> str:
    """Returns the certificate authorities that this machine trusts, as PEM; empty if none are found.

    A variable may name a whole bundle or only a company's own authority, so the files are joined: what the variables
    name first, then the system's, each certificate once, up to what BuildKit takes as a secret.
    """
    environ = os.environ if environ is None else environ
    named = [environ[name] for name in CA_VARIABLES if environ.get(name)]
    there = [path for path in system if Path(path).is_file()][:1]
    texts = [_read(path) for path in dict.fromkeys([*named, *there])]
    if sys.platform == "darwin":
        texts.append(_keychains())
    return _join(certificate for text in texts for certificate in _CERTIFICATE.findall(text))


def _join(certificates: Iterable[str]) -> str:
    joined: list[str] = []
    size = 0
    for certificate in dict.fromkeys(certificates):
        size += len(certificate) + 1
        if size > SECRET_LIMIT:
            break
        joined.append(certificate)
    return "".join(f"{certificate}\n" for certificate in joined)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _keychains() -> str:
    command = ["security", "find-certificate", "-a", "-p", *_KEYCHAINS]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def proxies(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns the proxy variables that are set."""
    environ = os.environ if environ is None else environ
    return {name: environ[name] for name in PROXY_VARIABLES if environ.get(name)}


def has_credentials(settings: Mapping[str, str]) -> bool:
    """Returns whether a proxy address holds a user or a password."""
    return any("@" in urlsplit(value if "//" in value else f"//{value}").netloc for value in settings.values())


def exports(settings: Mapping[str, str]) -> str:
    """Returns the proxy variables as a shell fragment, for the secret `proxy`."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
