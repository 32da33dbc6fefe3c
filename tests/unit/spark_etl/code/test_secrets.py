"""What looks like a secret, and what only speaks of one: each false alarm costs a module of a replay."""

from __future__ import annotations

import pytest
from spark_etl.code.secrets import find_secret, secret_name

# In two parts each, so that no scanner of this repository takes them for real.
TOKENS = {
    "private key": '"""-----BEGIN RSA PRIVATE ' + 'KEY-----\nMIIEowIBAAKCAQEA0Z3VS5JJcds3xfn\n"""',
    "private key in one line": '"-----BEGIN PRIVATE ' + r'KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ"',
    "AWS": '"AKIA' + 'QWERTYUIOPASDFGH"',
    "AWS secret": "aws_secret = 'aB3dEfGhIjKlMnOpQrSt" + "UvWxYz0123456789aB3d'",
    "GitHub": '"ghp_' + "a1B2" * 9 + '"',
    "GitHub, new": '"github_' + "pat_" + "a1B2" * 9 + '"',
    "GitLab": '"glpat' + '-abcd1234efgh5678ijkl"',
    "Slack": '"xoxb' + '-123456789012-123456789012-abcdefABCDEF123456789012"',
    "Slack webhook": '"https://hooks.slack.' + 'com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx"',
    "Google": '"AIza' + "SyA1234567890abcdefghijklmnopqrstuv" + '"',
    "Stripe": '"sk_live' + '_4eC39HqLyjWDarjtT1zdp7dc"',
    "npm": '"npm_' + "aB3d" * 9 + '"',
    "PyPI": '"pypi-AgEI' + 'cHlwaS5vcmcCJDAwMDAwMDAw"',
    "Hugging Face": '"hf_' + "abCDef" * 6 + '"',
    "OpenAI": '"sk-proj' + '-abcd1234efgh5678ijkl9012"',
    "Databricks": '"dapi' + '0123456789abcdef0123456789abcdef"',
    "JWT": '"eyJhbGciOiJIUzI1NiJ9' + '.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"',
    "Azure": '"AccountName=a;Account' + "Key=" + "abCD12+/" * 10 + 'abcdef==;"',
    "URL": '"postgres://etl:' + 's3cr3t@db.example.com/x"',
    "URL without a user": '"redis://:' + 'hunter2@localhost:6379"',
    "JDBC": '"jdbc:postgresql://h/db?user=a&pass' + 'word=hunter2"',
}
LITERALS = [
    'password = "hunter2"',
    'password = "!QAZ2wsx"',
    'password = "Pa$sw0rd"',
    "DB_PASSWORD = 'S3cure!pass'",
    'dbPassword = "hunter2"',
    'PASSWORD_PROD = "hunter2"',
    'password: str = "hunter2"',
    "password = b'hunter2'",
    'password = (\n    "hunter2"\n)',
    'os.environ["DB_PASSWORD"] = "hunter2"',
    'connect(user="x", password="hunter2")',
    '{"password": "hunter2"}',
    r'{"cells": ["password = \"hunter2\"\n"]}',
    '.option("password", "hunter2")',
    'spark.conf.set("fs.s3a.secret.key", "abcdEFGH1234")',
    'API_KEY = "9f8e7d6c5b4a"',
    'token = "a8f5f167f44f4964e6c998dee827110c"',
    'os.environ.get("API_TOKEN", "8fk2aa9xq1")',
    'db_pass = "hunter2"',
    'requests.get(url, auth=("ada", "hunter2"))',
    'headers = {"Authorization": "Basic YWRhOmh1bnRlcjI="}',
    "spark.sql(\"create user ada identified by 'hunter2'\")",
    'passphrase = "correct horse battery staple"',
]
HARMLESS = [
    'password = os.environ["DB_PASSWORD"]',
    'password = os.getenv("DB_PASSWORD", "")',
    'password = os.environ.get("DB_PASSWORD", "local")',
    'password = "${DB_PASSWORD}"',
    'password = "<your password>"',
    'password = "changeme"',
    'password = "***"',
    'password = ""',
    "password = None",
    'password = f"{prefix}{name}"',
    'password = getpass("Password: ")',
    'password = dbutils.secrets.get("scope", "password1")',
    'password = "db-password"',
    'password = "arn:aws:secretsmanager:eu-1:123:secret:x"',
    'raise ValueError("password: must be set")',
    'add_argument("--password", help="the password")',
    'schema = {"password": "string", "token": "varchar"}',
    'withColumn("password", lit("redacted"))',
    'df.select("token", "user_id_2")',
    'if token == "abc12345":',
    'token = "order_2024"',
    'token = "[PAD]"',
    'token = "your-token-here-123"',
    'tokens = text.split("x1y2")',
    'token_column = "token"',
    'secrets=("s3_secret_key",)',
    'secret = "prod/db/password"',
    'api_key = "api_key"',
    'api_key = "{{ secrets/scope/key1 }}"',
    'partition_key = "a1b2c3d4"',
    'pwd = "/home/ada1"',
    "a user identified by 'name0001'",
    'low_pass = "orders_2"',
    'headers = {"Authorization": f"Bearer {token}"}',
    'auth = ("ada", os.environ["PW"])',
    '"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
    '"AKIA' + 'IOSFODNN7EXAMPLE"',
    '"postgres://{user}:{password}@{host}/db"',
    '"postgres://user:password@host/db"',
    '"postgres://postgres:postgres@localhost/db"',
    '"s3a://bucket/2024:01/key@x"',
    'if "-----BEGIN PRIVATE ' + 'KEY-----" in text:\n    raise SomethingVeryLongIndeedError()',
    'commit = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"',
    'password = "hunter2"  # pragma: allowlist secret',
]


@pytest.mark.parametrize("code", [*TOKENS.values(), *LITERALS], ids=[*TOKENS, *LITERALS])
def test_a_secret_is_found_and_its_value_is_not_said(code: str) -> None:
    found = find_secret(f"import os\n\nx = {code}\n".encode(), "shop/a.py")
    assert found
    assert found.line == 3 if "\n" not in code else found.line >= 3
    assert "hunter2" not in str(found)
    assert str(found).startswith("looks like a secret: ")


@pytest.mark.parametrize("code", HARMLESS)
def test_what_only_speaks_of_a_secret_is_none(code: str) -> None:
    assert find_secret(f"x = {code}\n".encode(), "shop/a.py") is None


@pytest.mark.parametrize(
    ("line", "is_secret"),
    [
        ("password: hunter2", True),
        ("export API_TOKEN=8fk2aa9xq1", True),
        ("db.password=hunter2  # of the old one", True),
        ("spark.hadoop.fs.s3a.secret.key: abcd1234efgh", True),
        ("password: ${PW}", False),
        ("password: !vault x", False),
        ("TOKEN=$(cat x)", False),
        ("password:", False),
        ("secret: my-secret-name", False),
        ("description: a password: hunter2 or so", False),
    ],
)
def test_in_a_file_of_settings_a_text_needs_no_quotes(line: str, is_secret: bool) -> None:
    content = f"a: 1\n{line}\nb: 2\n".encode()
    assert (find_secret(content, "conf/shop.yaml") is not None) is is_secret
    assert (find_secret(content, "SETTINGS") is not None) is is_secret
    assert find_secret(content, "shop/notes.py") is None, "in Python these are no texts"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("conf/core-site.xml", "<name>fs.s3a.secret.key</name>\n<value>abcd1234efgh</value>"),
        ("conf/db.xml", "<password>hunter2</password>"),
        ("conf/spark-defaults.conf", "spark.hadoop.fs.s3a.secret.key   abcd1234efgh"),
    ],
)
def test_the_settings_of_hadoop_and_spark_are_read(name: str, line: str) -> None:
    assert find_secret(f"{line}\n".encode(), name)
    assert find_secret(line.replace("hunter2", "${PW}").replace("abcd1234efgh", "${KEY}").encode(), name) is None


def test_a_text_of_windows_is_read_too() -> None:
    found = find_secret("password: hunter2\r\n".encode("utf-16"), "conf/shop.ini")
    assert found
    assert found.line == 1


@pytest.mark.parametrize(
    ("names", "is_secret"),
    [
        (".env .env.prod prod.env conf/server.pem a.key a.p12 a.jks a.keytab id_rsa id_rsa.old id_ed25519", True),
        (".netrc .pgpass .pypirc .npmrc .git-credentials kubeconfig .htpasswd", True),
        ("credentials credentials.json credentials-prod.yaml gcp-credentials.json service-account-etl.json", True),
        ("secrets.yaml Secrets.toml app-secrets.yml token.txt api_token.txt .token tokens.json", True),
        ("secrets.py credentials.py token_utils.py tokens.py key.yaml keys.csv monkey.csv token_counts.csv", False),
        ("environment.yml secretary.yaml tokenizer.json feature_config.yaml pyproject.toml query.sql", False),
    ],
)
def test_a_file_that_is_no_code_may_look_like_a_secret_by_its_name(names: str, is_secret: bool) -> None:
    assert {name: secret_name(name) is not None for name in names.split()} == dict.fromkeys(names.split(), is_secret)
