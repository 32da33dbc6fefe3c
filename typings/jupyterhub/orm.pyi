class User:
    id: int
    name: str
    admin: bool
