"""What looks like a secret: a file by its name, a text by what stands in it.

Only the rule and the line are ever said, never the value. A false alarm costs a module of a replay, so a rule has to
be sure: the tokens of providers have forms of their own, and of `password = "…"` the text has to look like one.
Code is judged by its content alone: `credentials.py` is a module.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from spark_etl.code.secret_literals import find_literals, is_placeholder

CODE = frozenset({".py", ".pyi", ".ipynb", ".sql", ".r", ".scala", ".java", ".md", ".rst", ".html"})
# Of files that are no code, in small letters.
NAMES = (
    *(".env", ".env.*", ".env-*", "*.env", ".envrc", "*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.jks", "*.keystore"),
    *("*.truststore", "*.ppk", "*.kdbx", "*.keytab", "*.ovpn", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*"),
    *(".netrc", "_netrc", ".pgpass", "pgpass.conf", ".pypirc", ".npmrc", ".my.cnf", ".htpasswd", ".dockercfg"),
    *(".git-credentials", "kubeconfig", "krb5cc_*", "credentials", "credentials.*", "credentials[-_]*"),
    *("*[-_.]credentials", "*[-_.]credentials.*", "client_secret*.json", "service[-_]account*.json"),
    *("serviceaccount*.json", "secret", "secret.*", "secrets", "secrets.*", "*[-_.]secret", "*[-_.]secrets"),
    *("*[-_]secrets.*", "*.secrets.*", "token", "token.*", "tokens", "tokens.*", "*[-_.]token", "*[-_]token.txt"),
    *("*[-_]token.json", "password", "password.*", "passwords", "passwords.*", "passwd", ".vault*pass*"),
)
NAME = re.compile("|".join(f"(?:{fnmatch.translate(name)})" for name in NAMES))
# What other tools that look for secrets take for a yes, in the line itself.
ALLOWED = re.compile(r"pragma:\s*allow-?list\s+secret|gitleaks:allow")
LOOKS_LIKE_ONE = "looks like a secret"
BASE64 = "[A-Za-z0-9+/]"
RUN = re.compile(r"[A-Za-z0-9+/._-]{16,}")


class SecretFound(NamedTuple):
    """Something that looks like a secret.

    Attributes:
        rule: What it looks like.
        line: Where.
    """

    rule: str
    line: int

    def __str__(self) -> str:
        """Returns it as a reason, without the value."""
        return f"{LOOKS_LIKE_ONE}: {self.rule} in line {self.line}"


class _Rule(NamedTuple):
    """A form that secrets have.

    Attributes:
        name: What has it.
        marks: A text without any of these has none; much faster to see.
        pattern: The form; a group `value`, if it has one, is the secret itself.
        in_run: Whether a mark is part of a long run of letters, digits and a few signs; there are few to look through.
    """

    name: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    in_run: bool


def _rule(name: str, marks: str, pattern: str, *, in_run: bool = True) -> _Rule:
    return _Rule(name, tuple(marks.split()), re.compile(pattern), in_run)


PEM_BETWEEN = r"(?:\\[nr]|[\s\"'+(),\\]|b(?=[\"']))*(?:[A-Za-z-]{3,20}: ?[^\n]{1,80}\n\s*){0,4}"
RULES = (
    _rule(
        "a private key",
        "PRIVATE",
        rf"-----BEGIN[ A-Z0-9]{{0,40}}PRIVATE KEY(?: BLOCK)?-----{PEM_BETWEEN}{BASE64}{{20}}",
        in_run=False,
    ),
    _rule("an age key", "AGE-SECRET", r"AGE-SECRET-KEY-1[A-Z0-9]{50}"),
    _rule("an AWS access key", "AKIA ASIA ABIA ACCA", r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b"),
    _rule(
        "an AWS secret key",
        "aws AWS Aws",
        rf"(?i:aws)[\w.\"' -]{{0,40}}[=:][\s\"'(]*(?P<value>(?<!{BASE64}){BASE64}{{40}}(?![A-Za-z0-9+/=]))",
        in_run=False,
    ),
    _rule("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9]{30,255}\b"),
    _rule("a GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{30,255}\b"),
    _rule(
        "a GitLab token",
        "glpat- gldt- glrt- glptt- glcbt- glft- glsoat- glimt- glagent- gloas-",
        r"\bgl(?:pat|dt|rt|ptt|cbt|ft|soat|imt|agent|oas)-[\w-]{20,}",
    ),
    _rule("a Slack token", "xox", r"\bxox[a-z](?:\.xox[a-z])?-(?=[A-Za-z0-9-]*\d)[A-Za-z0-9-]{10,}"),
    _rule("a Slack token", "xapp-", r"\bxapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{10,}"),
    _rule(
        "a Slack webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/]{20,}",
        in_run=False,
    ),
    _rule("a Google API key", "AIza", r"\bAIza[\w-]{32,48}"),
    _rule("a Google token", "ya29. GOCSPX-", r"\b(?:ya29\.[\w-]{20,}|GOCSPX-[\w-]{24,})"),
    _rule("a Stripe key", "k_live_ k_test_ whsec_", rf"\b(?:[srp]k_(?:live|test)_\w{{10,}}|whsec_{BASE64}{{24,}})"),
    _rule("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{30,60}\b"),
    _rule("an npm token", "_authToken", r"_authToken\s*=\s*\"?(?P<value>[\w+/=.-]{10,})", in_run=False),
    _rule("a PyPI token", "pypi-AgE", r"\bpypi-AgE[\w-]{16,}"),
    _rule("a Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{30,}\b"),
    _rule("an API key of OpenAI's form", "sk-", r"\bsk-(?:(?:proj|svcacct|admin|ant|or)-[\w-]{20,}|[A-Za-z0-9]{32,})"),
    _rule("a Databricks token", "dapi", r"\bdapi[0-9a-f]{32}(?:-\d)?\b"),
    _rule("a SendGrid key", "SG.", r"\bSG\.[\w-]{20,24}\.[\w-]{39,50}"),
    _rule("a Docker token", "dckr_", r"\bdckr_[a-z]{3}_[\w-]{20,}"),
    _rule("a DigitalOcean token", "_v1_", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    _rule("a Vault token", "hvs. hvb.", r"\bhv[sb]\.[\w-]{24,}"),
    _rule("a JSON Web Token", "eyJ", r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
    _rule(
        "an Azure account key",
        "ccountKey",
        rf"(?i:AccountKey)\s*[=:]\s*[\"']?(?P<value>{BASE64}{{40,100}}={{0,2}})",
        in_run=False,
    ),
    _rule(
        "an Azure access key",
        "ccessKey",
        rf"(?i:SharedAccessKey)\s*=\s*(?P<value>{BASE64}{{40,60}}={{0,2}})",
        in_run=False,
    ),
    _rule("an Azure signature", "sig=", r"[?&]sig=(?P<value>[A-Za-z0-9%+/]{40,}(?:=|%3D)*)", in_run=False),
    _rule(
        "a login",
        "auth Auth AUTH",
        r"(?:\b[aA]uth\s*=\s*\(|BasicAuth\()\s*[\"'][^\"'\n]{1,100}[\"']\s*,\s*[\"'](?P<value>[^\"'\s]{4,100})[\"']\s*\)",
        in_run=False,
    ),
    _rule(
        "a login",
        "Authorization authorization",
        r"[aA]uthorization[\"']?\s*[:=,]\s*[\"']?(?:Basic|Bearer|[tT]oken)\s+(?P<value>[\w+/=.-]{12,})",
        in_run=False,
    ),
    _rule(
        "a password in SQL",
        "user User USER role ROLE",
        r"(?i:\b(?:user|role)\s+\S{1,60}\s+(?:identified\s+by|(?:with\s+)?password))\s+'(?P<value>[^'\s]{4,100})'",
        in_run=False,
    ),
    _rule(
        "a URL with a password",
        "://",
        r"://(?P<user>[^\s:/@\"'<>?#]{0,100}):(?!(?P=user)@)(?P<value>[^\s/\"'<>]{3,200})@[\w.\[{%$-]",
        in_run=False,
    ),
    _rule(
        "a URL with a password",
        "password= Password= PASSWORD= passwd= pwd= Pwd= PWD= token= api_key= apikey= secret=",
        r"[?&;](?i:user_?)?(?i:password|passwd|pwd|(?:access_|auth_)?token|api_?key|(?:client_)?secret)="
        r"(?P<value>[^\s&;\"'<>]{4,200})",
        in_run=False,
    ),
)


def secret_name(path: str) -> str | None:
    """Returns why a file looks like a secret by its name; None if it does not, and of code always.

    Args:
        path: In the project.
    """
    name = PurePosixPath(path).name.lower()
    if PurePosixPath(name).suffix in CODE:
        return None
    return f"{LOOKS_LIKE_ONE} by its name" if NAME.match(name) else None


def find_secret(content: bytes, path: str) -> SecretFound | None:
    """Returns what looks like a secret in a file; None if nothing does.

    Args:
        content: All of it.
        path: In the project; what is a text in quotes in code may stand without in `settings.ini`.
    """
    text = _as_text(content)
    for rule, start in (*_tokens(text), *find_literals(text, PurePosixPath(path).suffix.lower())):
        line_start = text.rfind("\n", 0, start) + 1
        if not ALLOWED.search(text, line_start, len(text) if (end := text.find("\n", start)) < 0 else end):
            return SecretFound(rule, text.count("\n", 0, start) + 1)
    return None


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    runs = "\n".join(RUN.findall(text))
    for rule in RULES:
        if any(mark in (runs if rule.in_run else text) for mark in rule.marks):
            for match in rule.pattern.finditer(text):
                value = match["value"] if "value" in rule.pattern.groupindex else match[0]
                if not is_placeholder(value):
                    yield rule.name, match.start()


def _as_text(content: bytes) -> str:
    """Returns a text in which what is ASCII can be found, whatever its encoding; lower case is as long."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", errors="replace").encode(errors="replace")
    return content.decode("latin-1")
