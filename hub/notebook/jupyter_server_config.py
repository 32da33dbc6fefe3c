"""Settings of every user's server: root's, so that a user's own files can't undo them."""

import logging
from typing import TYPE_CHECKING

from bounded_http import BoundedServer, Limits
from jupyterhub.httpclient import JupyterHubHTTPClient
from spark_etl.machine import cpu_limit, memory_limit
from tornado.httpserver import HTTPServer

if TYPE_CHECKING:
    from traitlets.config.application import get_config  # Jupyter puts its own into this file's namespace

c = get_config()

# Every other server on the network may send bodies here, before it is known who it is: without this, half a gigabyte
# each. A notebook is saved as one body, so how large it may be goes with the memory; an upload comes in parts of 1 MB.
memory = memory_limit() or 2 * 1024**3
HTTPServer.configure(
    BoundedServer,
    limits=Limits(
        body_bytes=memory // 16, bodies_bytes=memory // 8, body_seconds=300, answers_bytes=max(memory // 8, 64 << 20)
    ),
)

# Nothing is fetched from outside: no news, no extension gallery.
c.LabApp.news_url = None
c.LabApp.extension_manager = "readonly"
c.LabServerApp.extensions_in_dev_mode = False
# Pages for what is not there, which lead back.
c.ServerApp.extra_template_paths = ["/opt/sandbox/templates"]
# What is needed to share a notebook, and no notebook to read.
c.ContentsManager.hide_globs = ["__pycache__", "*.pyc", "*.pyo", ".DS_Store", "*~", "_again.ipynb"]
# The notebooks are the user's; what they delete is gone from a volume, so it is not kept in a trash nobody sees.
c.FileContentsManager.delete_to_trash = False
# A kernel that is idle for hours frees its memory, and with it the cluster's cores.
c.MappingKernelManager.cull_idle_timeout = 4 * 3600
c.MappingKernelManager.cull_interval = 300
c.ServerApp.terminals_enabled = True
# What the S3 browser in the sidebar shows.
c.SandboxLab.buckets = ["published", "scratch", "events"]
# Memory and CPU of the server with all its kernels, in the status bar, beside what the container may take. The
# Prometheus gauges would look at every process each second, for nobody.
# 0 is no limit; of the CPU it wants percent of a core.
c.ResourceUseDisplay.mem_limit = memory_limit() or 0
c.ResourceUseDisplay.cpu_limit = 100 * (cpu_limit() or 0.0)
c.ResourceUseDisplay.track_cpu_percent = True
c.ResourceUseDisplay.show_host_usage = False
c.ResourceUseDisplay.enable_prometheus_metrics = False
# Names are asked for each time: who has the hub's old address must not be shown what only the hub may see. (JupyterHub
# makes this client without the server's settings, so its default is changed.)
JupyterHubHTTPClient.connector_options.default_args = ({"use_dns_cache": False},)
# Each kernel warns where it talks to its server in the clear.
c.KernelManager.transport_encryption = "auto"

# Jupyter gives a time-out in milliseconds, Tornado takes it for seconds and warns. The pings that count are Jupyter's.
logging.getLogger("tornado.general").addFilter(lambda record: "websocket_ping_timeout" not in record.getMessage())
