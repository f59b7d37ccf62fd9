"""What hooks, local Features and Dockerfiles fetch, and how they trust it."""

from __future__ import annotations

import pytest

from tests.checking.rules.test_dockerfile import made
from tests.checking.scenes import Scene, feature, hook, label, of

FOUND = [
    ("DC506", "in a Dockerfile: a pipe", made("RUN curl -fsSL https://x.example.test/i | sh")),
    ("DC506", "in a Dockerfile: after an empty line", made("RUN true && \\\n\n  curl https://x.example.test/i | sh")),
    ("DC506", "in a Dockerfile: a here-document", made("RUN <<EOF\ncurl https://x.example.test/i | sh\nEOF")),
    ("DC506", "in a Dockerfile: a list", made('RUN ["sh", "-c", "curl https://x.example.test/i | sh"]')),
    ("DC506", "in a Dockerfile: at the start of the image", made("CMD curl https://x.example.test/i | sh")),
    ("DC506", "in a Dockerfile: a file", made("RUN curl -o i https://x.example.test/i && sh i")),
    ("DC511", "in a Dockerfile: a download", made("RUN wget http://x.example.test/a")),
    ("DC511", "in a Dockerfile: ADD", made("ADD http://x.example.test/a /a")),
    ("DC311", "in a Dockerfile: curl", made("RUN curl -fsSkL https://x.example.test/a -o a")),
    ("DC311", "in a Dockerfile: pip", made("RUN pip install --trusted-host x.example.test y")),
    ("DC513", "in a Dockerfile: packages", made("RUN apt-get install --allow-unauthenticated x")),
    ("DC513", "in a Dockerfile: a key", made("RUN curl https://x.example.test/k | apt-key add -")),
    (
        "DC513",
        "in a Dockerfile: a repository",
        made('RUN echo "deb [trusted=yes] https://x.example.test ./" > /etc/apt/sources.list.d/x.list'),
    ),
    ("DC506", "through filters", hook("curl https://example.test/x | base64 -d | sh")),
    ("DC506", "a group", hook("(cd /tmp && curl https://example.test/x) | sh")),
    ("DC506", "braces", hook("{ curl https://example.test/x; } | sh")),
    ("DC506", "a file that is run", hook("curl https://example.test/x > /tmp/x && sh /tmp/x")),
    ("DC506", "an address that is run", hook("deno run https://example.test/x.ts")),
    ("DC506", "a program's text", hook('python3 -c "$(curl https://example.test/x)"')),
    ("DC512", "in a Dockerfile: a branch", made("RUN pip install git+https://example.test/x.git")),
    ("DC311", "in a Dockerfile: npm's settings", made("RUN npm config set strict-ssl false")),
    ("DC311", "in a Dockerfile: a variable", made("ENV NODE_TLS_REJECT_UNAUTHORIZED=0")),
    ("DC513", "in a Dockerfile: apt's options", made("RUN apt-get -o Acquire::AllowInsecureRepositories=true update")),
    ("DC513", "in a Dockerfile: rpm", made("RUN rpm -i --nosignature x.rpm")),
    ("DC506", "a pipe", hook("curl -fsSL https://example.test/x | sh")),
    ("DC506", "a pipe to root's shell", hook("wget -qO- https://example.test/x | sudo -E bash -")),
    ("DC506", "a substitution", hook('bash -c "$(curl -fsSL https://example.test/x)"')),
    ("DC506", "a file that is none", hook("source <(curl -s https://example.test/x)")),
    ("DC506", "an interpreter", hook("curl https://example.test/x | python3 -")),
    ("DC506", "a list", hook(["bash", "-c", "curl x | sh"])),
    ("DC506", "in a Feature's script", feature("#!/bin/sh\nset -e\ncurl https://example.test/x | sh\n")),
    ("DC506", "in the label's hook", label(onCreateCommand="curl https://example.test/x | sh")),
    ("DC507", "npm", hook("npm install")),
    ("DC507", "npm, after others", hook("cd web && npm ci && npm run build")),
    ("DC507", "pip as a module", hook("python3 -m pip install -r requirements.txt")),
    ("DC507", "yarn alone", hook("yarn")),
    ("DC507", "uv", hook("uv pip install x")),
    ("DC511", "a download", hook("curl http://example.test/x -o x")),
    ("DC511", "an index", hook("pip install -i http://example.test/simple x")),
    ("DC512", "a branch", hook("pip install git+https://example.test/x.git@main")),
    ("DC512", "an archive", hook("npm install https://example.test/x.tgz")),
    ("DC513", "no check", hook("sudo apt-get install -y --allow-unauthenticated x")),
    ("DC513", "a key from anywhere", hook("curl https://example.test/key | sudo apt-key add -")),
    ("DC513", "a trusted source", hook("echo 'deb [trusted=yes] https://example.test ./' | sudo tee /etc/apt/x.list")),
    ("DC513", "in a Feature's script", feature("dnf install --nogpgcheck x\n")),
]
QUIET = [
    (
        "DC506",
        "in a Dockerfile: a file and its sum",
        made("RUN curl -o i https://x.example.test/i && sha256sum -c sums && sh i"),
    ),
    ("DC506", "in a Dockerfile: a comment", made("# RUN curl https://x.example.test/i | sh")),
    ("DC511", "in a Dockerfile: this machine", made("HEALTHCHECK CMD curl http://localhost:8080/")),
    ("DC311", "in a Dockerfile: checked", made("RUN curl -fsSL https://x.example.test/a -o a")),
    (
        "DC513",
        "in a Dockerfile: signed",
        made('RUN echo "deb [signed-by=/k.asc] https://x.example.test ./" > /etc/apt/sources.list.d/x.list'),
    ),
    ("DC506", "a group that is read", hook("(curl https://example.test/x) | jq .")),
    ("DC506", "a file that is compared", hook("curl -o x https://example.test/x && sha256sum -c sums && sh x")),
    ("DC506", "a script of one's own", hook("deno run main.ts")),
    ("DC506", "into a file", hook("curl -fsSL https://example.test/x -o x.sh")),
    ("DC506", "data", hook("curl https://example.test/x | jq .")),
    ("DC506", "data for an interpreter", hook("curl https://example.test/x | python3 -m json.tool")),
    ("DC506", "a text", hook("echo 'curl x | sh'")),
    ("DC507", "no scripts", hook("npm ci --ignore-scripts")),
    ("DC507", "hashes", hook("pip install --require-hashes -r requirements.txt")),
    ("DC507", "a lock file that must fit", hook("uv sync --locked")),
    ("DC507", "a script of the project", hook("npm run install")),
    ("DC507", "in the build", feature("npm install -g x\n")),
    ("DC511", "this machine", hook("curl http://localhost:8080/health")),
    ("DC511", "a service beside", hook("curl http://db:8080/health")),
    ("DC511", "TLS", hook("curl https://example.test/x -o x")),
    ("DC512", "a registry", hook("pip install x==1.0")),
    ("DC512", "a directory", hook("pip install ./x -e .")),
    ("DC513", "checked", hook("sudo apt-get install -y x")),
    ("DC513", "a key of its own", hook("echo 'deb [signed-by=/k.asc] https://example.test ./' | sudo tee /x.list")),
]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


def test_the_place_of_a_feature_s_command_is_in_its_script() -> None:
    (found,) = of("DC506", feature("#!/bin/sh\nset -e\n  curl https://example.test/x | sh\n"))
    assert str(found.source.place) == ".devcontainer/extra/install.sh:3:3"


def test_the_dockerfile_of_a_service_counts_too() -> None:
    files = {
        ".devcontainer/c.yml": "services: {app: {image: a}, db: {build: ./db}}",
        ".devcontainer/db/Dockerfile": "FROM x\nRUN curl https://x.example.test/i | sh\n",
    }
    config = {"image": None, "dockerComposeFile": "c.yml", "service": "app", "workspaceFolder": "/w"}
    found = of("DC506", Scene(config, None, tuple(files.items())))
    assert [one.source.where for one in found] == [".devcontainer/db/Dockerfile:2:5"]
