"""What an agent's own login adds to a plan, where Paddock keeps its tokens: the access token as a credential.

Inside, the agent has placeholders that never grow old, and the place that would give it new tokens is not reached.
"""

from __future__ import annotations

from paddock.frozen import frozen, replace
from paddock.plan.model import Bound, Credential, File
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.profile import Profile, Tokens
    from paddock.plan.services import Use
    from paddock.plan.view import View

SOURCE = "login"  # no policy can name it
LOOK_S = 60.0  # how often the renewed token is looked for


@frozen
class Held:
    """A login that is kept: what is known of its kind, and the key of its file."""

    tokens: Tokens
    key: str


def held(profile: Profile, view: View) -> tuple[Held, ...]:
    """The logins that are kept for this agent: the repository's own before the person's."""
    repository = view.host.repository_key(view.repository)
    found = []
    for tokens in profile.login.tokens:
        keys = (f"{profile.name}/{repository}/{tokens.name}", f"{profile.name}/{tokens.name}")
        there = [key for key in keys if view.host.look(f"{view.host.state}/logins/{key}.json").kind == "file"]
        found += [Held(tokens, key) for key in there[:1]]
    return tuple(found)


def joined(used: Use, logins: tuple[Held, ...], profile: Profile, view: View) -> Use:
    """What the services come to, with the logins."""
    if not logins:
        return used
    origin, home = Origin("agent", profile.name), view.host.person.home
    flags = () if used.replaces else tuple(flag for login in logins for flag in login.tokens.flags)
    seeds = [File(f"{home}/{path}", content, origin) for login in logins for path, content in login.tokens.seeds]
    return replace(
        used,
        credentials=(*used.credentials, *(_credential(login, used, origin) for login in logins)),
        flags=(*used.flags, *flags),
        seeds=tuple(dict.fromkeys((*used.seeds, *seeds))),
        away=tuple(_issuer(login.tokens) for login in logins),
    )


def _credential(login: Held, used: Use, origin: Origin) -> Credential:
    tokens = login.tokens
    bound = [
        Bound(host, port, paths=tuple(path for name, path in tokens.paths if name == host))
        for host, port in tokens.bound
    ]
    # Where the person's own variable leads the agent, its login leads too, as outside; a key goes before it.
    bound += [place for service, place in used.open if tokens.service and service == tokens.service]
    name = f"{origin.where}/login/{tokens.name}"  # no name that a policy can give
    return Credential(name, f"{SOURCE}:{login.key}", "bearer", tuple(bound), (), origin, ttl_s=LOOK_S)


def _issuer(tokens: Tokens) -> tuple[str, int]:
    return tokens.issuer.url.removeprefix("https://").partition("/")[0], 443
