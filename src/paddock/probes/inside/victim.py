"""A process of the host, for the probes to find: a canary in its arguments, its environment, its memory, a System V
segment, a message queue and a key. Says where they are as one line of JSON, then hears signals until its input ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys

from paddock.probes.inside.effects import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# <linux/keyctl.h>. Everybody of the same user may do everything with the key: only a namespace keeps it away.
_USER_KEYRING, _SET_PERMISSIONS, _INVALIDATE, _EVERYTHING = -4, 5, 21, 0x3F3F0000


def plant(wanted: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """What was planted where, and the calls that take it away. A machine may have none of them."""
    content: bytes = wanted["canary"].encode()
    said: dict[str, Any] = {}
    undo: list[tuple[Any, ...]] = []
    segment = libc.shmget(wanted["shm key"], ctypes.c_size_t(64), 0o1600)
    if segment >= 0:
        libc.shmat.restype = ctypes.c_void_p
        address = libc.shmat(segment, None, 0)
        ctypes.memmove(address, content, len(content))
        libc.shmdt(ctypes.c_void_p(address))
        undo.append((libc.shmctl, segment, 0, None))
    name = wanted["queue"].encode()
    queue = libc.mq_open(name, os.O_CREAT | os.O_RDWR, 0o600, None)
    if queue >= 0:
        libc.mq_send(queue, content, ctypes.c_size_t(len(content)), 0)
        libc.mq_close(queue)
        undo.append((libc.mq_unlink, name))
    waiting = libc.msgget(wanted["shm key"], 0o1600)
    if waiting >= 0:
        undo.append((libc.msgctl, waiting, 0, None))
    numbers = wanted["numbers"]
    size = ctypes.c_size_t(len(content))
    key = libc.syscall(numbers["add_key"], b"user", wanted["key name"].encode(), content, size, _USER_KEYRING)
    if key >= 0:
        libc.syscall(numbers["keyctl"], _SET_PERMISSIONS, key, _EVERYTHING)
        undo.append((libc.syscall, numbers["keyctl"], _INVALIDATE, key))
    planted = {"shm": segment, "queue": queue, "sysv queue": waiting, "key": key}
    said["planted"] = {name: number >= 0 for name, number in planted.items()}
    said["key number"] = key
    return said, undo


def main() -> None:
    """Until the input ends."""
    wanted = json.loads(sys.stdin.readline())
    memory = ctypes.create_string_buffer(wanted["memory"].encode())
    for number, word in ((signal.SIGUSR1, b"USR1 "), (signal.SIGUSR2, b"USR2 ")):
        signal.signal(number, lambda *_, word=word: os.write(1, word))
    # What comes just before it waits is handled as well: whoever waits for input alone would not wake for it.
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    said, undo = plant(wanted)
    print(json.dumps({**said, "address": ctypes.addressof(memory)}), flush=True)
    try:
        while True:
            ready = select.select([0, woken], [], [])[0]
            if 0 in ready and not os.read(0, 4096):
                break
            if woken in ready:
                os.read(woken, 4096)
    finally:
        for call, *arguments in undo:
            call(*arguments)
