"""A mail server in this process, for what the runner says to one."""

from __future__ import annotations

import base64
import datetime
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Mail:
    """A mail that was taken, with the envelope it came in."""

    message: EmailMessage
    to: list[str]
    user: str | None
    encrypted: bool


@dataclass
class MailBox:
    """A server's address, what it does, and what it took."""

    certificate: Path
    security: str = "none"
    logins: dict[str, str] = field(default_factory=dict)
    refuses: str = "nobody"
    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    received: list[str] = field(default_factory=list)

    def context(self) -> ssl.SSLContext:
        """Returns the server's side of TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context


class _Conversation(socketserver.BaseRequestHandler):
    box: MailBox

    def handle(self) -> None:
        self.box = cast("Any", self.server).box
        self.encrypted = self.box.security == "tls"
        self.user: str | None = None
        self.to: list[str] = []
        try:
            if self.encrypted:
                self.request = self.box.context().wrap_socket(self.request, server_side=True)
            self.file = self.request.makefile("rb")
            self.say("220 mail ready")
            while (line := self.file.readline()) and self.answer(line.decode().strip()):
                pass
        except OSError:
            return

    def say(self, text: str) -> None:
        self.request.sendall(f"{text}\r\n".encode())

    def answer(self, line: str) -> bool:
        self.box.received.append(line)
        verb = line.split(maxsplit=1)[0].upper()
        if verb == "QUIT":
            self.say("221 bye")
            return False
        getattr(self, f"on_{verb.lower()}", self.on_other)(line)
        return True

    def on_other(self, line: str) -> None:
        self.say("250 ok")

    def on_ehlo(self, line: str) -> None:
        offers = ["STARTTLS"] if self.box.security == "starttls" and not self.encrypted else []
        offers += ["AUTH PLAIN"] if self.box.logins else []
        lines = ["mail", *offers]
        for position, text in enumerate(lines):
            self.say(f"250{' ' if position == len(lines) - 1 else '-'}{text}")

    def on_starttls(self, line: str) -> None:
        self.say("220 go on")
        self.request = self.box.context().wrap_socket(self.request, server_side=True)
        self.file = self.request.makefile("rb")
        self.encrypted = True

    def on_auth(self, line: str) -> None:
        _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
        known = self.box.logins.get(user) == password
        self.user = user if known else None
        self.say("235 welcome" if known else "535 wrong")

    def on_rcpt(self, line: str) -> None:
        address = line.partition("<")[2].partition(">")[0]
        if address == self.box.refuses:
            self.say("550 unknown")
            return
        self.to.append(address)
        self.say("250 ok")

    def on_data(self, line: str) -> None:
        self.say("354 go on")
        content = b""
        while (part := self.file.readline()) != b".\r\n":
            content += part
        message = cast("EmailMessage", message_from_bytes(content, policy=default))
        self.box.mails.append(Mail(message, self.to, self.user, self.encrypted))
        self.say("250 taken")


@contextmanager
def serving(box: MailBox) -> Iterator[MailBox]:
    """Listens for as long as the block runs."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation) as server:
        server.daemon_threads = True
        cast("Any", server).box = box
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()


def self_signed(file: Path, host: str = "localhost") -> Path:
    """Writes key and certificate of a host, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return file
