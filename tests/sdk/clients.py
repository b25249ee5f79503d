#!/usr/bin/env python3
"""The official clients against our fakes of the providers' APIs: what they send must be taken, and what
the fakes refuse must reach them as the error that they know.

    clients.py http://127.0.0.1:PORT
"""

import sys

from linebot.v3.messaging import ApiClient, ApiException, Configuration, MessagingApi, PushMessageRequest, TextMessage
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

base = sys.argv[1]
passed = 0


def check(what, condition):
    global passed
    assert condition, what
    passed += 1


class Here(TwilioHttpClient):
    """Sends to the fakes what is meant for Twilio."""

    def request(self, method, url, *arguments, **named):
        return super().request(method, url.replace("https://", f"{base}/"), *arguments, **named)


def twilio(token):
    return Client("AC" + "1" * 32, token, http_client=Here())


message = twilio("token").messages.create(to="+4915112345678", from_="+15550001111", body="Hello")
check("twilio takes it", message.sid.startswith("SM") and message.status == "queued")
for token, fields, code in [
    ("wrong", {"to": "+1", "from_": "+2", "body": "x"}, 20003),
    ("token", {"to": "+1", "from_": "+2", "body": "x" * 1601}, 21617),
]:
    try:
        twilio(token).messages.create(**fields)
        raise AssertionError(f"twilio: {code} expected")
    except TwilioRestException as error:
        check(f"twilio {code}", error.code == code)

slack = WebClient(token="bot", base_url=f"{base}/slack.com/api/")
check("slack takes it", slack.chat_postMessage(channel="C1", text="Hello")["ok"])
try:
    WebClient(token="wrong", base_url=f"{base}/slack.com/api/").chat_postMessage(channel="C1", text="x")
    raise AssertionError("slack: an error expected")
except SlackApiError as error:
    check("slack refuses", error.response["error"] == "invalid_auth")

def line(token):
    return MessagingApi(ApiClient(Configuration(host=f"{base}/api.line.me", access_token=token)))


request = PushMessageRequest(to="U1", messages=[TextMessage(text="Hello")])
key = "5e5a9bd0-6f3b-4a7e-9d54-2a5e3a3e9a11"
check("line takes it", line("token").push_message(request, x_line_retry_key=key).sent_messages)
for token, retry_key, status in [("token", key, 409), ("wrong", None, 401)]:
    try:
        line(token).push_message(request, x_line_retry_key=retry_key)
        raise AssertionError(f"line: {status} expected")
    except ApiException as error:
        check(f"line {status}", error.status == status)

print(f"{passed} passed, 0 failed")
