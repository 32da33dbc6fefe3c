"""The socket's group: a login that began before its user joined the group doesn't have it yet."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import shutil
import sys
from pathlib import Path

_GUARD = "SANDBOX_IN_SOCKET_GROUP"


def restart_within(gid: int) -> None:
    """Replaces this process by the same command with the group added, where `sg` can do that without a password.

    Returns, having done nothing, when this process is not the `sandbox` command, has the group already, was
    restarted before, or belongs to a user who is not in the group.
    """
    if _GUARD in os.environ or Path(sys.argv[0]).name != "sandbox" or gid in os.getgroups():
        return
    try:
        group = grp.getgrgid(gid)
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return
    sg = shutil.which("sg")
    if sg is None or user not in group.gr_mem:
        return
    os.environ[_GUARD] = "1"
    sys.stderr.flush()
    os.execv(sg, ["sg", group.gr_name, "-c", shlex.join([sys.executable, *sys.argv])])  # noqa: S606
