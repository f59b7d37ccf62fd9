"""Labels that look like data, and names of the real world that do not."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.plan.labels import LONGEST, LONGEST_PLAIN, MOST_LABELS, is_data_like

if TYPE_CHECKING:
    from collections.abc import Callable

# What stands for the star in names of content networks, clouds, registries and clusters, as their documentation and
# their public DNS show it; numbers and hashes are made up in the same form.
PLAUSIBLE = """
00-1a-2b-3c-4d-5e 123456789012.dkr.ecr.us-east-1 602401143452.dkr.ecr.us-west-2 a1726.dscd a1b2-203-0-113-5
a1b2c3d4e5.execute-api.eu-central-1 a1b2c3d4e5f6g7-ats.iot.us-east-1 a248.e abcdefghij.execute-api.us-east-1
acme--dev-ed.develop.my acme.my android api auth.docker bedrock-runtime.us-east-1 bucket.s3.eu-west-1
build-20261121-143015 build-42.pr-1234.preview cas-bridge.xethub.hf cdn-fastly cdn-lfs-us-1 cdn-lfs.hf clients4
cognito-idp.us-east-1 conda containerregistryproduction d111111abcdef8 d36cz9buwru1tt d3ag4hukkh62yn
db-0.db-headless.default.svc.cluster deb deploy-preview-1234--docs-site dl dynamodb.us-east-1 e1234.dscd
e12930.dscx.g ec2-198-51-100-214.eu-west-1.compute ec2-203-0-113-25.compute-1 edge-chat
elasticloadbalancing.us-east-1 eu-west-1.console europe-west3-docker fastly-insights-abc fonts
gateway-prod-westeurope-02 git-codecommit.us-east-1 huggingface-transformers-models
i-0a1b2c3d4e5f67890.us-east-2.compute index instagram.fbeg4-1.fna
internal-my-load-balancer-1234567890.us-east-1.elb internationalizationservice ip-10-0-0-17.eu-central-1.compute
k8s-default-ingress-0123456789-1234567890.us-east-1.elb kubernetes-charts-incubator lh3 login.microsoftonline
manifest media-fra3-1.cdn mobile.events.data my-app-6f7d8c9b5d-x2x4z.staging
my-company-logs-123456789012.s3.us-east-1 my-project-git-feature-login-page-acme
my-service-123456789012.us-central1 my-service-abcdefghij-uc.a my-team.atlassian
myapp.happyhill-70162bb9.canadacentral mydb.c9akciq32.rds.us-east-1 mydb.cluster-cabcdefghijk.us-east-1.rds
na139 node-0a1b2c3d4e5f67890.eu-west-1 o123456.ingest.us o4505873459314688.ingest oauth2 objects-origin
p16-sign-va part-0032.t-0009.fdv2-t-msedge pipelines.actions pkg-containers play-lh
postgres-rw.payments.svc.cluster preview-git-main-acme-team prodpublicimages.blob.core
production.cloudflare.docker productionresultssa0.blob.core productionresultssa17.blob
prometheus-operated.monitoring.svc pypi-files r4---sn-25ge7nzs redirector registry-1.docker release-assets
rr3---sn-4g5e6nez rr5---sn-h0jelnes.c s-part-0017.t-0009.t-msedge s3-r-w.us-gov-west-1 s3.dualstack.us-east-1
safebrowsing scontent-fra3-1.xx scontent-iad3-2 secretsmanager.eu-west-3 security sentry-next.wixpress
settings-win.data stamp2.login static storage thequickbrownfoxjumpsoverthelazydog tokens-tokenmanager us-docker
v16-webapp-prime.us video-lhr8-1.xx vm-deadbeef-cafe vpc-search-domain-abcdefghijklmnop.us-east-1.es
vstsagentpackage waws-prod-am2-345.cloudapp web.whatsapp www www-googleapis-staging.sandbox xn--80ak6aa92e
xn--bcher-kva xn--fiqs8s
""".split()  # noqa: SIM905 - a hundred names read better without quotes
# Names of the real world that are caught: an account's 128-bit number. They need a rule of their own.
CAUGHT = ("images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2", "3f2504e0-4f89-11d3-9a0c-0305e82c3301.apps")


def base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").lower().rstrip("=")


def in_groups(text: str, length: int, mark: str) -> str:
    return mark.join(text[at : at + length] for at in range(0, len(text), length))


ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "hexadecimal": bytes.hex,
    "hexadecimal in groups": lambda data: in_groups(data.hex(), 4, "-"),
    "hexadecimal in labels": lambda data: in_groups(data.hex(), 12, "."),
    "base32": base32,
    "base64": lambda data: base64.urlsafe_b64encode(data).decode("ascii").lower().strip("=-_"),
    "decimal": lambda data: str(int.from_bytes(data, "big")),
}


@pytest.mark.parametrize("labels", PLAUSIBLE)
def test_a_plausible_name_passes(labels: str) -> None:
    assert not is_data_like(labels)


@pytest.mark.parametrize("labels", CAUGHT)
def test_a_long_number_in_a_name_is_taken_for_data(labels: str) -> None:
    assert is_data_like(labels)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_key_in_a_usual_encoding_is_caught_nearly_always(encoding: str) -> None:
    dice = random.Random(4)  # 32 random bytes are a key
    caught = sum(is_data_like(ENCODINGS[encoding](dice.randbytes(32))) for _ in range(300))
    assert caught >= 0.9 * 300


@given(st.binary(min_size=14, max_size=60))
def test_hexadecimal_never_passes_in_any_grouping(data: bytes) -> None:
    text = "9" + data.hex()
    assert is_data_like(text)
    assert is_data_like(in_groups(text, 30, "."))


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-"), min_size=1, max_size=LONGEST_PLAIN))
def test_a_short_label_is_a_name(label: str) -> None:
    assert not is_data_like(label)


def test_length_and_count_are_bounded_whatever_the_labels_say() -> None:
    assert is_data_like(".".join(["word"] * (MOST_LABELS + 1)))
    assert not is_data_like(".".join(["word"] * MOST_LABELS))
    assert is_data_like("station." * 13)
    assert len("station." * 13) > LONGEST


@given(st.text(st.sampled_from("abz019.-_"), max_size=300))
def test_any_labels_have_an_answer(labels: str) -> None:
    assert is_data_like(labels) in (True, False)
