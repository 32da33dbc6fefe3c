"""The hub's settings: from the environment that compose.yaml gives, and the secrets in /run/secrets."""

import functools
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bounded_http import BoundedServer, Limits
from sandbox_hub.disk import docker_api, usage
from sandbox_hub.disk.guard import FLOOR, LIMIT, DiskGuard, free_room, parse_bytes
from sandbox_hub.hub_requests import check_hub_requests
from sandbox_hub.keys.s3_keys import HUB_S3_USER, Key
from sandbox_hub.keys.secrets import read_secret
from sandbox_hub.origins import SERVICES, Origins
from sandbox_hub.servers.sizes import DEFAULT_SIZES, parse_sizes
from sandbox_hub.servers.spawner import SandboxSpawner, keep_name
from sandbox_hub.servers.start_errors import is_unexpected
from sandbox_hub.service_group import Service, WebService, dump_services
from sandbox_hub.users import accounts_api, sign_in
from sandbox_hub.users.authenticator import SandboxAuthenticator
from spark_etl import usernames as names
from tornado.httpserver import HTTPServer

if TYPE_CHECKING:
    from traitlets.config.application import get_config  # JupyterHub puts its own into this file's namespace

# JupyterHub makes its own server without settings for it: 100 MB of each body without a login, however slow it comes.
HTTPServer.configure(BoundedServer, limits=Limits())
accounts_api.limit_tokens()
check_hub_requests()
logging.getLogger("asyncio").addFilter(is_unexpected)
c = get_config()
stack = os.environ["SANDBOX_STACK"]
provider, provider_settings = sign_in.read_settings(read_secret("hub_auth"))
links = [name for name in os.environ.get("SANDBOX_UI_LINKS", "").split(",") if name]
origins = Origins(os.environ.get("SANDBOX_SUBDOMAIN_HOST", ""))

# Everything a browser needs comes through the proxy; the hub itself is reached by users' servers only.
c.JupyterHub.bind_url = "http://0.0.0.0:8000"
c.JupyterHub.hub_ip = "0.0.0.0"  # noqa: S104 - of its container
c.JupyterHub.hub_connect_ip = "hub"
# Names are asked for each time: a server's old address may be another's by now.
c.JupyterHubHTTPClient.connector_options = {"use_dns_cache": False}
c.JupyterHub.db_url = "sqlite:////srv/hub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret = sign_in.cookie_secret(read_secret("hub_cookie_secret"), provider)
# A login lasts a working day, and so do the tokens in the cookies of users' servers and of the stack's pages: who was
# taken off the provider's list is out by tomorrow.
c.JupyterHub.cookie_max_age_days = 1
# Tokens that users make for their scripts end too, also those that they ask no end for.
c.JupyterHub.token_expires_in_max_seconds = 7 * 24 * 3600
c.ConfigurableHTTPProxy.auth_token = read_secret("hub_proxy_token")
# Each route and request is not worth a line. (An option in `command` would lose against this setting's default.)
c.ConfigurableHTTPProxy.log_level = "warn"
# Users' servers, and the kernels in them, go on while the hub is restarted.
c.JupyterHub.cleanup_servers = False
c.JupyterHub.template_paths = ["/opt/hub/templates"]
sizes = parse_sizes(os.environ.get("SANDBOX_SERVER_SIZES") or DEFAULT_SIZES)
default_size = os.environ.get("SANDBOX_SERVER_SIZE") or ("medium" if "medium" in sizes else next(iter(sizes)))
store = os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_REGION"], Key(HUB_S3_USER, read_secret("s3_secret_key"))
objects = functools.partial(usage.in_s3, *store)
guard = DiskGuard(
    usage.DiskUse(docker_api.disk_usage, Path("/srv/team"), objects),
    functools.partial(free_room, "/srv/hub"),
    parse_bytes(os.environ.get("SANDBOX_HOME_LIMIT") or LIMIT),
    parse_bytes(os.environ.get("SANDBOX_DISK_FLOOR") or FLOOR),
    on_stop=functools.partial(usage.abort_uploads, *store),
)
# Functions, since Jupyter's configuration hands out copies of anything else: there is one guard.
c.SandboxSpawner.disk_stop_reason = lambda user: guard.stop_reason(user)  # noqa: PLW0108
c.JupyterHub.template_vars = {
    "sandbox_links": links,
    "sandbox_stack": stack,
    # Whether accounts and their passwords are this stack's own.
    "sandbox_passwords": provider == sign_in.NATIVE,
    "sandbox_sizes": list(sizes.values()),
    "sandbox_default_size": default_size,
    # Empty, or where the services have addresses of their own.
    "sandbox_at": {name: origins.service(name) for name in SERVICES},
    "sandbox_stop_reason": lambda user: guard.stop_reasons.get(user.name, "") if user else "",
    "sandbox_outdated": lambda user: bool(user and user.spawner.active and user.spawner.is_outdated),
}
# A user has one server; more would need names and more memory.
c.JupyterHub.allow_named_servers = False
c.JupyterHub.concurrent_spawn_limit = 10
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 2}
origins.configure(c)

if provider == sign_in.NATIVE:
    # Accounts are made by `sandbox users`; who has none can't get in, and nobody can sign up.
    c.JupyterHub.authenticator_class = SandboxAuthenticator
    c.SandboxAuthenticator.allow_all = True
    c.SandboxAuthenticator.enable_signup = False
    c.SandboxAuthenticator.open_signup = False
    c.SandboxAuthenticator.username_pattern = names.PATTERN
    c.SandboxAuthenticator.minimum_password_length = 10
    c.SandboxAuthenticator.check_common_password = True
else:
    if origins.hub:
        # Otherwise guessed from the address at which somebody opened the login page.
        provider_settings.setdefault("oauth_callback_url", f"{origins.hub}/hub/oauth_callback")
    try:
        sign_in.configure(c, provider, provider_settings)
    except ValueError as error:
        # One line in the log instead of a traceback.
        raise SystemExit(f"hub-auth.yaml: {error}") from None

c.JupyterHub.spawner_class = SandboxSpawner
c.SandboxSpawner.stack = stack
c.SandboxSpawner.s3_endpoint = os.environ["AWS_ENDPOINT_URL_S3"]
c.SandboxSpawner.s3_region = os.environ["AWS_REGION"]
c.SandboxSpawner.sizes = sizes
c.SandboxSpawner.default_size = default_size
c.SandboxSpawner.image = os.environ["SANDBOX_NOTEBOOK_IMAGE"]
c.SandboxSpawner.network_name = os.environ["SANDBOX_USER_NETWORK"]
c.SandboxSpawner.use_internal_ip = True
# The image is built here; there is no registry to ask.
c.SandboxSpawner.pull_policy = "never"
c.SandboxSpawner.prefix = stack
c.SandboxSpawner.name_template = "{prefix}-user-{username}"
c.SandboxSpawner.escape = keep_name
# A container that crashed at start keeps its logs; the next start replaces it.
c.SandboxSpawner.remove = False
# Said for DockerSpawner only: docker-api leaves the command to the image.
c.SandboxSpawner.cmd = ["jupyterhub-singleuser"]
c.SandboxSpawner.notebook_dir = "/home/{username}"
c.SandboxSpawner.default_url = "/lab/tree/notebooks"
# What a server's own token is good for: it reports activity, lets its user in, and shares notebooks.
c.SandboxSpawner.server_token_scopes = [
    "users:activity!user",
    "access:servers!server",
    "access:services!service=shelf",
]
c.SandboxSpawner.environment = origins.servers()
c.SandboxSpawner.start_timeout = 60
c.SandboxSpawner.http_timeout = 60
c.SandboxSpawner.poll_interval = 10

python = sys.executable
cull_seconds = int(os.environ.get("SANDBOX_CULL_SECONDS", "7200"))
of_a_service = {name: os.environ[name] for name in ("AWS_ENDPOINT_URL_S3", "AWS_REGION")} | {"PYTHONPATH": "/opt/hub"}
service_secret = read_secret("hub_admin_token")
of_shelf = {
    "SANDBOX_SHELF": "/srv/team/published",
    "SANDBOX_NOTEBOOK_IMAGE": os.environ["SANDBOX_NOTEBOOK_IMAGE"],
    # For the quota: nobody shares beyond it.
    "DOCKER_HOST": os.environ.get("DOCKER_HOST", ""),
    "SANDBOX_HOME_LIMIT": os.environ.get("SANDBOX_HOME_LIMIT", ""),
}
web_services = [
    WebService(name, f"sandbox_hub.{module}.service", port, service_secret, origins.public_url(name), environment)
    for name, module, port, environment in (
        ("ui", "gateway", 8010, {}),
        ("shelf", "shelf", 8011, of_shelf),
        ("runs", "runs", 8012, {}),
    )
]
connect_keys = Service("sandbox_hub.keys.connect_keys", {"SANDBOX_CONNECT_KEYS": "/srv/connect-keys/credentials"})
c.JupyterHub.services = [
    {"name": "sandbox-cli", "api_token": read_secret("hub_admin_token")},
    {
        "name": "services",  # the processes of those below, and one without pages
        "command": [python, "-m", "sandbox_hub.service_group"],
        "environment": {
            **of_a_service,
            "SANDBOX_UI_LINKS": ",".join(links),
            **dump_services([*(service.process() for service in web_services), connect_keys]),
        },
    },
    *(service.of_hub() for service in web_services),  # which the hub waits for, so their processes come first
    {
        "name": "idle-culler",
        "command": [
            python,
            "-m",
            "jupyterhub_idle_culler",
            f"--timeout={cull_seconds}",
            f"--cull-every={min(300, cull_seconds)}",
        ],
    },
]
c.JupyterHub.load_roles = [
    # What every user may: themselves, the stack's pages, the shelf, and the runs.
    {"name": "user", "scopes": ["self", *(f"access:services!service={name}" for name in SERVICES)]},
    # Shared notebooks are run again in the server of a user who can't log in.
    {
        "name": "shelf",
        "scopes": ["servers!user=shelf", "tokens!user=shelf", "read:users!user=shelf"],
        "services": ["shelf"],
    },
    {
        "name": "sandbox-cli",
        "scopes": ["admin:users", "admin:servers", "list:users", "tokens", "access:services!service=shelf"],
        "services": ["sandbox-cli"],
    },
    {
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    },
]
