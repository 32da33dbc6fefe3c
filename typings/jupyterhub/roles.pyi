from jupyterhub import orm
from sqlalchemy.orm import Session

def assign_default_roles(db: Session, entity: orm.User) -> None: ...
