"""Calls to docker-api as an intruder in the hub would make them: raw bodies, from inside the hub's container."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.support.engine import Containers

CALL = """
import http.client, json, os
connection = http.client.HTTPConnection("docker-api", 2375, timeout=60)
headers = {"Content-Type": "application/json"}
connection.request(os.environ["METHOD"], os.environ["TARGET"], os.environ["BODY"].encode() or None, headers)
answer = connection.getresponse()
print(json.dumps([answer.status, answer.read().decode(errors="replace")]))
"""


@dataclass(frozen=True)
class Answer:
    """What docker-api said."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        """The body as a document."""
        return json.loads(self.text)


def call(containers: Containers, method: str, target: str, body: str = "") -> Answer:
    """Sends one request to docker-api from inside the hub's container."""
    environment = {"METHOD": method, "TARGET": target, "BODY": body}
    done = containers.run("hub", "python3", "-c", CALL, env=environment)
    assert done.exit_code == 0, done.out
    return Answer(*json.loads(done.out.splitlines()[-1]))
