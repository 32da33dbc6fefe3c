from jupyterhub.handlers import BaseHandler as BaseHandler
