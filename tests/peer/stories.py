"""What must hold on the peer: packages 1 and 2 of the product, seen from outside."""

import base64
import hashlib
import hmac
import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid

CLOSING = "Thank you! Someone from the team will get back to you."
REPLIES = "https://bot.example/replies"


class Told:
    """Counts, and says what does not hold."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, holds):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}", flush=True)


def eventually(look, seconds=30):
    """What `look` gives once it is true, or at last."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen or time.monotonic() > end:
            return seen
        time.sleep(0.2)


class Peer:
    """The stack, and somebody who sets an account up in it."""

    def __init__(self, url, client, world, outputs, resources, document):
        self.url, self.client, self.world = url, client, world
        self.outputs, self.resources, self.document = outputs, resources, document
        self.api_url = f"{url}/_aws/execute-api/{self.id('HttpApi')}/$default"
        self.secret = base64.b64encode(hashlib.sha256(b"a secret of this run").digest()).decode()

    def id(self, logical):
        return self.resources[logical]["PhysicalResourceId"]

    def send(self, path, body=None, headers=()):
        """A request to the HTTP API: its status and body."""
        data = None if body is None else body.encode()
        request = urllib.request.Request(f"{self.api_url}{path}", data, dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def api(self, path, body=None, **headers):
        """A call of the API: its answer, which must be a good one."""
        sent = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = None if body is None else json.dumps(body)
        status, text = self.send(f"/v1/accounts/{self.account}{path}", body, sent)
        if status >= 300:
            raise RuntimeError(f"{path}: {status} {text}")
        return json.loads(text)

    def webhook(self, body, message_id=None, secret=None, inbox=None):
        """A client writes, signed as Standard Webhooks has it."""
        message_id = message_id or f"msg_{uuid.uuid4().hex}"
        at = str(int(time.time()))
        key = base64.b64decode(secret or self.secret)
        mac = hmac.new(key, f"{message_id}.{at}.{body}".encode(), hashlib.sha256).digest()
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
        }
        return self.send(f"/webhooks/{inbox or self.inbox}", body, headers)

    def says(self, client, text):
        """A client writes something new; the status."""
        body = {"type": "message", "id": uuid.uuid4().hex, "from": client, "text": text}
        return self.webhook(json.dumps(body))[0]

    def set_up(self):
        """The first run's command, as the documentation has it, and what the README does with curl."""
        command = ["bash", "infra/first-run", self.stack_name, "Peer Clinic", "Robin", "robin@example.com"]
        said = subprocess.run(command, capture_output=True, text=True, env=self.first_run_environment())
        if said.returncode != 0:
            raise RuntimeError(said.stderr)
        words = dict(line.split(None, 1) for line in said.stdout.splitlines())
        self.account, self.key, self.owner = words["account"], words["key"], words["owner"]
        assign = {"to": {"staff": self.owner}}
        actions = [
            {"id": "human", "scenario": {"human_requested": {}}, "assign": assign, "pause": {"for": {"minutes": 20}}},
            {
                "id": "price",
                "scenario": {"custom": {"name": "Prices", "phrases": ["how much is it"]}},
                "pause": {"for": {"minutes": 1}},
            },
        ]
        self.bot = self.api("/bots", {"name": "Helper", "connector": "faq", "actions": actions})["id"]
        self.inbox = self.api(
            "/inboxes",
            {
                "name": "Website",
                "provider": "generic",
                "channel": "web",
                "bot": self.bot,
                "settings": {"reply_url": REPLIES},
                "secrets": {"signing_secret": f"whsec_{self.secret}"},
            },
        )["id"]

    stack_name = "handover-peer"

    def first_run_environment(self):
        import os

        return dict(os.environ, API_URL=f"{self.api_url}/v1")

    def transcript(self, conversation):
        return self.api(f"/conversations/{conversation}/transcript")["items"]

    def waiting_for_human(self):
        return [row["id"] for row in self.api("/conversations?control=human")["items"]]


def run(peer, told):
    unfinished = [r for r in peer.resources.values() if not r["ResourceStatus"].endswith("_COMPLETE")]
    told.check(f"the stack stands: {unfinished}", not unfinished and len(peer.resources) >= 60)
    peer.set_up()
    a_forger(peer, told)
    conversation = a_client_who_asks_for_a_human(peer, told)
    the_same_call_again(peer, told, conversation)
    somebody_answers(peer, told, conversation)
    a_pause_that_scheduler_ends(peer, told)
    a_short_pause(peer, told)
    two_clients_at_once(peer, told)
    what_cannot_be_read(peer, told)
    the_sweep(peer, told)
    nothing_is_left(peer, told)


def a_forger(peer, told):
    body = '{"type": "message", "id": "1", "from": "forger", "text": "hello"}'
    wrong = base64.b64encode(b"x" * 32).decode()
    told.check("a wrong signature gets 401", peer.webhook(body, secret=wrong)[0] == 401)
    told.check("no signature gets 401", peer.send(f"/webhooks/{peer.inbox}", body)[0] == 401)
    unknown = peer.inbox[:-4] + "aaaa"
    told.check("an unknown inbox gets 404", peer.webhook(body, inbox=unknown)[0] == 404)
    status, _ = peer.send(f"/v1/accounts/{peer.account}/conversations")
    told.check(f"no key gets 401, not {status}", status == 401)


def a_client_who_asks_for_a_human(peer, told):
    peer.first = json.dumps({"type": "message", "id": "first", "from": "visitor-1", "text": "I want to talk to a human"})
    status, _ = peer.webhook(peer.first, "msg_first")
    told.check(f"the webhook is taken, not {status}", status == 200)
    waiting = eventually(peer.waiting_for_human)
    told.check(f"one conversation is with humans: {waiting}", len(waiting) == 1)
    conversation = waiting[0]
    whole = peer.api(f"/conversations/{conversation}")
    told.check(f"because the client asked: {whole['reason']}", whole["reason"] == "human_requested")
    told.check(f"assigned to the owner: {whole['assignee']}", whole["assignee"] == f"staff:{peer.owner}")
    told.check(f"tagged: {whole['tags']}", "human_handover" in whole["tags"])
    tasks = peer.api("/tasks?assignee=staff:" + peer.owner)["items"]
    told.check(f"with a task: {tasks}", [task["conversation"] for task in tasks] == [conversation])
    texts = eventually(lambda: peer.world.texts("visitor-1"))
    told.check(f"the client reads the closing message: {texts}", texts == [CLOSING])
    notes = eventually(lambda: peer.api(f"/staff/{peer.owner}/notifications")["items"])
    told.check(f"the owner is told in the console: {notes}", len(notes) >= 1)
    return conversation


def the_same_call_again(peer, told, conversation):
    before = peer.transcript(conversation)
    status, _ = peer.webhook(peer.first, "msg_first")
    told.check(f"a duplicate is taken, not {status}", status == 200)
    status = peer.says("visitor-1", "my number is 12345")
    lines = eventually(lambda: [l for l in peer.transcript(conversation) if "12345" in json.dumps(l)])
    told.check(f"a message in the pause waits: {status} {lines}", status == 200 and len(lines) == 1)
    after = peer.transcript(conversation)
    told.check("and the duplicate left no trace", len(after) == len(before) + 1)
    texts = peer.world.texts("visitor-1")
    told.check(f"the bot is silent: {texts}", texts == [CLOSING])


def somebody_answers(peer, told, conversation):
    path = f"/conversations/{conversation}"
    peer.api(f"{path}/claim", {"staff": peer.owner}, idempotency_key="claim-1")
    reply = {"staff": peer.owner, "text": "Robin here."}
    first = peer.api(f"{path}/reply", reply, idempotency_key="reply-1")
    again = peer.api(f"{path}/reply", reply, idempotency_key="reply-1")
    told.check(f"a repeated command has one answer: {first} {again}", first == again)
    texts = eventually(lambda: len(peer.world.texts("visitor-1")) >= 2 and peer.world.texts("visitor-1"))
    told.check(f"the answer arrives once: {texts}", texts == [CLOSING, "Robin here."])
    peer.api(f"{path}/hand-back", {"staff": peer.owner})
    whole = peer.api(path)
    told.check(f"the bot has it again: {whole['control']}", whole["control"] == "bot")


def asks(peer, client, text):
    """A new client writes what hands over: the conversation."""
    before = set(peer.waiting_for_human())
    peer.says(client, text)
    return eventually(lambda: set(peer.waiting_for_human()) - before).pop()


def replaced(item, old, new):
    """The item with a number replaced, wherever it stands."""
    if isinstance(item, dict):
        return {k: ({"N": str(new)} if v == {"N": str(old)} else replaced(v, old, new)) for k, v in item.items()}
    if isinstance(item, list):
        return [replaced(v, old, new) for v in item]
    return item


def a_pause_that_scheduler_ends(peer, told):
    """The timer fires twenty minutes from now; nobody waits so long. The record and the schedule are put to
    now, as if time had passed; all else is the stack's own doing."""
    conversation = asks(peer, "visitor-2", "agent please")
    scheduler = peer.client("scheduler")
    group = peer.id("ScheduleGroup").split("/")[-1]

    def of_this_pause():
        listed = scheduler.list_schedules(GroupName=group)["Schedules"]
        names = [schedule["Name"] for schedule in listed if schedule["Name"].startswith("resume-")]
        found = [scheduler.get_schedule(GroupName=group, Name=name) for name in names]
        return [schedule for schedule in found if conversation in schedule["Target"]["Input"]]

    found = eventually(of_this_pause)
    told.check(f"the pause has a schedule: {found}", len(found) == 1)
    schedule = found[0]
    whole = peer.api(f"/conversations/{conversation}")
    due = whole["resumes_at"]
    due_ms = due if isinstance(due, int) else round(_parse(due) * 1000)
    minute = time.strftime("at(%Y-%m-%dT%H:%M:00)", time.gmtime(due_ms // 60_000 * 60))
    at = (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"])
    told.check(f"at the minute when it ends, in UTC: {at}", at == (minute, "UTC"))
    table, key = peer.outputs["TableName"], f"C#{peer.account}#{conversation}"
    dynamodb = peer.client("dynamodb")
    state = dynamodb.get_item(TableName=table, Key={"pk": {"S": key}, "sk": {"S": "HEAD#STATE"}}, ConsistentRead=True)["Item"]
    now_ms = int(time.time() * 1000)
    changed = replaced(state, due_ms, now_ms)
    told.check("the record knows the end of the pause", changed != state)
    dynamodb.put_item(TableName=table, Item=changed)
    wanted = {k: schedule[k] for k in ("Name", "GroupName", "FlexibleTimeWindow", "Target", "ScheduleExpressionTimezone", "ActionAfterCompletion") if k in schedule}
    wanted["ScheduleExpression"] = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 2))
    scheduler.update_schedule(**wanted)
    control = lambda: peer.api(f"/conversations/{conversation}")["epoch"] == 2  # noqa: E731
    told.check("the schedule fires, and the bot has it again", eventually(control))
    ended = peer.api(f"/conversations/{conversation}")["handovers"][-1]
    told.check(f"by its timer: {ended.get('ended')}", ended.get("ended_at") is not None)
    told.check("the schedule is gone", not of_this_pause())


def _parse(text):
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def a_short_pause(peer, told):
    """A minute: below Scheduler's precision, so a delayed message."""
    conversation = asks(peer, "visitor-3", "How much is it?")
    whole = peer.api(f"/conversations/{conversation}")
    told.check(f"the phrase hands over: {whole['reason']}", whole["reason"] == "custom")
    ended = lambda: peer.api(f"/conversations/{conversation}")["epoch"] == 2  # noqa: E731
    told.check("a minute later the bot has it again, by itself", eventually(ended, 100))


def two_clients_at_once(peer, told):
    import concurrent.futures

    clients = [f"crowd-{number}" for number in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        # Each twice, as impatient providers do.
        calls = []
        for client in clients:
            body = json.dumps({"type": "message", "id": f"m-{client}", "from": client, "text": "I need a human"})
            calls += [(body, f"msg_{client}")] * 2
        statuses = list(pool.map(lambda call: peer.webhook(*call)[0], calls))
    told.check(f"a crowd is taken: {statuses}", set(statuses) == {200})
    texts = lambda: [peer.world.texts(client) for client in clients]  # noqa: E731
    eventually(lambda: all(texts()), 60)
    time.sleep(2)
    told.check(f"each has one closing message: {texts()}", texts() == [[CLOSING]] * 8)
    told.check("each has one conversation", len(peer.waiting_for_human()) == 8)


def what_cannot_be_read(peer, told):
    status, _ = peer.webhook('{"type": "message", "id": 7}')
    told.check(f"an authentic call that cannot be read is taken, not {status}", status == 200)
    items = eventually(lambda: peer.api("/quarantine")["items"])
    told.check(f"and put aside: {items}", len(items) == 1)
    notes = lambda: [n for n in peer.api(f"/staff/{peer.owner}/notifications")["items"] if "quarantine" in json.dumps(n)]  # noqa: E731
    told.check("and the admin is told", eventually(notes))


def the_sweep(peer, told):
    """The one schedule of the template's own: every five minutes."""
    logs = peer.client("logs")
    group = peer.id("ResumeLogs")

    def swept():
        try:
            return logs.filter_log_events(logGroupName=group, filterPattern="accounts_swept").get("events")
        except logs.exceptions.ResourceNotFoundException:
            return None

    found = eventually(swept, 330)
    told.check("the sweep has run, and its metric is in the log", found)
    if found:
        line = json.loads(found[-1]["message"][found[-1]["message"].index("{"):])
        told.check(f"in the embedded format: {line}", line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Handover")


def nothing_is_left(peer, told):
    sqs = peer.client("sqs")

    def left():
        depth = {}
        for name in peer.resources:
            if name.endswith(("Queue", "DeadLetters")):
                wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
                have = sqs.get_queue_attributes(QueueUrl=peer.id(name), AttributeNames=wanted)["Attributes"]
                count = sum(int(value) for value in have.values())
                # Timers that are not due wait on their queue.
                if count and name != "TimersQueue":
                    depth[name] = count
        return depth

    told.check(f"nothing is left on the queues: {left()}", eventually(lambda: not left(), 60))
