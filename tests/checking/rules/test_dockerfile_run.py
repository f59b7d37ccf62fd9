"""What RUN lines do."""

from __future__ import annotations

import pytest

from tests.checking.rules.test_dockerfile import made
from tests.checking.scenes import feature, of

FOUND = [
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
    ("DC208", "a here-document that is copied", "COPY <<EOF /etc/sudoers.d/dev\ndev ALL=(ALL) NOPASSWD:ALL\nEOF"),
    ("DC528", "as it is copied", "COPY --chmod=777 x /x"),
    ("DC529", "as it is installed", "RUN install -o root -m 4755 x /bin/x"),
]
QUIET = [
    ("DC208", "some command", "RUN echo 'dev ALL=(ALL) ALL' > /dev/null"),
    ("DC208", "another group", "RUN usermod -aG video dev"),
    ("DC528", "octal", "RUN chmod 755 /opt && chmod 1777 /tmp && chmod g+w /x && chmod +x /y"),
    ("DC529", "a directory of a group", "RUN chmod g+s /srv && chmod 2775 /srv && chmod 0755 /x"),
    ("DC530", "versions", "RUN apt-get install -y curl=8.1 && npm install -g typescript@5.4 && pip install x==1"),
    ("DC530", "files", "RUN pip install -r requirements.txt && npm install && pip install ./x"),
    ("DC528", "as it is copied", "COPY --chmod=755 x /x"),
    ("DC529", "as it is installed", "RUN install -Dm755 x /bin/x"),
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


def test_a_script_in_a_here_document_is_told_once() -> None:
    assert len(of("DC208", made("RUN <<EOF\necho 'dev ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/dev\nEOF"))) == 1


@pytest.mark.parametrize("line", ["echo 'dev ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/dev", "usermod -aG sudo dev"])
def test_a_local_feature_may_give_sudo(line: str) -> None:
    (found,) = of("DC208", feature(f"#!/bin/sh\n{line}\n"))
    assert str(found.source.place) == ".devcontainer/extra/install.sh:2:1"


def test_installs_without_version_are_one_finding() -> None:
    found = of("DC530", made("RUN apt-get install a", "RUN apk add b", "RUN pip install c"))
    assert [len(one.also) for one in found] == [2]
