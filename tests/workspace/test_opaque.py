from __future__ import annotations

import os
import pickle
import shutil

from paddock.kernel import xattr
from paddock.workspace import opaque
from paddock.workspace.journal import UPPER_MODE, Journal, Loosened
from tests.capabilities import needs
from tests.workspace.overlays import seen_inside

pytestmark = needs("overlay")


def marked(root: str) -> list[str]:
    found = []
    for path, _, _ in os.walk(root):
        descriptor = os.open(path, os.O_RDONLY)
        if xattr.is_opaque(descriptor):
            found.append(os.path.relpath(path, root))
        os.close(descriptor)
    return found


def test_an_expanded_change_set_means_the_same_and_has_no_mark_left(lab) -> None:
    lab.write(dir__a="x", dir__b="y", dir__sub__c="z", dir__sub__d="w", typed="t", **{"dir__.git__x": "g"})

    def work(inside) -> None:
        shutil.rmtree(inside / "dir")
        (inside / "dir" / "sub").mkdir(parents=True)
        (inside / "dir" / "sub" / "c").write_text("new")
        (inside / "dir" / "sub").chmod(0o555)
        (inside / "dir").chmod(0o555)
        (inside / "typed").unlink()
        (inside / "typed").mkdir()
        (inside / "one").mkdir()
        (inside / "one").rename(inside / "two")

    lab.run(work)
    seen, kinds = seen_inside(lab.held), lab.kinds()
    assert marked(lab.held.upper) != []
    with lab.trees() as (upper, lower):
        place = os.open(lab.held.path, os.O_RDONLY)
        loosened = Loosened(UPPER_MODE, upper, Journal(place))
        opaque.expand_all(upper, lower, loosened.loosen)
        loosened.restore()
        os.close(place)
    assert marked(lab.held.upper) == []
    assert pickle.loads(seen_inside(lab.held)) == pickle.loads(seen)
    assert lab.kinds() == kinds


def test_git_data_is_left_alone(lab) -> None:
    lab.write(**{".git__sub__a": "x"})

    def work(inside) -> None:
        shutil.rmtree(inside / ".git" / "sub")
        (inside / ".git" / "sub").mkdir()

    lab.run(work)
    with lab.trees() as (upper, lower):
        opaque.expand_all(upper, lower, lambda _: False)
    assert marked(lab.held.upper) == [".git/sub"]
