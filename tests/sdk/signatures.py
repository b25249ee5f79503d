#!/usr/bin/env python3
"""Signature cases whose verdict is the official SDK's, for the conformance tool.

    signatures.py FILE.json

Writes calls signed by the SDKs' own code, each also tampered with in several ways, with what the SDK's own
validator says of it. The same seed makes the same cases.
"""

import datetime
import json
import random
import sys
from unittest import mock
from urllib.parse import parse_qsl, urlencode

from linebot.v3.webhook import SignatureValidator
from slack_sdk.signature import Clock, SignatureVerifier
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from twilio.request_validator import RequestValidator

NOW = 1_767_261_600
ROUNDS = 60
draw = random.Random(20261122)


def word(low=0, high=30):
    letters = "abc XYZ019&=+%/?#äé字🙂\"'\\<>"
    return "".join(draw.choice(letters) for _ in range(draw.randint(low, high)))


def secret():
    return "".join(draw.choice("0123456789abcdef") for _ in range(32))


def tampered(body):
    """The body as it is, and changed in ways that a validator must notice or must not mind."""
    yield "as signed", body
    yield "with a letter more", body + "x"
    if body:
        yield "cut short", body[:-1]


class Params(dict):
    """A form as web frameworks give it: several values under a name."""

    @classmethod
    def of(cls, pairs):
        params = cls()
        for name, value in pairs:
            params.setdefault(name, []).append(value)
        return params

    def getlist(self, name):
        return self[name]


def twilio():
    for number in range(ROUNDS):
        token = secret()
        validator = RequestValidator(token)
        url = draw.choice(["https://hooks.example.com/in", "https://hooks.example.com:8443/in?a=1&b=%20x"])
        names = ["Body", "From", "To", "MessageSid", "ProfileName", "Z", "a"]
        pairs = [(name, word()) for name in draw.sample(names, draw.randint(1, len(names)))]
        if draw.random() < 0.3:
            pairs.append((pairs[0][0], word()))
        body = urlencode(pairs)
        for what, changed in tampered(body):
            params = Params.of(parse_qsl(changed, keep_blank_values=True))
            signature = validator.compute_signature(url, Params.of(pairs))
            yield {
                "id": f"twilio-{number}", "scheme": "twilio.x-twilio-signature", "name": what, "method": "POST",
                "url": url, "secret": token, "body": changed,
                "headers": {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature},
                "expected_valid": validator.validate(url, params, signature),
            }


def slack():
    class Fixed(Clock):
        def now(self):
            return NOW

    for number in range(ROUNDS):
        key = secret()
        verifier = SignatureVerifier(key, Fixed())
        timestamp = str(NOW - draw.choice([0, 10, 299, 300, 301, 4_000, -100]))
        body = json.dumps({"text": word(), "n": draw.random()})
        signature = verifier.generate_signature(timestamp=timestamp, body=body)
        for what, changed in tampered(body):
            headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}
            yield {
                "id": f"slack-{number}", "scheme": "slack.v0", "name": what, "method": "POST",
                "url": "https://hooks.example.com/slack", "secret": key, "body": changed, "now": NOW,
                "headers": {"Content-Type": "application/json", **headers},
                "expected_valid": verifier.is_valid_request(changed, headers),
            }


def line():
    import base64
    import hashlib
    import hmac

    for number in range(ROUNDS):
        key = secret()
        validator = SignatureValidator(key)
        body = json.dumps({"destination": "U1", "events": [], "x": word()})
        signature = base64.b64encode(hmac.new(key.encode(), body.encode(), hashlib.sha256).digest()).decode()
        for what, changed in tampered(body):
            yield {
                "id": f"line-{number}", "scheme": "line.x-line-signature", "name": what, "method": "POST",
                "url": "https://hooks.example.com/line", "secret": key, "body": changed,
                "headers": {"Content-Type": "application/json", "X-Line-Signature": signature},
                "expected_valid": bool(validator.validate(changed, signature)),
            }


def standard_webhooks():
    import base64

    for number in range(ROUNDS):
        key = "whsec_" + base64.b64encode(draw.randbytes(24)).decode()
        webhook = Webhook(key)
        sent = NOW - draw.choice([0, 10, 299, 301, 4_000, -299, -301])
        at = datetime.datetime.fromtimestamp(sent, tz=datetime.timezone.utc)
        body = json.dumps({"text": word()})
        signature = webhook.sign(f"msg_{number}", at, body)
        for what, changed in tampered(body):
            headers = {
                "webhook-id": f"msg_{number}", "webhook-timestamp": str(sent), "webhook-signature": signature,
            }

            class Fixed(datetime.datetime):
                @classmethod
                def now(cls, tz=None):
                    return datetime.datetime.fromtimestamp(NOW, tz=tz)

            try:
                with mock.patch("standardwebhooks.webhooks.datetime", Fixed):
                    webhook.verify(changed, headers)
                valid = True
            except (WebhookVerificationError, json.JSONDecodeError) as error:
                # What is signed and no JSON is authentic: reading it is another matter.
                valid = isinstance(error, json.JSONDecodeError)
            yield {
                "id": f"standardwebhooks-{number}", "scheme": "standardwebhooks.v1", "name": what,
                "method": "POST", "url": "https://hooks.example.com/in", "secret": key, "body": changed,
                "now": NOW, "headers": {"Content-Type": "application/json", **headers}, "expected_valid": valid,
            }


cases = [case for provider in (twilio, slack, line, standard_webhooks) for case in provider()]
valid = sum(case["expected_valid"] for case in cases)
assert valid > 100 and len(cases) - valid > 100, (valid, len(cases))
with open(sys.argv[1], "w") as file:
    json.dump(cases, file)
print(f"{len(cases)} cases, {valid} valid")
