"""A Tornado HTTP server with limits on memory and time, for the hub, its services and every user's server.

limits         what all clients together may take
server         counts connections, bodies and answers, and decides whose are dropped
request_guard  one request: counted, and refused when it is too much
body           a body that its handler collects
fair_limit     whoever holds most gives way first
log_limit      a log that can't be flooded
"""

from bounded_http.body import Body
from bounded_http.limits import Limits
from bounded_http.request_guard import allow, source_address
from bounded_http.server import BoundedServer

__all__ = ["Body", "BoundedServer", "Limits", "allow", "source_address"]
