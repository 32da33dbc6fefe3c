from jupyterhub import orm

class User:
    orm_user: orm.User
    # What it does not have itself is orm_user's.
    name: str
    admin: bool
