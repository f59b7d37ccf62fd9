"""Hosts that serve strangers too: what is allowed for one purpose is a way out, or in, for all (threats E4, E15).

A short list by hand of what is well known and often misused, in the sense of the "living off trusted sites" list
(lots-project.com) and of the hosters' part of the public suffix list. It serves for warnings and proposals only:
no rule rests on it, since no such list is complete.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.policy.matching import fits, is_wildcard, takes_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Sort = Literal["code", "store", "paste", "tunnel", "catcher", "chat", "pages", "resolver"]


@frozen
class Shared:
    """A sort of hosts, and what a stranger can do there."""

    sort: Sort
    why: str
    domains: tuple[str, ...]  # each with everything below it


def _shared(sort: Sort, why: str, domains: str) -> Shared:
    return Shared(sort, why, tuple(domains.split()))


SHARED = (  # the first one that fits
    _shared("paste", "anybody can leave text there for others to read", "gist.github.com gist.githubusercontent.com"),
    _shared(
        "code",
        "whoever has an account there can receive pushes and issues",
        "github.com githubusercontent.com gitlab.com bitbucket.org codeberg.org sr.ht gitea.com dev.azure.com "
        "visualstudio.com sourceforge.net huggingface.co hf.co",
    ),
    _shared(
        "store",
        "anybody can have a bucket or a folder there",
        "amazonaws.com storage.googleapis.com firebasestorage.googleapis.com firebaseio.com drive.google.com "
        "docs.google.com blob.core.windows.net file.core.windows.net r2.cloudflarestorage.com r2.dev "
        "digitaloceanspaces.com backblazeb2.com wasabisys.com supabase.co dropbox.com dropboxapi.com "
        "dropboxusercontent.com box.com onedrive.live.com 1drv.ms sharepoint.com mega.nz mediafire.com wetransfer.com",
    ),
    _shared(
        "paste",
        "anybody can leave text or files there without an account",
        "pastebin.com paste.ee dpaste.com dpaste.org hastebin.com rentry.co rentry.org controlc.com termbin.com ix.io "
        "sprunge.us 0x0.st transfer.sh file.io gofile.io catbox.moe bashupload.com privatebin.net telegra.ph",
    ),
    _shared(
        "tunnel",
        "names there lead to machines of strangers",
        "ngrok.io ngrok.app ngrok.dev ngrok.com ngrok-free.app ngrok-free.dev trycloudflare.com argotunnel.com loca.lt "
        "localtunnel.me localhost.run serveo.net bore.pub pagekite.me playit.gg ts.net devtunnels.ms pinggy.link",
    ),
    _shared(
        "catcher",
        "it shows strangers every request that it gets",
        "webhook.site requestbin.com requestbin.net requestcatcher.com pipedream.net beeceptor.com hookbin.com "
        "hookdeck.com smee.io interact.sh oast.fun oast.pro oast.live oast.site oast.online oast.me oastify.com "
        "burpcollaborator.net dnslog.cn canarytokens.com postb.in",
    ),
    _shared(
        "chat",
        "a bot or a hook there writes to strangers",
        "api.telegram.org discord.com discordapp.com slack.com webhook.office.com api.twilio.com matrix.org",
    ),
    _shared(
        "pages",
        "anybody can run a site or a function there",
        "github.io gitlab.io pages.dev workers.dev netlify.app vercel.app herokuapp.com web.app firebaseapp.com "
        "glitch.me replit.app replit.dev repl.co onrender.com fly.dev railway.app deno.dev surge.sh appspot.com "
        "run.app cloudfunctions.net azurewebsites.net cloudfront.net on.aws script.google.com",
    ),
    _shared(
        "resolver",
        "it answers DNS over HTTPS, whose questions carry data past the gateway",
        "dns.google dns.google.com cloudflare-dns.com one.one.one.one dns.quad9.net doh.opendns.com dns.nextdns.io "
        "doh.cleanbrowsing.org adguard-dns.com doh.pub dns.alidns.com",
    ),
)


def shared(pattern: str) -> Shared | None:
    """The sort of hosts that a host pattern names, or takes in some of; None for all that are not known."""
    return next((each for each in SHARED if any(_touches(pattern, domain) for domain in each.domains)), None)


def _touches(pattern: str, domain: str) -> bool:
    everything = f"*.{domain}"
    if is_wildcard(pattern):
        return takes_in(pattern, everything) or takes_in(everything, pattern) or fits(pattern, domain)
    return pattern == domain or fits(everything, pattern)
