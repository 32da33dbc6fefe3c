from jupyterhub.auth import Authenticator
from jupyterhub.objects import Hub
from jupyterhub.user import User
from sqlalchemy.orm import Session
from tornado.web import RequestHandler

class BaseHandler(RequestHandler):
    @property
    def authenticator(self) -> Authenticator: ...
    @property
    def db(self) -> Session: ...
    @property
    def hub(self) -> Hub: ...
    def user_from_username(self, username: str) -> User: ...
