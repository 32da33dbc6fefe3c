"""Container log lines that may say ERROR, each by name and with the reason why it is no failure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Waiver:
    """Errors of one service that may appear.

    Attributes:
        service: Pattern for the compose service or the name of a user's server.
        line: Pattern found in the line.
        reason: Why such a line is no failure.
        always: Holds for every test; otherwise a test asks for it with `@pytest.mark.waive("name")`.
        detail: Pattern found in the line or in what belongs to it, stack frames left out; empty: whatever that is.
    """

    service: str
    line: str
    reason: str
    always: bool = False
    detail: str = ""

    def covers(self, service: str, lines: Sequence[str]) -> bool:
        """Returns whether this waiver is about that line and what belongs to it: a traceback, an exception."""
        text = "\n".join(line for line in lines if not STACK_FRAME.match(line))
        return bool(
            re.fullmatch(self.service, service) and re.search(self.line, lines[0]) and re.search(self.detail, text)
        )


STACK_FRAME = re.compile(r"\s+(at|File) ")
# Exceptions that a stopping Spark endpoint, or its peer, logs.
GOING_AWAY = (
    r"RejectedExecutionException|RpcEnvStoppedException|Could not find |(has been|already) stopped"
    r"|ClosedChannelException|InterruptedException|Connection (reset|refused)|Broken pipe|Failed to connect"
)
WAIVERS: dict[str, Waiver] = {
    "reader gone": Waiver(
        r"hub|docker-api|.*-user-.*",
        r"Uncaught exception [A-Z]+ /",
        "a browser left a page, or a client hung up, while its answer was being written: nobody reads the rest",
        always=True,
        detail=r"tornado\.(iostream\.StreamClosedError|websocket\.WebSocketClosedError)",
    ),
    "asked to stop": Waiver(
        r"hub|.*-user-.*",
        r"received signal 15, stopping|Received signal SIGTERM, initiating shutdown",
        "Jupyter logs an ordinary stop as critical",
        always=True,
    ),
    "executor let go": Waiver(
        r"spark-.*|runner|.*-user-.*",
        r"ERROR TransportClient: Failed to send RPC|ERROR ContextCleaner: Error cleaning broadcast"
        r"|ERROR TransportResponseHandler: Still have \d+ requests? outstanding"
        r"|ERROR TransportRequestHandler: Error sending result .* closing connection"
        r"|ERROR TransportRequestHandler: Error while invoking RpcHandler#receive\(\) for one-way message"
        r"|Lost executor \d+ on .*: (Worker shutting down|Command exited with code 143)",
        "dynamic allocation, or a worker that is told to stop, lets an executor go (143: SIGTERM), or a driver ends: "
        "whoever was just talking to it says so, and goes on",
        always=True,
    ),
    "endpoint let go": Waiver(
        r"spark-.*|runner|.*-user-.*",
        "ERROR Inbox: Ignoring error",
        "as above, of one that still has messages",
        always=True,
        detail=GOING_AWAY,
    ),
    "query of a notebook ended": Waiver(
        "spark-connect",
        r"ErrorUtils: Spark Connect RPC error during: (async-grpc-response-sender|config|execute)\.",
        "a query was interrupted, or its kernel has ended: Connect logs what it tells the notebook",
        always=True,
    ),
    "asked of an executor let go": Waiver(
        "spark-connect",
        r"ErrorUtils: Spark Connect RPC error during: \w+\.",
        "a session that ends asks every executor for its Python logs; one that was let go just then does not answer: "
        "the client's stop() passes over that",
        always=True,
        detail=GOING_AWAY,
    ),
    "query released early": Waiver(
        "spark-connect",
        r"ErrorUtils: Spark Connect RPC error during: releaseExecute\.",
        "a query was interrupted just before it began: Connect releases it all the same, and misses its end",
        always=True,
        detail=r"with status \w+\s+is not within statuses List\(Finished, Failed, Canceled\) for event Closed",
    ),
    "query ended twice": Waiver(
        "spark-connect",
        r'Exception in thread "SparkConnectExecuteThread_opId=[\w-]+" java\.lang\.IllegalStateException',
        "a query failed, or was cancelled, while its kernel's session was being closed: the thread that ran it reports "
        "an end that was told already, and is done",
        always=True,
        detail=r"Stream on\w+ can't be called after stream completed|with status \w+\s+is not .* for event \w+",
    ),
    "query fails": Waiver(
        "spark-connect",
        r"TaskSetManager: (Lost task|Task \d+ in stage \S+ failed \d+ times)",
        "the test runs a cell whose function fails on executors",
    ),
    "spark peers gone": Waiver(
        "spark-.*|runner|.*user-.*",
        r"Lost (an )?executor|TransportClient|TransportResponseHandler|Still have \d+ requests|Connection to .* closed"
        r"|RECEIVED SIGNAL|Connection to master failed|Failed to send ExecutorStateChanged|OneWayOutboxMessage"
        r"|Uncaught exception in thread spark-dynamic-executor-allocation",
        "the test kills a Spark process, or lets executors go while a driver still talks to them",
    ),
    "executor reported twice": Waiver(
        "spark-master",
        "ERROR Inbox: Ignoring error",
        "the test kills the master: the one that recovers hears of a running executor from its worker and its driver",
        detail="state transfer from RUNNING to RUNNING is illegal",
    ),
    "store gone": Waiver(
        "spark-history", "FsHistoryProvider: Exception in checking for event log updates", "the test stops MinIO"
    ),
    "no server without a store": Waiver(
        "hub",
        r"(Not starting|Error starting server|Previous spawn for) .*: 503 StartError"
        r"|503 (GET /hub/spawn|POST /hub/api/users/\w+/server)",
        "the test stops MinIO, and a server gets no keys without it: JupyterHub logs what it tells the user",
    ),
    "size refused": Waiver(
        "hub",
        r"Not starting |Failed to spawn single-user server with query arguments",
        "the test asks for a size that there is not; of an address JupyterHub logs that with a traceback",
        detail=r"422 StartError\(reason=size\): There is no size",
    ),
    "hub away": Waiver(
        ".*-user-.*",
        "Error notifying Hub of activity",
        "the test restarts the hub; a server tells it again in a moment",
    ),
    "planted": Waiver("docker-api", "ERROR planted by a test", "the test writes it itself"),
    "intruder refused": Waiver(
        "spark-.*",
        r"TransportRequestHandler|SaslRpcHandler|AuthRpcHandler|AuthServerBootstrap|SecurityException",
        "the test connects without the secret; the master has to complain",
    ),
}
