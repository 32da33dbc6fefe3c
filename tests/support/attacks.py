"""What a hostile notebook runs in its kernel: the code of attempts that tests make."""

from __future__ import annotations

ASK = """
import os, urllib.error, urllib.request
os.environ.update({ask_once})
def ask(url, method="GET", token=os.environ["JUPYTERHUB_API_TOKEN"], data=None):
    headers = {"Authorization": "token " + token}
    request = urllib.request.Request(url, method=method, headers=headers, data=data)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return type(error).__name__
def connects(host, port):
    import socket
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError:
        return False
    return True
"""

# Six bodies of 99 MB without a login, all on their way at once; none of them ends. Of one that was answered, the rest
# is read no more: who still sends it waits.
FLOOD = """
import socket
def flood(host, port, path):
    head = f"POST {path} HTTP/1.1\\r\\nHost: {host}\\r\\nContent-Length: {99 << 20}\\r\\n\\r\\n".encode()
    connections = [socket.create_connection((host, port), timeout=3) for _ in range(6)]
    part, hung_up = bytes(1 << 20), set()
    for one in connections: one.sendall(head)
    for _ in range(98):
        for one in connections:
            if one in hung_up: continue
            try: one.sendall(part)
            except OSError: hung_up.add(one)
    return connections
def answers(connections):
    found = []
    for one in connections:
        one.settimeout(1)
        try: found.append(one.recv(12)[9:].decode() or "closed")
        except TimeoutError: found.append("waits")
        except OSError: found.append("closed")
    return sorted(set(found))
"""

# Connections on which nothing is said.
CROWD = """
import socket
def crowd(host, port, number):
    return [socket.create_connection((host, port), timeout=10) for _ in range(number)]
def still_open(connections):
    found = 0
    for one in connections:
        one.setblocking(False)
        try: one.recv(1)
        except BlockingIOError: found += 1
        except OSError: pass
    return found
"""

# More than a user may hold here. What is allocated on a disk fills it, written or not; an object has to be written.
ON_DISK = """
import os
os.makedirs({place!r}, 0o700, exist_ok=True)
for n in range({files}): open({place!r} + "/" + str(n), "wb").close()
with open({place!r} + "/hog", "wb") as hog: os.posix_fallocate(hog.fileno(), 0, {size} << 20)
"""
IN_S3 = """
import os, pyarrow.fs
s3 = pyarrow.fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL_S3"], region=os.environ["AWS_REGION"])
for n in range(3):
    with s3.open_output_stream(f"scratch/users/dan/hog/{n}") as out: out.write(bytes(100 << 20))
unfinished = s3.open_output_stream("scratch/users/dan/hog/unfinished")
for n in range(60): unfinished.write(bytes(5 << 20))
"""
# Neither ada's bytes nor her files would be too many, neither dan's objects nor his unfinished upload.
HOGS = {
    "ada": ON_DISK.format(place="/home/ada/hog", files=25_000, size=300),
    "bob": ON_DISK.format(place="/home/bob/team/bob/hog", files=0, size=900),
    "dan": IN_S3,
}
CLEARED = {
    "ada": "import shutil; shutil.rmtree('/home/ada/hog')",
    "bob": "import shutil; shutil.rmtree('/home/bob/team/bob/hog')",
    "dan": IN_S3.partition("for")[0] + "s3.delete_dir_contents('scratch/users/dan/hog')",
}

# Six wrong passwords for bob, each said to come from elsewhere.
GUESS = """[
    (page := requests.Session()).get("http://hub:8000/hub/login")
    and page.post(
        "http://hub:8000/hub/login",
        data={"username": "bob", "password": "wrong", "_xsrf": page.cookies["_xsrf"]},
        headers={"X-Forwarded-For": f"172.18.0.{n}"},
    ).status_code
    for requests in [__import__("requests")] for n in range(6)
]"""
# More than the mailbox keeps.
MAILS = """
import base64, smtplib
body = base64.encodebytes(bytes(1_800_000)).decode()
for n in range(12):
    with smtplib.SMTP("mail", 1025, timeout=60) as server:
        head = f"Subject: large {n}\\nContent-Type: application/octet-stream\\nContent-Transfer-Encoding: base64\\n\\n"
        server.sendmail("ada@example.com", "bob@example.com", head + body)
"""
