class Hub:
    base_url: str

class Server:
    @property
    def url(self) -> str: ...
