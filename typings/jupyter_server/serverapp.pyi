from tornado.web import Application
from traitlets.config import Configurable

class ServerApp(Configurable):
    web_app: Application
