from traitlets import Dict
from traitlets.config import SingletonConfigurable

class JupyterHubHTTPClient(SingletonConfigurable):
    connector_options: Dict
