from jupyterhub.handlers import BaseHandler

class APIHandler(BaseHandler):
    def get_json_body(self) -> object: ...
