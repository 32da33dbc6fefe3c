from sqlalchemy.orm import Session

class UserInfo:
    username: str
    password: bytes
    is_authorized: bool
    def __init__(self, *, username: str, password: bytes, is_authorized: bool) -> None: ...
    @classmethod
    def all_users(cls, db: Session) -> list[UserInfo]: ...
