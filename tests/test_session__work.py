"""What must go on working inside: a sandbox that breaks work gets switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")

# Each prints exactly what is expected of it.
SHELL = {
    "FS-01 files": ("echo a > f; cat f; mkdir -p d/e; mv f d/e/g; cat d/e/g; rm -r d; ls d 2>&1 | wc -l", "a\na\n1\n"),
    "renames": ("mkdir a; mv a b; touch b/c; mv b/c b/d; ls b; mv hello.txt again.txt; cat again.txt", "d\nhello\n"),
    "links": ("ln hello.txt twin; echo more >> twin; cat hello.txt; ln -s twin s; cat s", "hello\nmore\nhello\nmore\n"),
    "modes": ("touch x; chmod 750 x; stat -c %a x; umask 077; touch y; stat -c %a y", "750\n600\n"),
    "times": ("touch -d '2001-02-03 04:05:06 UTC' x; stat -c %Y x", "981173106\n"),
    "sparse": ("truncate -s 1G big; stat -c %s big; rm big", "1073741824\n"),
    "locks": ("flock f sh -c 'flock -n f true || echo held'", "held\n"),
    "FIFOs": ("mkfifo p; (echo through > p &); cat p", "through\n"),
    "pipes": ("seq 1 1000 | sort -rn | head -1 | tee /dev/stderr 2>/dev/null | cat", "1000\n"),
    "standard streams by name": ("echo out > /dev/stdout; echo in | cat /dev/stdin; echo x | tee /dev/fd/1 | sort -u", "out\nin\nx\n"),
    "process substitution": ("bash -c 'cat <(echo sub) <(echo stitution)'", "sub\nstitution\n"),
    "here documents": ("cat <<END\nhere\nEND", "here\n"),
    "temporary files": ("f=$(mktemp); echo t > $f; cat $f; test -w /tmp -a -w /var/tmp -a -w /dev/shm && echo ok", "t\nok\n"),
    "home": ('echo h > ~/x; cat ~/x; test "$HOME" = ~ && mkdir -p ~/.cache/y && echo ok', "h\nok\n"),
    "identity": ('test $(id -u) -ne 0 && whoami >/dev/null && test "$(id -un)" = "$(whoami)" && echo known', "known\n"),
    "no privileges": ("command -v sudo >/dev/null && sudo -n true 2>/dev/null; echo $(( $? != 0 ))", "1\n"),
    "background jobs": ("sleep 0.05 & wait $!; echo $?", "0\n"),
    "time zones": ("TZ=UTC date -d @0 +%H:%M", "00:00\n"),
    "randomness": ("head -c 8 /dev/urandom | wc -c; test -c /dev/null -a -c /dev/zero && echo ok", "8\nok\n"),
    "own processes": ("test -d /proc/self/fd; ps >/dev/null && echo seen; kill -0 $$ && echo mine", "seen\nmine\n"),
}  # fmt: skip

PYTHON = {
    "subprocess": "import subprocess; print(subprocess.run(['echo', 'x'], capture_output=True, text=True).stdout.strip())",
    "multiprocessing": "import multiprocessing as m\nwith m.Pool(2) as p: print('x' if p.map(abs, [-1, 2]) == [1, 2] else '')",
    "spawned": "import concurrent.futures as c, multiprocessing as m\n"
    "if __name__ == '__main__':\n"
    "    with c.ProcessPoolExecutor(1, m.get_context('forkserver')) as p: print(p.submit(str, 'x').result())",
    "threads": "import threading; t = threading.Thread(target=print, args=('x',)); t.start(); t.join()",
    "asyncio": "import asyncio\nasync def f():\n"
    "    p = await asyncio.create_subprocess_exec('echo', 'x', stdout=-1); print((await p.communicate())[0].decode().strip())\n"
    "asyncio.run(f())",
    "TCP": "import socket\ns = socket.create_server(('127.0.0.1', 0))\nc = socket.create_connection(s.getsockname())\n"
    "a, _ = s.accept(); a.send(b'x'); print(c.recv(1).decode())",
    "TCP over IPv6": "import socket\ns = socket.create_server(('::1', 0), family=socket.AF_INET6)\n"
    "c = socket.create_connection(s.getsockname()[:2]); a, _ = s.accept(); a.send(b'x'); print(c.recv(1).decode())",
    "localhost": "import socket\ns = socket.create_server(('localhost', 0))\nsocket.create_connection(('localhost', s.getsockname()[1])); print('x')",
    "UDP": "import socket\ns = socket.socket(2, 2); s.bind(('127.0.0.1', 0))\nsocket.socket(2, 2).sendto(b'x', s.getsockname()); print(s.recv(1).decode())",
    "UNIX sockets": "import socket\ns = socket.socket(1, 1); s.bind('sock'); s.listen()\nc = socket.socket(1, 1); c.connect('sock')\n"
    "a, _ = s.accept(); a.send(b'x'); print(c.recv(1).decode())",
    "abstract sockets": "import socket\ns = socket.socket(1, 1); s.bind(b'\\0a'); s.listen()\nsocket.socket(1, 1).connect(b'\\0a'); print('x')",
    "interfaces": "import socket; print('x' if 'lo' in dict(map(reversed, socket.if_nameindex())) else '')",
    "shared memory": "from multiprocessing import shared_memory as m\ns = m.SharedMemory(create=True, size=9); s.buf[0] = 120\n"
    "print(chr(s.buf[0])); s.close(); s.unlink()",
    "mapped files": "import mmap\nopen('m', 'wb').write(b'y' * 9)\nwith open('m', 'r+b') as f, mmap.mmap(f.fileno(), 9) as m: m[0] = 120\n"
    "print(open('m').read()[0])",
    "SQLite": "import sqlite3\nd = sqlite3.connect('db'); d.execute('pragma journal_mode=wal'); d.execute('create table t(a)')\n"
    "d.execute('insert into t values (?)', ('x',)); d.commit(); print(d.execute('select a from t').fetchone()[0])",
    "inotify": "import ctypes, os\nl = ctypes.CDLL(None); f = l.inotify_init1(0); l.inotify_add_watch(f, b'.', 0x100)\n"
    "open('new', 'w').close(); print('x' if b'new' in os.read(f, 999) else '')",
    "memory files": "import os; f = os.memfd_create('m'); os.write(f, b'x'); print(open(f'/proc/self/fd/{f}').read())",
    "timers and signals": "import signal, time\nsignal.signal(14, lambda *_: print('x')); signal.setitimer(0, 0.01); signal.pause()",
    "PTYs": "import os, pty\np, f = pty.fork()\nif p == 0: os.execvp('tty', ['tty'])\nprint('x' if os.read(f, 99).startswith(b'/dev/pts/') else '')",
    "resource limits": "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (64, r.getrlimit(r.RLIMIT_NOFILE)[1])); print('x')",
    "extended attributes": "import os; os.setxattr('hello.txt', 'user.a', b'x'); print(os.getxattr('hello.txt', 'user.a').decode())",
    "imports": "import ssl, ctypes, sqlite3, lzma, zlib, curses, readline, venv; print('x' if ssl.create_default_context() else '')",
    "a descendant in a session of its own": "import os\nr, w = os.pipe()\nif os.fork() == 0: os.setsid(); os.write(w, b'x'); os._exit(0)\nprint(os.read(r, 1).decode())",
}  # fmt: skip


@pytest.mark.parametrize("name", SHELL)
def test_for_a_shell(name: str, person: Person, repo: Path) -> None:
    script, expected = SHELL[name]
    done = person.call("run", "--quiet", "--", "sh", "-c", script, cwd=repo)
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected, done.stderr


@pytest.mark.parametrize("name", PYTHON)
def test_for_python(name: str, person: Person, repo: Path) -> None:
    (repo / "program.py").write_text(PYTHON[name])
    done = person.call("run", "--quiet", "--", "/usr/bin/python3", "program.py", cwd=repo)
    assert (done.stdout, done.returncode) == ("x\n", 0), done.stderr


def test_for_git(person: Person, repo: Path) -> None:
    script = """
set -e
git status --porcelain; git log --oneline | wc -l
echo more >> hello.txt; git -c user.name=A -c user.email=a@example.test commit -qam second
git checkout -q -b topic; git mv hello.txt there.txt; git stash -q; git stash pop -q; git diff --stat HEAD | tail -1
git worktree add -q ../elsewhere 2>/dev/null || true
git gc -q; git fsck 2>/dev/null; git log --oneline | wc -l
git init -q nested && git -C nested status --porcelain | wc -l
"""
    done = person.call("run", "--quiet", "--", "sh", "-c", script, cwd=repo)
    assert done.returncode == 0, done.stderr
    first, *_, last = done.stdout.split("\n")[:-1]
    assert (first, last) == ("1", "0")
    assert "2\n" in done.stdout


def test_for_virtual_environments(person: Person, repo: Path) -> None:
    script = "/usr/bin/python3 -m venv --without-pip .venv && .venv/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'"
    done = person.call("run", "--quiet", "--", "sh", "-c", script, cwd=repo)
    assert done.stdout == "True\n", done.stderr
    again = person.call("run", "--quiet", "--", ".venv/bin/python", "-c", "print('still there')", cwd=repo)
    assert again.stdout == "still there\n", again.stderr


@needs("node")
def test_for_node(person: Person, repo: Path) -> None:
    script = """
const { Worker, isMainThread, parentPort } = require("worker_threads");
const os = require("os"), net = require("net"), { execFileSync } = require("child_process");
if (!isMainThread) { parentPort.postMessage(6 * 7); return; }
console.log(Object.keys(os.networkInterfaces()).join(), execFileSync("echo", ["child"]).toString().trim());
const server = net.createServer((socket) => socket.end("hello"));
server.listen(0, () => {
  net.connect(server.address().port).on("data", (data) => {
    console.log(data.toString());
    server.close();
    new Worker(__filename).on("message", (answer) => console.log(answer));
  });
});
"""
    (repo / "program.js").write_text(script)
    done = person.call("run", "--quiet", "--", "node", "program.js", cwd=repo)
    assert done.stdout == "lo child\nhello\n42\n", done.stderr


@needs("gcc")
def test_for_a_compiler(person: Person, repo: Path) -> None:
    (repo / "program.c").write_text('#include <stdio.h>\nint main(void) { puts("built"); return 3; }\n')
    done = person.call("run", "--quiet", "--", "sh", "-c", "gcc -O1 -o program program.c && ./program", cwd=repo)
    assert (done.stdout, done.returncode) == ("built\n", 3), done.stderr


@needs("strace")
def test_for_a_tracer_only_where_it_is_asked_for(person: Person, repo: Path) -> None:
    command = ("--", "strace", "-f", "-o", "/dev/null", "sh", "-c", "echo traced; true | true")
    assert person.call("run", "--quiet", *command, cwd=repo).stdout != "traced\n"
    done = person.call("run", "--quiet", "--debug-syscalls", *command, cwd=repo)
    assert (done.stdout, done.returncode) == ("traced\n", 0), done.stderr


def test_lc_06_a_run_that_does_nothing_leaves_no_ghosts(person: Person, repo: Path) -> None:
    before = sorted(repo.rglob("*"))
    assert person.call("run", "--", "true", cwd=repo).returncode == 0
    assert sorted(repo.rglob("*")) == before
    assert not list((person.home / ".local/state/paddock").rglob("upper"))
