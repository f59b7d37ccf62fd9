"""Domains below which anybody can get a name: no wildcard may stand right on one.

The list is Mozilla's (publicsuffix.org), in its two parts: the registries' (`co.uk`) and the hosters' own
(`github.io`, a bucket store's). It comes with the package `publicsuffixlist`, which is loaded for a wildcard only:
reading it takes longer than the whole rest of a policy.
"""

from __future__ import annotations

from paddock.policy.values import Wrong, shown

_ANSWERS: dict[str, str] = {}  # the list does not change while we run


def why_shared(domain: str) -> str:
    """Why names below a canonical domain belong to different owners, and what to write; or nothing. Raises Wrong."""
    if domain not in _ANSWERS:
        _ANSWERS[domain] = _why_shared(domain)
    return _ANSWERS[domain]


def _why_shared(domain: str) -> str:
    try:
        from publicsuffixlist import PublicSuffixList

        suffixes = PublicSuffixList()
    except (ImportError, OSError) as error:
        raise Wrong(
            f"a wildcard cannot be judged without the package publicsuffixlist ({error}): install Paddock anew, "
            "or name each host"
        ) from None
    if not suffixes.is_public(domain):
        return ""
    what = "is a public suffix, below which anybody can get a name" if "." in domain else "is a top-level domain"
    return f"{domain} {what}; write {shown(f'*.name.{domain}')} for one owner's, or each host"
