"""The tree: which of several members counts, and how a path leads through it."""

from __future__ import annotations

from paddock.devcontainer.document import Member, Node, Place

HERE = Place("devcontainer.json", 1, 1, 0, 1)


def text(value: str) -> Node:
    return Node("string", value, HERE)


def made(*members: tuple[str, Node]) -> Node:
    return Node("object", None, HERE, tuple(Member(key, HERE, node) for key, node in members))


def test_of_several_members_with_one_key_the_last_counts() -> None:
    node = made(("image", text("a")), ("name", text("x")), ("image", text("b")))
    assert node.get("image") == text("b")
    assert node.get("Image") is None
    assert [(one.key, one.node.value) for one in node.counting()] == [("image", "b"), ("name", "x")]
    assert node.data() == {"image": "b", "name": "x"}


def test_a_path_leads_through_objects_and_arrays() -> None:
    mounts = Node("array", None, HERE, items=(made(("source", text("/srv"))), text("x")))
    node = made(("mounts", mounts))
    assert node.at("mounts", 0, "source") == text("/srv")
    assert node.at("mounts", 1) == text("x")
    assert node.at() is node
    for nowhere in (("mounts", 2), ("mounts", -1), ("mount",), ("mounts", 1, "source"), ("mounts", "source"), (0,)):
        assert node.at(*nowhere) is None
    assert node.data() == {"mounts": [{"source": "/srv"}, "x"]}


def test_a_place_is_shown_as_editors_and_compilers_show_it() -> None:
    assert str(Place("a/b.json", 3, 7, 40, 44)) == "a/b.json:3:7"
