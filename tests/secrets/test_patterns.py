"""Each rule that finds secrets in texts has an example, with the «secret» marked, and a twin without secret."""

from __future__ import annotations

import re

import pytest

from awstracer.secrets import patterns
from awstracer.secrets.patterns import SECRET_RULES

AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
KEY_TEXT = "RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
MIXED = "a1B2" * 12  # letters and digits, as many as a rule asks for

EXAMPLES = [
    ("placeholder", "x «<SECRET-0123456789ABCDEF0123456789ABCDEF>»", "x <SECRET-0123>"),
    ("private-key", f"a\n«-----BEGIN {KEY_TEXT}»\nb", "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"),
    ("private-key", "«-----BEGIN PGP PRIVATE KEY BLOCK-----\ncut off»", "a PRIVATE KEY----- without beginning"),
    ("jwt", f"it is «{JWT}» now", f"id={JWT.partition('.')[0]}"),
    ("aws-session-key-id", "key «ASIAIOSFODNN7EXAMPLE»", "key AKIAIOSFODNN7EXAMPLE"),
    ("aws-secret-access-key", f"AKIAIOSFODNN7EXAMPLE,«{AWS_SECRET}»", f"AKIAIOSFODNN7EXAMPLE,{AWS_SECRET}0"),
    ("aws-signed-url", "https://h/k?X-Amz-Signature=«deadbeef01»&x=1", "https://h/k?X-Amz-Date=20260102T030405Z"),
    ("aws-signed-url", "https://h/k?a=1&sig=«vjby%2BPxy»", "https://h/k?a=1&design=blue"),
    ("appsync-api-key", "«da2-abcdefghijklmnopqrstuvwx12»", "da2-short"),
    ("bedrock-api-key", f"«ABSK{MIXED}{MIXED}{MIXED}==»", "ABSKABSK"),
    ("bedrock-api-key", f"«bedrock-api-key-{MIXED}»", "bedrock-api-key-name"),
    ("github-token", f"«ghp_{MIXED}»", "ghp_short"),
    ("github-token", f"«github_pat_{MIXED}»", "github_pat_file"),
    ("gitlab-token", f"«glpat-{MIXED}»", "glpat-short"),
    ("npm-token", f"«npm_{MIXED[:36]}»", f"npm_{MIXED}"),
    ("pypi-token", f"«pypi-AgEI{MIXED}a1»", f"pypi-{MIXED}"),
    ("slack-token", "«xoxb-123456789012-abcdef»", "xoxo-123456789012-abcdef"),
    ("slack-webhook", "«https://hooks.slack.com/services/T0/B0/x1»", "https://hooks.slack.com/services/"),
    ("stripe-key", f"«sk_live_{MIXED}»", f"task_live_{MIXED}"),
    ("stripe-key", f"«whsec_{MIXED}»", "whsec_short"),
    ("openai-key", f"«sk-{MIXED}»", f"disk-{MIXED}"),
    ("sendgrid-key", f"«SG.{MIXED[:22]}.{MIXED[:43]}»", f"SG.{MIXED[:22]}"),
    ("google-api-key", f"«AIza{MIXED[:35]}»", "AIzawa"),
    ("google-access-token", f"«ya29.{MIXED}»", "ya29.short"),
    ("bearer-token", "curl -H bearer «abcdef0123456789»", "TokenType: bearer short"),
    ("authorization-header", "-H 'Authorization: Basic «aHVudGVyMg==»'", "Authorization: Basic $CREDENTIALS"),
    ("url-password", "postgres://app:«hunter2»@db.example.com:5432/app", "postgres://app@db.example.com:5432/app"),
    ("url-password", "https://u:«hun@ter2»@h/", "https://example.com:8443/a@b"),
    ("sql-password", "CREATE USER x WITH PASSWORD '«hunter2»'", "ALTER USER x PASSWORD NULL"),
    ("sql-password", "identified with caching_sha2_password by '«hunter2»'", "identified by ''"),
    ("mysql-password", "mysql -u root -p«hunter2» app", "mysql -u root app; ls -phunter2"),
    ("login-password", "sshpass -p «hunter2» ssh h", "ssh -p 22 h"),
    ("login-password", "docker login -u x -p «hunter2» h", "docker run -p 8080:80 x"),
    ("curl-user", "curl -s -u app:«hunter2» https://h/", "curl -s -u app https://h/"),
    ("chpasswd", "echo 'app:«hunter2»' | sudo chpasswd", "echo app:hunter2 | cat"),
]
RULES = {rule.id: rule for rule in SECRET_RULES}


def unmarked(text: str) -> str:
    return re.sub("[«»]", "", text)


def no_secret_name(name: str, value: str) -> bool:
    return False


@pytest.mark.parametrize(("rule_id", "example", "twin"), EXAMPLES)
def test_a_rule_finds_the_marked_secret_and_leaves_the_twin_alone(rule_id: str, example: str, twin: str) -> None:
    text = unmarked(example)
    begin, end = example.index("«"), example.index("»") - 1
    assert list(RULES[rule_id].spans(text)) == [(begin, end)]
    assert (begin, end) in patterns.secret_spans(text, no_secret_name)
    assert patterns.secret_spans(twin, no_secret_name) == []


def test_each_rule_has_an_id_of_its_own_and_an_example() -> None:
    assert [rule.id for rule in SECRET_RULES] == list(dict.fromkeys(rule_id for rule_id, _, _ in EXAMPLES))


@pytest.mark.parametrize(("rule_id", "example", "twin"), EXAMPLES)
def test_an_example_has_a_keyword_without_which_its_rule_is_not_tried(rule_id: str, example: str, twin: str) -> None:
    text = unmarked(example)
    assert any(keyword in text.lower() for keyword in RULES[rule_id].keywords)
    assert patterns.can_hold_secret(text)


@pytest.mark.parametrize(
    "value",
    ["$DB_PASSWORD", "$(cat password)", "${PASSWORD}", "{{resolve:ssm:x}}", "<password>", "***", "%PASSWORD%"],
)
def test_a_reference_to_a_secret_is_left_alone(value: str) -> None:
    assert patterns.secret_spans(f"curl -u app:{value} https://h/", no_secret_name) == []
