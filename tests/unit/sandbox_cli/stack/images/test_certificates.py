from pathlib import Path

import pytest

from sandbox_cli.stack.images import certificates


def certificate(body: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    texts = {"system": f"# A\n{certificate('A')}\n{certificate('B')}\n", "own": certificate("Company")}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return {name: str(tmp_path / name) for name in texts}


def test_a_companys_own_authority_joins_the_systems(files: dict[str, str]) -> None:
    bundle = certificates.bundle({"NODE_EXTRA_CA_CERTS": files["own"]}, [files["system"]])
    assert bundle == f"{certificate('Company')}\n{certificate('A')}\n{certificate('B')}\n"


def test_each_certificate_is_in_it_once(files: dict[str, str]) -> None:
    environ = {"SSL_CERT_FILE": files["system"], "PIP_CERT": files["system"]}
    assert certificates.bundle(environ, [files["system"]]).count("BEGIN") == 2


def test_nothing_found_is_an_empty_bundle(tmp_path: Path) -> None:
    assert certificates.bundle({"SSL_CERT_FILE": str(tmp_path / "gone")}, [str(tmp_path / "gone too")]) == ""


def test_a_bundle_is_never_larger_than_a_build_secret_may_be(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_text("\n".join(certificate(f"{number:04}" * 500) for number in range(400)))
    bundle = certificates.bundle({}, [str(path)])
    assert 400_000 < len(bundle) <= certificates.SECRET_LIMIT
    assert bundle.endswith("-----END CERTIFICATE-----\n")


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("http://proxy:3128", False),
        ("http://user:word@proxy:3128", True),
        ("user:word@proxy:3128", True),
        ("proxy:3128", False),
    ],
)
def test_a_proxy_with_a_password_is_recognised(address: str, secret: bool) -> None:
    assert certificates.has_credentials({"HTTPS_PROXY": address, "NO_PROXY": "localhost"}) is secret


def test_exports_survive_a_shell() -> None:
    assert certificates.exports({"HTTP_PROXY": "http://a:$(b)'c@d"}) == "export HTTP_PROXY='http://a:$(b)'\"'\"'c@d'\n"
