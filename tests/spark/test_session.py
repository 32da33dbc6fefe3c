from __future__ import annotations

import socket
import time

import pytest
from spark_etl.connect_channel import TokenChannelBuilder
from spark_etl.errors import SparkEtlError
from spark_etl.sessions.connect import connect_session


def test_a_token_is_sent_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_CONNECT_AUTHENTICATE_TOKEN", "from the environment")
    channel = TokenChannelBuilder("sc://spark-connect:15002", "given")
    assert not channel.secure
    assert ("authorization", "Bearer given") in channel.metadata()


def test_with_tls_the_token_is_the_clients_own_affair() -> None:
    channel = TokenChannelBuilder("sc://spark-connect:15002/;use_ssl=true", "given")
    assert channel.secure
    assert channel.token == "given"
    assert "authorization" not in dict(channel.metadata())


def test_a_server_that_is_down_is_told_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(SparkEtlError, match=f"no Spark Connect server answers at 127.0.0.1:{port}"):
        connect_session(f"sc://127.0.0.1:{port}")
    assert time.monotonic() - began < 5


def test_without_an_address_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SANDBOX_CONNECT_URL", "SPARK_REMOTE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SparkEtlError, match="no Spark Connect server is named"):
        connect_session()
