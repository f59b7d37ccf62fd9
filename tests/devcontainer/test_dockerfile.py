"""What a Dockerfile comes to."""

from __future__ import annotations

from paddock.devcontainer.dockerfile import Dockerfile, read


def made(*lines: str, target: str = "", **given: str) -> Dockerfile:
    return read("\n".join(lines) + "\n", "Dockerfile", target, given)


def test_arguments_before_from_are_put_in() -> None:
    assert _base(made("ARG V=11", "FROM debian:${V}")) == "debian:11"
    assert _base(made("ARG V=11", "FROM debian:${V}", V="12")) == "debian:12"
    assert _base(made("ARG V", "FROM debian:${V:-x}")) != "debian:11"


def test_an_argument_of_the_platform_is_not_known() -> None:
    found = made("FROM x:$TARGETARCH")
    assert (_base(found), found.base_known) == ("x:$TARGETARCH", False)


def test_the_last_stage_stands_on_those_below_it() -> None:
    found = made("FROM debian:12 AS a", "USER dev", "WORKDIR /w", "ENV A=1", "FROM a", "WORKDIR x", "ENV B=$A$C")
    assert _base(found) == "debian:12"
    assert found.user
    assert found.user.value == "dev"
    assert str(found.user.origin.place) == "Dockerfile:2:6"
    assert found.workdir
    assert found.workdir.value == "/w/x"
    assert {one.name: one.value for one in found.environment} == {"A": "1", "B": "1"}


def test_the_last_user_counts_and_variables_are_put_in() -> None:
    found = made("FROM x", "ARG NAME=dev", "USER root", "USER $NAME")
    assert found.user
    assert (found.user.value, found.user.raw) == ("dev", "$NAME")
    assert made("FROM x").user is None


def test_a_target_is_built_with_what_it_needs_and_nothing_else() -> None:
    lines = ("FROM a AS one", "FROM b AS two", "FROM c AS three", "COPY --from=one / /", "FROM d AS four")
    assert made(*lines, target="three").used == (0, 2)
    assert made(*lines).used == (3,)
    assert made(*lines, "RUN --mount=type=bind,from=TWO,target=/x true").used == (1, 3)
    assert made(*lines, target="1").used == (1,)


def test_a_target_that_is_not_there_is_said() -> None:
    found = made("FROM a AS one", target="nope")
    assert found.target is None
    assert found.used == (0,)


def test_a_stage_cannot_stand_on_itself_or_a_later_one() -> None:
    found = made("FROM b AS a", "FROM a AS b", "FROM b AS b")
    assert [stage.parent for stage in found.stages] == [None, 0, 1]
    assert _base(found) == "b"


def test_an_entrypoint_takes_the_command_of_below_away() -> None:
    found = made("FROM x", "CMD a", "ENTRYPOINT b")
    assert found.entrypoint
    assert (found.entrypoint.value, found.command) == ("b", None)


def test_names_of_stages_have_no_case() -> None:
    assert made("FROM a AS Base", "FROM base").stages[1].parent == 0


def test_an_empty_file_has_no_stages() -> None:
    found = made("# nothing")
    assert (found.stages, found.target, found.base) == ((), None, None)


def _base(found: Dockerfile) -> str:
    assert found.base
    return found.base.value
