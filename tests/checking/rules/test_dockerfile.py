"""What an image is built from."""

from __future__ import annotations

import pytest

from tests.checking.scenes import Scene, of

DIGEST = "@sha256:" + "0" * 64


def made(*lines: str, **files: str) -> Scene:
    text = "\n".join((f"FROM x{DIGEST}", *lines)) + "\n"
    names = {".devcontainer/Dockerfile": text, **{name.replace("__", "."): content for name, content in files.items()}}
    return Scene({"image": None, "build": {"dockerfile": "Dockerfile"}}, None, tuple(names.items()))


FOUND = [
    ("DC501", "a tag", made("FROM debian:12")),
    ("DC501", "a variable of the platform aside", made("FROM a:1 AS b", "FROM b")),
    ("DC501", "COPY --from", made("COPY --from=registry.example.test/x:1 /a /b")),
    ("DC501", "RUN --mount", made("RUN --mount=type=bind,from=x/y:1,target=/z true")),
    ("DC520", "an archive", made("ADD https://x.example.test/a.tgz /")),
    ("DC520", "a branch", made("ADD https://x.example.test/a.git#main /")),
    ("DC520", "ssh", made("ADD git@x.example.test:a/b.git /")),
    ("DC521", "insecure", made("RUN --security=insecure true")),
    ("DC522", "the host's network", made("RUN --network=host true")),
    ("DC523", "the agent", made("RUN --mount=type=ssh,required=true true")),
    (
        "DC524",
        "another front end",
        Scene(made().config, None, ((".devcontainer/Dockerfile", "# syntax=x/y:1\nFROM z\n"),)),
    ),
    ("DC525", "everything", made("COPY . /app")),
    ("DC525", "everything, in JSON", made('COPY ["./", "/app"]')),
    ("DC526", "variables", made("COPY .env /app/")),
    ("DC526", "a key", made("COPY conf/id_ed25519 /root/.ssh/")),
    ("DC526", "a key's file", made("ADD tls.key /etc/")),
    ("DC527", "no instruction", made("RNU true")),
    ("DC527", "no end", made("RUN <<EOF", "true")),
]
QUIET = [
    ("DC501", "a digest", made(f"FROM debian:12{DIGEST}")),
    ("DC501", "nothing", made("FROM scratch")),
    ("DC501", "a stage that is not built", made("FROM a:1 AS b", f"FROM c{DIGEST}")),
    ("DC501", "a stage", made(f"FROM y{DIGEST} AS b", f"FROM c{DIGEST}", "COPY --from=b /a /b", "COPY --from=0 /a /b")),
    ("DC501", "only the builder knows", made("ARG I", "FROM $TARGETARCH/x")),
    ("DC520", "a checksum", made(f"ADD --checksum=sha256:{'0' * 64} https://x.example.test/a.tgz /")),
    ("DC520", "a commit", made(f"ADD https://x.example.test/a.git#{'0' * 40} /")),
    ("DC520", "a file", made("ADD a.tgz /")),
    ("DC521", "sandbox", made("RUN --security=sandbox true")),
    ("DC522", "none", made("RUN --network=none true")),
    ("DC523", "a secret", made("RUN --mount=type=secret,id=x true")),
    ("DC524", "its own", Scene(made().config, None, ((".devcontainer/Dockerfile", "# syntax=docker/dockerfile:1\nFROM z\n"),))),
    ("DC525", "what is left out is listed", made("COPY . /app", __dockerignore=".git\n")),
    ("DC525", "from a stage", made(f"FROM x{DIGEST} AS b", f"FROM x{DIGEST}", "COPY --from=b . /x")),
    ("DC526", "an example", made("COPY .env.example id_rsa.pub /x/")),
    ("DC526", "a name like it", made("COPY environment.yml keys.py /x/")),
    ("DC527", "all is well", made("RUN true")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    found = of(rule, scene)
    assert found
    assert all(one.source.layer == "dockerfile" for one in found)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert not of(rule, scene)


def test_a_file_without_from_is_said() -> None:
    scene = Scene(made().config, None, ((".devcontainer/Dockerfile", "# nothing\n"),))
    assert of("DC527", scene)


def test_a_tag_is_milder_than_none() -> None:
    assert [one.severity for one in of("DC501", made("FROM debian"))] == ["medium"]
    assert [one.severity for one in of("DC501", made("FROM debian:12"))] == ["low"]
