"""What RUN lines do."""

from __future__ import annotations

import pytest

from tests.checking.rules.test_dockerfile import made
from tests.checking.scenes import Scene, of

FOUND = [
    ("DC506", "a pipe", "RUN curl -fsSL https://x.example.test/i | sh"),
    ("DC506", "after an empty line", "RUN true && \\\n\n  curl https://x.example.test/i | sh"),
    ("DC506", "a here-document", "RUN <<EOF\ncurl https://x.example.test/i | sh\nEOF"),
    ("DC506", "a list", 'RUN ["sh", "-c", "curl https://x.example.test/i | sh"]'),
    ("DC506", "at the start of the image", "CMD curl https://x.example.test/i | sh"),
    ("DC506", "a file", "RUN curl -o i https://x.example.test/i && sh i"),
    ("DC511", "a download", "RUN wget http://x.example.test/a"),
    ("DC511", "ADD", "ADD http://x.example.test/a /a"),
    ("DC311", "curl", "RUN curl -fsSkL https://x.example.test/a -o a"),
    ("DC311", "pip", "RUN pip install --trusted-host x.example.test y"),
    ("DC513", "packages", "RUN apt-get install --allow-unauthenticated x"),
    ("DC513", "a key", "RUN curl https://x.example.test/k | apt-key add -"),
    (
        "DC513",
        "a repository",
        'RUN echo "deb [trusted=yes] https://x.example.test ./" > /etc/apt/sources.list.d/x.list',
    ),
    ("DC208", "without a password", "RUN echo 'dev ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/dev"),
    ("DC208", "a here-document", "RUN cat <<EOF > /etc/sudoers.d/dev\ndev ALL=(ALL) NOPASSWD:ALL\nEOF"),
    ("DC208", "a group", "RUN useradd -m dev && usermod -aG sudo,video dev"),
    ("DC528", "octal", "RUN chmod -R 777 /opt"),
    ("DC528", "letters", "RUN chmod a+rwx /opt"),
    ("DC529", "octal", "RUN chmod 4755 /bin/x"),
    ("DC529", "letters", "RUN chmod u+s /bin/x"),
    ("DC529", "capabilities", "RUN setcap cap_net_raw+ep /bin/x"),
    ("DC530", "apt", "RUN apt-get update && apt-get install -y curl git=1:2"),
    ("DC530", "npm", "RUN npm install -g typescript"),
]
QUIET = [
    ("DC506", "a file and its sum", "RUN curl -o i https://x.example.test/i && sha256sum -c sums && sh i"),
    ("DC506", "a comment", "# RUN curl https://x.example.test/i | sh"),
    ("DC511", "this machine", "HEALTHCHECK CMD curl http://localhost:8080/"),
    ("DC311", "checked", "RUN curl -fsSL https://x.example.test/a -o a"),
    ("DC513", "signed", 'RUN echo "deb [signed-by=/k.asc] https://x.example.test ./" > /etc/apt/sources.list.d/x.list'),
    ("DC208", "some command", "RUN echo 'dev ALL=(ALL) ALL' > /dev/null"),
    ("DC208", "another group", "RUN usermod -aG video dev"),
    ("DC528", "octal", "RUN chmod 755 /opt && chmod 1777 /tmp && chmod g+w /x && chmod +x /y"),
    ("DC529", "a directory of a group", "RUN chmod g+s /srv && chmod 2775 /srv && chmod 0755 /x"),
    ("DC530", "versions", "RUN apt-get install -y curl=8.1 && npm install -g typescript@5.4 && pip install x==1"),
    ("DC530", "files", "RUN pip install -r requirements.txt && npm install && pip install ./x"),
]


@pytest.mark.parametrize(("rule", "line"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, line: str) -> None:
    found = of(rule, made(line))
    assert found
    assert all(one.source.place and one.source.place.line > 1 for one in found)


@pytest.mark.parametrize(("rule", "line"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, line: str) -> None:
    assert not of(rule, made(line))


def test_sudo_for_one_program_is_milder() -> None:
    found = of("DC208", made("RUN echo 'dev ALL=(root) NOPASSWD: /usr/bin/x' > /etc/sudoers.d/dev"))
    assert [(one.severity, "/usr/bin/x" in one.message) for one in found] == [("medium", True)]


def test_the_dockerfile_of_a_service_counts_too() -> None:
    files = {
        ".devcontainer/c.yml": "services: {app: {image: a}, db: {build: ./db}}",
        ".devcontainer/db/Dockerfile": "FROM x\nRUN curl https://x.example.test/i | sh\n",
    }
    config = {"image": None, "dockerComposeFile": "c.yml", "service": "app", "workspaceFolder": "/w"}
    found = of("DC506", Scene(config, None, tuple(files.items())))
    assert [one.source.where for one in found] == [".devcontainer/db/Dockerfile:2:5"]


def test_installs_without_version_are_one_finding() -> None:
    found = of("DC530", made("RUN apt-get install a", "RUN apk add b", "RUN pip install c"))
    assert [len(one.also) for one in found] == [2]
