from jupyterhub import orm

class User:
    orm_user: orm.User
    # What it does not have itself is orm_user's.
    name: str
    admin: bool
    def new_api_token(self, *, note: str, expires_in: int, scopes: list[str]) -> str: ...
