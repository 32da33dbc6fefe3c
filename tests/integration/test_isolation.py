"""What a user may try from a kernel of their own server: refused or contained, and everybody else goes on working."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from minio.error import S3Error

from sandbox_cli.stack.hub.server_access import access
from sandbox_cli.stack.hub_api import Hub
from tests.support.attacks import ASK, CLEARED, CROWD, FLOOD, GUESS, HOGS, MAILS
from tests.support.engine import ASK_ONCE, Containers, client, life, memory_used
from tests.support.hub import HubClient
from tests.support.kernel import UserKernel
from tests.support.s3 import S3Client
from tests.support.sandbox import Sandbox, until


@contextmanager
def running_user(stack: Sandbox, name: str) -> Iterator[HubClient]:
    """Gives a user who is logged in and has a running server."""
    stack("users", "add", name, "--generate")
    try:
        with HubClient(stack.port("hub")).login(name, stack("users", "show", name).out.strip()) as client:
            client.start_server()
            yield client
    finally:
        stack("users", "remove", name, "--home", "--yes")


@pytest.fixture(scope="module")
def people(stack: Sandbox) -> Iterator[dict[str, HubClient]]:
    """Ada and bob."""
    with running_user(stack, "ada") as ada, running_user(stack, "bob") as bob:
        yield {"ada": ada, "bob": bob}


@pytest.fixture
def ada(people: dict[str, HubClient]) -> Iterator[UserKernel]:
    """A kernel in ada's server that can ask and connect."""
    with people["ada"].kernel() as kernel:
        kernel.run(ASK.replace("{ask_once}", str(ASK_ONCE)))
        yield kernel


def value(kernel: UserKernel, expression: str) -> str:
    """Returns what an expression is in the kernel."""
    return kernel.run(f"print({expression})").text.strip()


def works(user: HubClient) -> bool:
    """Returns whether somebody's server still does what it is for."""
    with user.kernel() as kernel:
        return kernel.run("from spark_etl import runs; print(len(list(runs)) > 0)").text.strip() == "True"


def test_docker_is_out_of_reach(ada: UserKernel) -> None:
    assert value(ada, "os.path.exists('/var/run/docker.sock')") == "False"
    assert value(ada, "connects('docker-api', 2375)") == "False"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/hub/api/users"),
        ("GET", "/hub/api/users/bob"),
        ("POST", "/hub/api/users/eve"),
        ("PATCH", "/hub/api/users/ada"),
        ("DELETE", "/hub/api/users/bob"),
        ("DELETE", "/hub/api/users/bob/server"),
        ("POST", "/hub/api/users/bob/tokens"),
        ("GET", "/hub/api/accounts"),
        ("PUT", "/hub/api/accounts/ada"),
        ("GET", "/hub/api/proxy"),
        ("POST", "/hub/api/shutdown"),
        ("GET", "/hub/api/services"),
    ],
)
def test_the_hubs_api_refuses_what_is_an_admins(ada: UserKernel, method: str, path: str) -> None:
    call = f'ask(\'http://hub:8081{path}\', {method!r}, data=b\'{{"admin": true, "password": "twelve letters"}}\')'

    assert value(ada, call) in {"403", "404"}


def test_the_hubs_proxy_takes_no_orders(ada: UserKernel) -> None:
    assert value(ada, "connects('hub', 8001)") == "False"


def test_other_homes_are_not_there(ada: UserKernel) -> None:
    assert value(ada, "os.listdir('/home')") == "['ada']"
    assert value(ada, "oct(os.stat('/home/ada').st_mode & 0o777)") == "0o700"


def test_the_folder_of_another_on_the_shelf_is_theirs(ada: UserKernel, people: dict[str, HubClient]) -> None:
    with people["bob"].kernel() as bob:
        bob.run("open('/team/bob/note.txt', 'w').write('from bob')")

    assert value(ada, "open('/team/bob/note.txt').read()") == "from bob"
    for attempt in (
        "open('/team/bob/note.txt', 'a')",
        "open('/team/bob/other.txt', 'w')",
        "os.remove('/team/bob/note.txt')",
        "os.rename('/team/bob', '/team/bobby')",
        "os.mkdir('/team/eve')",
        "os.chmod('/team/bob', 0o777)",
        "open('/team/published/x', 'w')",
    ):
        assert "PermissionError" in ada.run(attempt, check=False).error, attempt


@pytest.mark.parametrize("address", ["http://hub:8000", "http://{stack}-user-bob:8888"])
def test_another_users_server_refuses_ones_own_token(ada: UserKernel, stack: Sandbox, address: str) -> None:
    url = f"{address.format(stack=stack.stack)}/user/bob/api/contents"

    assert value(ada, f"ask({url!r})") == "403"


def test_a_token_for_a_visit_opens_one_server(stack: Sandbox, people: dict[str, HubClient]) -> None:
    hub = Hub(stack.port("hub"), {"hub_admin_token": stack.secret("hub_admin_token")})
    people["bob"].start_server()

    with access(hub, "ada") as server:
        shown = server.headers
        assert server.request("GET", "/api/contents").is_success
        for path in ("/user/bob/api/contents", "/hub/api/users", "/hub/api/users/ada/tokens"):
            assert httpx.get(f"{hub.url}{path}", headers=shown).status_code in {401, 403, 404}, path
        assert httpx.delete(f"{hub.url}/hub/api/users/ada/server", headers=shown).status_code in {401, 403, 404}

    assert httpx.get(f"{hub.url}/hub/api/user", headers=shown).status_code == 403, "it ended with the visit"


def test_nothing_outside_the_stack_is_reached(ada: UserKernel, stack: Sandbox) -> None:
    assert client().networks.get(f"{stack.stack}_data").attrs["Internal"], "also where there is nothing to reach"
    places = (("192.0.2.1", 443), ("1.1.1.1", 443), ("8.8.8.8", 53))
    ada.run("from concurrent.futures import ThreadPoolExecutor")
    assert value(ada, f"list(ThreadPoolExecutor(3).map(lambda place: connects(*place), {places}))") == str([False] * 3)
    assert "gaierror" in ada.run("import socket; socket.getaddrinfo('example.com', 443)", check=False).error


def test_the_secrets_of_the_stack_are_not_there(ada: UserKernel, stack: Sandbox) -> None:
    seen = ada.run(
        "import glob\n"
        "for path in [*glob.glob('/run/secrets/*'), *glob.glob('/proc/*/environ')]:\n"
        "    try: print(open(path, errors='replace').read())\n"
        "    except OSError: pass"
    ).text

    assert "JUPYTERHUB_API_TOKEN" in seen
    for name in ("minio_root_password", "hub_cookie_secret", "hub_proxy_token", "hub_admin_token", "s3_identity_key"):
        assert stack.secret(name) not in seen, name


def test_a_fork_bomb_stays_in_its_container(
    ada: UserKernel, people: dict[str, HubClient], containers: Containers
) -> None:
    ended = ada.run(
        "import subprocess\nchildren = []\ntry:\n"
        "    while len(children) < 5000: children.append(subprocess.Popen(['sleep', '600']))\n"
        "except OSError as error: print('refused after', len(children), error.errno)\n"
    )
    limit = int(containers.server("ada").attrs["HostConfig"]["PidsLimit"])
    try:
        assert "refused after" in ended.text
        assert int(ended.text.split()[2]) < limit
        assert works(people["bob"])
    finally:
        ada.run("for child in children: child.kill()\nfor child in children: child.wait()")
    assert works(people["ada"])


def test_a_memory_hog_loses_its_kernel_and_nobody_elses(people: dict[str, HubClient], containers: Containers) -> None:
    before = containers.server("ada").id
    with people["ada"].kernel() as kernel:
        kernel.start("hog = []\nwhile True: hog.append(bytearray(b'x') * (64 << 20))")
        kernel.wait_for_restart(timeout=180)
        assert kernel.run("print('hog' in dir())").text.strip() == "False", "it works again, from nothing"

    assert works(people["bob"])
    assert containers.server("ada").id == before, "the server itself is still the one"
    assert works(people["ada"])


def test_wrong_passwords_from_a_kernel_lock_nobody_out(ada: UserKernel, stack: Sandbox) -> None:
    answers = value(ada, GUESS)
    assert answers == str([403] * 6)

    with HubClient(stack.port("hub")).login("bob", stack("users", "show", "bob").out.strip()) as bob:
        assert bob.http.get("/hub/home").is_success


def test_the_mailbox_keeps_the_newest_of_many_large_mails(
    ada: UserKernel, engineer: HubClient, containers: Containers
) -> None:
    before = life(containers.one("mail"))
    ada.run(MAILS)
    subjects = [mail["subject"] for mail in engineer.http.get("/services/ui/mail/api/email").json()]
    assert "large 11" in subjects
    assert "large 0" not in subjects
    assert life(containers.one("mail")) == before


def test_no_file_grows_without_end(ada: UserKernel) -> None:
    ended = ada.run(
        "import resource\nprint(resource.getrlimit(resource.RLIMIT_FSIZE)[1] // 2**30)\n"
        "with open(os.path.expanduser('~/hog'), 'wb') as hog: hog.truncate(64 << 40)",
        check=False,
    )

    assert ended.text.strip() == "8"
    assert "File too large" in ended.error
    ada.run("os.remove(os.path.expanduser('~/hog'))")


@pytest.mark.parametrize(
    ("host", "port", "path", "answered"),
    [
        ("hub", 8081, "/hub/login", {"413"}),
        ("hub", 8000, "/hub/login", {"413", "503"}),
        ("hub", 8000, "/services/shelf/api/share", {"403", "503"}),
        # It has room for two of them, and saves larger notebooks than the hub has pages.
        ("{stack}-user-bob", 8888, "/user/bob/api/contents/a.ipynb", {"413", "503", "waits"}),
    ],
)
def test_large_slow_bodies_without_a_login_kill_nothing(
    ada: UserKernel,
    people: dict[str, HubClient],
    stack: Sandbox,
    containers: Containers,
    host: str,
    port: int,
    path: str,
    answered: set[str],
) -> None:
    victims = [containers.one("hub"), containers.server("bob")]
    before = [life(victim) for victim in victims]
    ada.run(FLOOD + f"connections = flood({host.format(stack=stack.stack)!r}, {port}, {path!r})")
    try:
        with HubClient(stack.port("hub")).login("bob", stack("users", "show", "bob").out.strip()) as bob:
            assert bob.http.get("/services/shelf/").is_success
        assert [life(victim) for victim in victims] == before
        assert max(memory_used(victim) for victim in victims) < 0.9
        seen = set(value(ada, "' '.join(answers(connections))").split())
        # An answer can be lost when the other end has had enough.
        assert seen <= answered | {"closed"}, seen
    finally:
        ada.run("for one in connections: one.close()")
    assert works(people["bob"])
    assert [life(victim) for victim in victims] == before


def test_who_holds_the_proxys_connections_leaves_room_for_others(
    ada: UserKernel, people: dict[str, HubClient], stack: Sandbox
) -> None:
    """With the limits that are loaded into it: Node has none, and waits a minute for a request."""
    ada.run(CROWD + "connections = crowd('hub', 8000, 850)")
    try:
        assert people["bob"].http.get("/hub/home").is_success
        with HubClient(stack.port("hub")).login("bob", stack("users", "show", "bob").out.strip()) as bob:
            assert bob.http.get("/hub/home").is_success
        assert int(value(ada, "still_open(connections)")) <= 768
    finally:
        ada.run("for one in connections: one.close()")


@pytest.fixture
def hogs(people: dict[str, HubClient], stack: Sandbox) -> Iterator[dict[str, HubClient]]:
    """One of them fills the home, one the folder on the shelf, one the prefix in S3."""
    with running_user(stack, "dan") as dan:
        yield {**people, "dan": dan}


def test_disk_hogs_are_stopped_and_shown_why(hogs: dict[str, HubClient], engineer: HubClient) -> None:
    with ExitStack() as kernels:
        for name, user in hogs.items():
            kernels.enter_context(user.kernel()).start(HOGS[name])
        until(lambda: not any(user.server() for user in hogs.values()), within=120, what="all their servers stopped")

    assert works(engineer)
    message = (
        r"Your server was stopped: home, ~/team, shared notebooks and S3 hold [\d.]+ [MG]iB, and may hold 512\.0 MiB"
    )
    for name, user in hogs.items():
        home = user.http.get("/hub/home").text
        assert re.search(message, home), f"{name}: {home[:3000]}"
        with user.kernel() as kernel:
            kernel.run(CLEARED[name])
        assert works(user), name


DENIED = "AccessDenied|Access Denied|Forbidden|403"


def test_spark_connect_acts_as_itself_whoever_asks(people: dict[str, HubClient]) -> None:
    for name, user in people.items():
        with user.kernel() as kernel:
            kernel.run("from spark_etl import spark\ns = spark()\none = s.range(3).write.mode('overwrite')")
            kernel.run(f"one.parquet('s3a://scratch/connect/{name}/x')")
            refused = kernel.run(f"one.parquet('s3a://scratch/users/{name}/x')", check=False).error
            assert re.search(DENIED, refused), refused[-2000:]
            assert kernel.run("print(s.conf.get('spark.hadoop.fs.s3a.access.key', 'none'))").text.strip() == "none"


PARTED = "CREATE TABLE parted (x INT, p INT) USING parquet PARTITIONED BY (p) LOCATION 's3a://scratch/connect/parted'"
OWN_FILES = [
    "s.conf.set('spark.sql.sources.useV1SourceList', ''); s.read.text('file:///run/keys/credentials').collect()",
    "s.sql(\"CREATE DATABASE d LOCATION 'file:///tmp/d'\")",
    "s.sql(\"CREATE TABLE t USING csv LOCATION 'file:///run/keys/credentials'\")",
    "s.readStream.text('file:///run/keys').writeStream.format('memory').queryName('q').start()",
    "s.sql(\"ALTER TABLE parted ADD PARTITION (p = 1) LOCATION 'file:///tmp/d'\")",
    "s.sql(\"ALTER TABLE parted SET LOCATION 'file:///tmp/d'\")",
    "s.sql(\"ADD FILE '/run/secrets/spark_connect_token'\")",
    "s.sql(\"ADD JAR 'file:///run/keys/credentials'\")",
    "s.sql(\"ADD ARCHIVE '/run/keys/credentials'\")",
    "s.read.text('file:///run/keys/credentials').collect()",
    "s.sql('select * from text.`/proc/self/environ`').collect()",
    "s.range(3).write.parquet('file:///tmp/x')",
    "s.sql(\"SELECT TRANSFORM(a) USING 'cat /run/keys/credentials' AS (b string) FROM VALUES (1) t(a)\").collect()",
    "s.sql(\"SELECT reflect('java.lang.System', 'exit', 3) FROM VALUES (1) t(a)\").collect()",
    "s.conf.set('fs.s3a.impl', 'org.apache.hadoop.fs.LocalFileSystem'); s.range(3).collect()",
]


def test_spark_connect_hands_out_no_file_of_its_own(engineer: HubClient) -> None:
    with engineer.kernel() as kernel:
        kernel.run(f"from spark_etl import spark\ns = spark()\ns.sql({PARTED!r})")
        for code in OWN_FILES:
            refused = kernel.run(code, check=False).error
            assert "Spark Connect reads and writes s3a:// only" in refused, f"{code}: {refused[-1000:]}"
        kernel.run("s.conf.unset('fs.s3a.impl'); s.sql('DROP TABLE parted')")


def test_spark_connects_keys_do_not_last(stack: Sandbox, engineer: HubClient, containers: Containers) -> None:
    """What somebody took out of its processes is worth nothing an hour later, and queries go on with the next keys."""
    taken = S3Client(stack, "spark-connect")
    process = "cat /proc/$(pgrep -f SparkConnectServer | head -n 1)/environ; ls /run/secrets"
    seen = containers.run("spark-connect", "sh", "-c", process).out
    assert "AWS_SHARED_CREDENTIALS_FILE" in seen, "the process's own environment"
    assert "AWS_SECRET_ACCESS_KEY" not in seen
    assert "s3_secret_key" not in seen
    write = "s.range(100).repartition(4).write.mode('overwrite').parquet('s3a://scratch/connect/keys/x')"
    with engineer.kernel() as kernel:
        kernel.run("from spark_etl import spark\ns = spark()")
        kernel.run(write)
        assert taken.may("read", "scratch", "connect/keys/x/_SUCCESS")

        for _ in range(2):
            renewed = containers.run("hub", "python", "-c", RENEW)
            assert renewed.exit_code == 0, renewed.out

        with pytest.raises(S3Error, match="InvalidAccessKeyId"):
            taken.may("read", "scratch", "connect/keys/x/_SUCCESS")
        kernel.run(write)
        kernel.run("assert s.read.parquet('s3a://scratch/connect/keys/x').count() == 100")


RENEW = """
from pathlib import Path
from sandbox_hub.keys.connect_keys import renew
from sandbox_hub.keys.s3_keys import server_keys_from_env
renew(server_keys_from_env(), Path("/srv/connect-keys/credentials"))
"""


def test_a_driver_of_ones_own_writes_as_its_user(people: dict[str, HubClient]) -> None:
    """As another user, too: test_sessions.py."""
    with people["ada"].kernel() as kernel:
        kernel.run("from spark_etl import spark\ns = spark(classic=True)\none = s.range(3).write.mode('overwrite')")
        kernel.run("one.parquet('s3a://scratch/users/ada/x')")
        refused = kernel.run("one.parquet('s3a://scratch/users/bob/x')", check=False).error
        assert re.search(DENIED, refused), refused[-2000:]
        kernel.run("s.stop()")
