"""A Tornado HTTP server whose memory strangers can't fill: the hub's, its services' and every user's server's."""

from bounded_http.body import Body
from bounded_http.exchange import allow
from bounded_http.limits import Limits
from bounded_http.server import BoundedServer

__all__ = ["Body", "BoundedServer", "Limits", "allow"]
