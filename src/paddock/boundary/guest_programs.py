"""The three programs of ours that run in a guest of gVisor, of a few instructions each.

They need nothing of an image, neither a shell nor a library. `init`, the first process, says which kernel it meets,
and waits. It does not have to reap: children of a process that ignores SIGCHLD leave nothing (wait(2), NOTES).
`enter` gives up what runsc leaves a command that is added to a guest, and becomes that: such a command would be
without the system-call filter, and an unfiltered one could make namespaces of its own in gVisor's kernel. `show`
says what is in a small file, of the guest's /proc for instance.
"""

from __future__ import annotations

import struct

from paddock.kernel import seccomp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.kernel.seccomp import Machine

# utsname(2): six fields of 65 bytes each, of which the third is the release.
RELEASE_BYTES = 65
SHOWN_BYTES = 512

# As `as` makes it of what stands beside it. The numbers are of <asm/unistd.h>.
_INIT_X86_64 = """
    31 d2                       xor edx, edx
    52 52 52                    push rdx (three times)      struct sigaction: no flags, no restorer, no mask
    6a 01                       push 1                      SIG_IGN
    48 89 e6                    mov rsi, rsp
    bf 11 00 00 00              mov edi, 17                 SIGCHLD
    41 ba 08 00 00 00           mov r10d, 8
    b8 0d 00 00 00 0f 05        mov eax, 13; syscall        rt_sigaction(SIGCHLD, rsp, NULL, 8)
    48 81 ec 00 02 00 00        sub rsp, 512
    48 89 e7                    mov rdi, rsp
    b8 3f 00 00 00 0f 05        mov eax, 63; syscall        uname(rsp)
    bf 01 00 00 00              mov edi, 1
    48 8d b4 24 82 00 00 00     lea rsi, [rsp + 130]
    ba 41 00 00 00              mov edx, 65
    b8 01 00 00 00 0f 05        mov eax, 1; syscall         write(1, rsp + 130, 65)
    bf 01 00 00 00              mov edi, 1
    b8 03 00 00 00 0f 05        mov eax, 3; syscall         close(1)
    b8 22 00 00 00 0f 05        wait: mov eax, 34; syscall  pause()
    eb f7                       jmp wait
"""
_INIT_AARCH64 = """
    ff 03 08 d1                 sub sp, sp, 512
    ff 7f 00 a9                 stp xzr, xzr, [sp]          struct sigaction: no flags, no restorer, no mask
    ff 7f 01 a9                 stp xzr, xzr, [sp, 16]
    20 00 80 d2                 mov x0, 1                   SIG_IGN
    e0 03 00 f9                 str x0, [sp]
    20 02 80 d2                 mov x0, 17                  SIGCHLD
    e1 03 00 91                 mov x1, sp
    02 00 80 d2                 mov x2, 0
    03 01 80 d2                 mov x3, 8
    c8 10 80 d2 01 00 00 d4     mov x8, 134; svc 0          rt_sigaction(SIGCHLD, sp, NULL, 8)
    e0 03 00 91                 mov x0, sp
    08 14 80 d2 01 00 00 d4     mov x8, 160; svc 0          uname(sp)
    20 00 80 d2                 mov x0, 1
    e1 0b 02 91                 add x1, sp, 130
    22 08 80 d2                 mov x2, 65
    08 08 80 d2 01 00 00 d4     mov x8, 64; svc 0           write(1, sp + 130, 65)
    20 00 80 d2                 mov x0, 1
    28 07 80 d2 01 00 00 d4     mov x8, 57; svc 0           close(1)
    00 00 80 d2                 wait: mov x0, 0
    01 00 80 d2                 mov x1, 0
    02 00 80 d2                 mov x2, 0
    03 00 80 d2                 mov x3, 0
    28 09 80 d2 01 00 00 d4     mov x8, 73; svc 0           ppoll(NULL, 0, NULL, NULL)
    fa ff ff 17                 b wait
"""
# The filter's address and length (struct sock_fprog) lie right behind the code, and the filter behind those.
_ENTER_X86_64 = """
    49 89 e4                    mov r12, rsp                argc, argv, NULL, environment (System V ABI)
    bf 26 00 00 00              mov edi, 38                 PR_SET_NO_NEW_PRIVS
    be 01 00 00 00              mov esi, 1
    31 d2                       xor edx, edx
    45 31 d2                    xor r10d, r10d
    45 31 c0                    xor r8d, r8d
    b8 9d 00 00 00 0f 05        mov eax, 157; syscall       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    85 c0                       test eax, eax
    75 36                       jnz failed
    bf 16 00 00 00              mov edi, 22                 PR_SET_SECCOMP
    be 02 00 00 00              mov esi, 2                  SECCOMP_MODE_FILTER
    48 8d 15 38 00 00 00        lea rdx, [rip + 56]
    b8 9d 00 00 00 0f 05        mov eax, 157; syscall       prctl(PR_SET_SECCOMP, 2, filter)
    85 c0                       test eax, eax
    75 1a                       jnz failed
    49 8b 7c 24 10              mov rdi, [r12 + 16]         argv[1]: where the program is
    49 8d 74 24 18              lea rsi, [r12 + 24]         argv + 2: its own
    49 8b 04 24                 mov rax, [r12]
    49 8d 54 c4 10              lea rdx, [r12 + 8*rax + 16] its environment
    b8 3b 00 00 00 0f 05        mov eax, 59; syscall        execve
    bf 7e 00 00 00              failed: mov edi, 126
    83 f8 fe                    cmp eax, -2                 ENOENT
    75 02                       jne leave
    ff c7                       inc edi
    b8 e7 00 00 00 0f 05        leave: mov eax, 231; syscall   exit_group(126, or 127)
"""
_ENTER_AARCH64 = """
    f3 03 00 91                 mov x19, sp                 argc, argv, NULL, environment
    c0 04 80 d2                 mov x0, 38                  PR_SET_NO_NEW_PRIVS
    21 00 80 d2                 mov x1, 1
    02 00 80 d2                 mov x2, 0
    03 00 80 d2                 mov x3, 0
    04 00 80 d2                 mov x4, 0
    e8 14 80 d2 01 00 00 d4     mov x8, 167; svc 0          prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    c0 01 00 b5                 cbnz x0, failed
    c0 02 80 d2                 mov x0, 22                  PR_SET_SECCOMP
    41 00 80 d2                 mov x1, 2                   SECCOMP_MODE_FILTER
    02 02 00 10                 adr x2, end
    e8 14 80 d2 01 00 00 d4     mov x8, 167; svc 0          prctl(PR_SET_SECCOMP, 2, filter)
    00 01 00 b5                 cbnz x0, failed
    60 0a 40 f9                 ldr x0, [x19, 16]           argv[1]: where the program is
    61 62 00 91                 add x1, x19, 24             argv + 2: its own
    62 02 40 f9                 ldr x2, [x19]
    62 0e 02 8b                 add x2, x19, x2, lsl 3
    42 40 00 91                 add x2, x2, 16              its environment
    a8 1b 80 d2 01 00 00 d4     mov x8, 221; svc 0          execve
    1f 08 00 b1                 failed: cmn x0, 2           ENOENT
    c0 0f 80 d2                 mov x0, 126
    00 14 80 9a                 cinc x0, x0, eq
    c8 0b 80 d2 01 00 00 d4     mov x8, 94; svc 0           exit_group(126, or 127)
"""
_SHOW_X86_64 = """
    48 8b 7c 24 10              mov rdi, [rsp + 16]         argv[1]
    31 f6                       xor esi, esi                O_RDONLY
    b8 02 00 00 00 0f 05        mov eax, 2; syscall         open
    85 c0                       test eax, eax
    78 27                       js leave
    89 c7                       mov edi, eax
    48 81 ec 00 02 00 00        sub rsp, 512
    48 89 e6                    mov rsi, rsp
    ba 00 02 00 00              mov edx, 512
    31 c0 0f 05                 xor eax, eax; syscall       read
    85 c0                       test eax, eax
    78 0e                       js leave
    89 c2                       mov edx, eax
    bf 01 00 00 00              mov edi, 1
    b8 01 00 00 00 0f 05        mov eax, 1; syscall         write(1, rsp, what was read)
    31 ff                       leave: xor edi, edi
    b8 e7 00 00 00 0f 05        mov eax, 231; syscall       exit_group(0)
"""
_SHOW_AARCH64 = """
    60 0c 80 92                 mov x0, -100                AT_FDCWD
    e1 0b 40 f9                 ldr x1, [sp, 16]            argv[1]
    02 00 80 d2                 mov x2, 0                   O_RDONLY
    08 07 80 d2 01 00 00 d4     mov x8, 56; svc 0           openat
    60 01 f8 b7                 tbnz x0, 63, leave
    ff 03 08 d1                 sub sp, sp, 512
    e1 03 00 91                 mov x1, sp
    02 40 80 d2                 mov x2, 512
    e8 07 80 d2 01 00 00 d4     mov x8, 63; svc 0           read
    a0 00 f8 b7                 tbnz x0, 63, leave
    e2 03 00 aa                 mov x2, x0
    20 00 80 d2                 mov x0, 1
    08 08 80 d2 01 00 00 d4     mov x8, 64; svc 0           write(1, sp, what was read)
    00 00 80 d2                 leave: mov x0, 0
    c8 0b 80 d2 01 00 00 d4     mov x8, 94; svc 0           exit_group(0)
"""
_NUMBER = {"x86_64": 62, "aarch64": 183}  # elf(5), e_machine
_BASE = 0x10000
_HEADERS = 64 + 56
_COLUMNS = 32  # of code, before what it means


def machine_here() -> Machine:
    """The architecture here; any other than these two is refused by `starting`."""
    return seccomp.machine_here() or "aarch64"


def init(machine: Machine) -> bytes:
    """The first process: writes the kernel's release to its standard output, and stays."""
    return _executable(machine, _code(_INIT_X86_64 if machine == "x86_64" else _INIT_AARCH64))


def show(machine: Machine) -> bytes:
    """What says a file's first 512 bytes: `show PATH`. Nothing where it cannot be read."""
    return _executable(machine, _code(_SHOW_X86_64 if machine == "x86_64" else _SHOW_AARCH64))


def enter(machine: Machine, filter_program: bytes, umask: int) -> bytes:
    """What starts a command: `enter PATH ARGV…`. Ends with 127 where nothing is at PATH, 126 where it cannot be run."""
    if machine == "x86_64":  # mov edi, UMASK; mov eax, 95; syscall
        first, listing = struct.pack("<BIBIH", 0xBF, umask, 0xB8, 95, 0x050F), _ENTER_X86_64
    else:  # mov x0, UMASK; mov x8, 166; svc 0
        first, listing = struct.pack("<III", 0xD2800000 | umask << 5, 0xD2800008 | 166 << 5, 0xD4000001), _ENTER_AARCH64
    code = first + _code(listing)
    instructions = len(filter_program) // 8  # struct sock_filter
    filter_at = _BASE + _HEADERS + len(code) + 16
    return _executable(machine, code + struct.pack("<HxxxxxxQ", instructions, filter_at) + filter_program)


def _code(listing: str) -> bytes:
    return b"".join(bytes.fromhex(line[:_COLUMNS]) for line in listing.splitlines())


def _executable(machine: Machine, content: bytes) -> bytes:
    """A header, one segment that is read and run, its content (elf(5))."""
    size = _HEADERS + len(content)
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)  # 64 bits, little-endian, version 1
    number, start = _NUMBER[machine], _BASE + _HEADERS
    header = struct.pack("<16sHHIQQQIHHHHHH", identity, 2, number, 1, start, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return header + segment + content
