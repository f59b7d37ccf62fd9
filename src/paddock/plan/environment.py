"""The environment inside: an allow-list by name, the policy's own additions, and values that name the inside.

INVARIANT CR-21, CR-22, CR-23: nothing passes because it was not thought of. A name that looks like a secret
or a socket passes only where somebody wrote exactly that name. Only listed names are looked up, so the
size of the caller's environment does not matter.
"""

from __future__ import annotations

from paddock.plan.model import Variable
from paddock.plan.paths import normal
from paddock.plan.patterns import is_literal, matches
from paddock.policy import credentials
from paddock.policy.model import BUILT_IN, Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.plan.programs import Programs
    from paddock.plan.view import View
    from paddock.policy.model import Policy

# Taste, language and build settings: no path, no address, no secret. Not NODE_OPTIONS (editors put paths into it),
# MAKEFLAGS (names descriptors of a make outside), JAVA_OPTS and its like (hold proxies' passwords).
_PASSED = """
LANG LANGUAGE LC_ALL LC_ADDRESS LC_COLLATE LC_CTYPE LC_IDENTIFICATION LC_MEASUREMENT LC_MESSAGES LC_MONETARY LC_NAME
LC_NUMERIC LC_PAPER LC_TELEPHONE LC_TIME TZ TERM COLORTERM TERM_PROGRAM TERM_PROGRAM_VERSION NO_COLOR FORCE_COLOR
CLICOLOR CLICOLOR_FORCE LS_COLORS EDITOR VISUAL PAGER LESS MANPAGER GIT_PAGER CI DEBIAN_FRONTEND SOURCE_DATE_EPOCH
GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
CC CXX CPP LD AR FC CFLAGS CXXFLAGS CPPFLAGS FFLAGS LDFLAGS CMAKE_BUILD_PARALLEL_LEVEL CMAKE_GENERATOR
PYTHONDONTWRITEBYTECODE PYTHONHASHSEED PYTHONUNBUFFERED PYTHONUTF8 PYTHONIOENCODING PYTHONWARNINGS PYTHONDEVMODE
PYTHONFAULTHANDLER PYTEST_ADDOPTS PYENV_VERSION UV_PYTHON NODE_ENV RUST_BACKTRACE RUST_LOG RUSTFLAGS
RUSTUP_TOOLCHAIN CARGO_TERM_COLOR CARGO_INCREMENTAL CARGO_BUILD_JOBS GOOS GOARCH GOARM GOFLAGS CGO_ENABLED
RBENV_VERSION OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS
TOKENIZERS_PARALLELISM
"""
PASSED = frozenset(_PASSED.split())
# These name a directory of programs: they pass where that is visible inside.
LOCATED = ("VIRTUAL_ENV", "CONDA_PREFIX", "JAVA_HOME", "GOROOT")
# These name certificates: a file that holds nothing else is shown and the variable passes.
_CERTIFICATES = """
SSL_CERT_FILE NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE PIP_CERT GIT_SSL_CAINFO CARGO_HTTP_CAINFO
AWS_CA_BUNDLE NIX_SSL_CERT_FILE DENO_CERT GRPC_DEFAULT_SSL_ROOTS_FILE_PATH HTTPLIB2_CA_CERTS
CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE SSL_CERT_DIR
"""
CERTIFICATES = frozenset(_CERTIFICATES.split())
_BUNDLE_BYTES = 4 << 20
# Where the host has these, the inside has its own below the private home.
_XDG = {
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}
# npm and pnpm ask three times for a name that does not exist, 10 s and 60 s apart; refusals here are final.
_PATIENCE = {"npm_config_fetch_retry_mintimeout": "1000", "npm_config_fetch_retry_maxtimeout": "2000"}
# Decided here, whatever is passed; and what would run or load something, which no pattern means.
_RESERVED = frozenset(("HOME", "LOGNAME", "PADDOCK", "PATH", "SHELL", "TMPDIR", "USER", *_XDG))
_NEVER_BY_PATTERN = ("LD_", "BASH_", "PROMPT_COMMAND", "PYTHONPATH", "PYTHONSTARTUP", "PERL5", "NODE_OPTIONS")
COMPILED = "PYTHONPYCACHEPREFIX"
_SHELLS = ("/bin/bash", "/bin/sh")


def shell(view: View) -> str:
    """The person's shell if it is visible inside, else a common one."""
    wanted = view.host.environ.get("SHELL", "")
    candidates = (
        (normal(wanted), *_SHELLS) if wanted.startswith("/") and wanted.isprintable() and ":" not in wanted else _SHELLS
    )
    for candidate in candidates:
        final = view.final(candidate)
        if final.kind == "file" and final.mode & 0o111 and view.shows(final.real):
            return candidate
    return "/bin/sh"


def resolve(policy: Policy, view: View, programs: Programs, path: tuple[str, ...]) -> tuple[Variable, ...]:
    """All variables, sorted by name. What the policy sets wins over what passes, that over the built-in."""
    found = {variable.name: variable for variable in _built_in(view, path)}
    if policy.workspace_mode.value == "live":
        # Compiled code beside its source is a hazard that every run would bring to the host.
        found[COMPILED] = Variable(COMPILED, "/tmp/pycache", policy.workspace_mode.origin)  # noqa: S108 - inside
    for variable in (*_passed(view), *_located(view, programs), *_certificates(view), *_asked(policy, view)):
        found[variable.name] = variable
    for assignment in policy.set_variables:
        found[assignment.name] = Variable(assignment.name, assignment.value, assignment.origin)
    return tuple(found[name] for name in sorted(found))


def _built_in(view: View, path: tuple[str, ...]) -> Iterator[Variable]:
    person, environ = view.host.person, view.host.environ
    own = {
        "HOME": person.home,
        "LOGNAME": person.name,
        "PADDOCK": "1",
        "SHELL": shell(view),
        "TMPDIR": "/tmp",  # noqa: S108 - inside the sandbox
        "USER": person.name,
        **{name: f"{person.home}/{place}" for name, place in _XDG.items() if name in environ},
        **_PATIENCE,
    }
    for name, value in own.items():
        yield Variable(name, value, BUILT_IN)
    yield Variable("PATH", ":".join(path), Origin("machine", "PATH"))


def _passed(view: View) -> Iterator[Variable]:
    environ = view.host.environ
    for name in PASSED:
        if name in environ:
            yield Variable(name, environ[name], BUILT_IN, passed=True)


def _located(view: View, programs: Programs) -> Iterator[Variable]:
    """Variables of the toolchains that apply, and others that name a visible directory."""
    environ = view.host.environ
    origins = {name: Origin("machine", row.name) for row in programs.applied.values() for name in row.variables}
    for name in LOCATED:
        value = environ.get(name, "")
        if value.startswith("/"):
            origins[name] = Origin("machine", name)
            programs.show(f"{normal(value)}/bin", origins[name], trusted=True)
    for name, origin in origins.items():
        value = environ.get(name, "")
        visible = (view.shows(view.final(normal(each)).real) for each in value.split(":") if each.startswith("/"))
        if value and (name not in LOCATED or any(visible)):
            yield Variable(name, value, origin, passed=True)


def _certificates(view: View) -> Iterator[Variable]:
    environ = view.host.environ
    for name in sorted(CERTIFICATES):
        value = environ.get(name, "")
        if value.startswith("/") and show_certificates(view, normal(value), name):
            yield Variable(name, value, Origin("machine", name), passed=True)


def show_certificates(view: View, path: str, name: str) -> bool:
    """Whether a file of certificates is visible inside, after showing it if it may be.

    INVARIANT CR-01: a file that also holds a private key is never shown, nor one too long to be sure.
    """
    final = view.final(path)
    if final.kind not in ("file", "dir"):
        return False
    if view.shows(final.real):
        return view.reveal(path, Origin("machine", name))
    text = view.host.read_text(final.real, _BUNDLE_BYTES) if final.kind == "file" else ""
    if "-----BEGIN " not in text or "PRIVATE KEY" in text or len(text) >= _BUNDLE_BYTES:
        view.notes.append(f"{name} names {path}, which is not a file of certificates only: it is not shown inside")
        return False
    return view.reveal(path, Origin("machine", name), quiet=False)


def _asked(policy: Policy, view: View) -> Iterator[Variable]:
    """What the policy passes: exact names, and patterns, which never match a secret's name."""
    environ = view.host.environ
    for entry in policy.pass_variables:
        wanted = entry.value
        if not is_literal(wanted):
            for name, value in environ.items():
                if is_meant(name, wanted):
                    yield Variable(name, value, entry.origin, passed=True)
        elif wanted in _RESERVED:
            view.notes.append(f"{wanted} has a value of its own inside and is not passed ({entry.origin})")
        elif wanted in environ:
            yield Variable(wanted, environ[wanted], entry.origin, passed=True)
        elif entry.origin.kind == "flag":  # in a file it is a wish for machines that have it
            view.notes.append(f"{wanted} is not set here, so it is not passed ({entry.origin})")


def is_meant(name: str, wanted: str) -> bool:
    """Whether an entry of the policy's means a variable: by its name, or by a pattern, which never means a secret's."""
    return name == wanted if is_literal(wanted) else matches(name, wanted) and _may_match(name)


def _may_match(name: str) -> bool:
    return not (
        name in _RESERVED
        or name == "ENV"
        or name in CERTIFICATES
        or name.startswith(_NEVER_BY_PATTERN)
        or credentials.is_secret_name(name)
    )
