from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paddock.plan.paths import normal
from paddock.plan.places import Places
from paddock.policy import credentials

HOME = "/home/ann"
ENVIRON = {"GNUPGHOME": "/data//keys/../gpg/", "XDG_CONFIG_HOME": "/data/conf"}
KNOWN = credentials.locations(HOME, ENVIRON)
INDEX = Places(credentials.places(HOME, ENVIRON))
WORDS = "home ann eve root .ssh .config gh .local share keyrings etc ssl private data gpg conf usr x run"

parts = st.lists(
    st.sampled_from(WORDS.split()),
    max_size=6,
)
near = st.sampled_from([place.path.replace("*", "x") for place in KNOWN])
paths = st.one_of(parts.map(lambda parts: "/" + "/".join(parts)), near, near.map(lambda path: path + "/deep/er"))


@given(paths)
@example("/")
@example("/home")
@example("/data/gpg/private-keys-v1.d")
@example("/home/eve/.config/Bitwarden CLI/data.json")
def test_the_index_and_the_judge_give_the_same_verdict(path: str) -> None:
    path = normal(path)
    assert INDEX.touches(path) == (credentials.refusal(path, path, HOME, KNOWN) is not None)


@pytest.mark.parametrize("home", ["/root", "/home/ann", "/home/", "/srv/people/ann", "/home/a/b", "/"])
def test_the_index_leaves_out_only_what_another_place_covers(home: str) -> None:
    index = Places(credentials.places(home, ENVIRON))
    known = credentials.locations(home, ENVIRON)
    for place in known:
        path = normal(place.path.replace("*", "x"))
        for near in (path, path + "/x", path.rpartition("/")[0] or "/", path + "x", path[:-1] or "/"):
            assert index.touches(near) == (credentials.refusal(near, near, home, known) is not None), near


def test_every_place_its_parents_and_its_children_touch() -> None:
    for place in KNOWN:
        path = normal(place.path.replace("*", "x"))
        assert INDEX.touches(path), path
        assert INDEX.touches(path + "/x")
        assert INDEX.touches(path.rpartition("/")[0] or "/")
