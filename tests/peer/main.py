"""Starts the peer, creates the stack, lets the stories happen, and says how many held."""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
import stack
import stories
from world import World

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent


def free_port():
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


def start(directory):
    """ministack, on this machine alone; its address and process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = dict(
        os.environ,
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        PERSIST_STATE="0",
        TMPDIR=directory,
        # What functions are told.
        AWS_ENDPOINT_URL=url,
    )
    log = open(pathlib.Path(directory) / "ministack.log", "w")
    process = subprocess.Popen([sys.executable, HERE / "server.py"], env=environment, stdout=log, stderr=log)
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/_ministack/health", timeout=1).read()
            return url, process
        except OSError:
            if process.poll() is not None:
                sys.exit(f"ministack did not start:\n{open(log.name).read()}")
            time.sleep(0.1)
    sys.exit("ministack does not answer")


def main():
    binaries = pathlib.Path(sys.argv[1])
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
    with tempfile.TemporaryDirectory() as directory:
        url, process = start(directory)
        os.environ["AWS_ENDPOINT_URL"] = url
        resources = {}
        try:
            client = lambda service: boto3.client(service, endpoint_url=url)  # noqa: E731
            world = World()
            outputs, resources, document = stack.create(client, ROOT / "infra/template.yaml", binaries, world.url)
            told = stories.Told()
            stories.run(stories.Peer(url, client, world, outputs, resources, document), told)
            told.check("the store's contract", contract_tests(client, resources, url) == 0)
        except Exception:
            print(open(pathlib.Path(directory) / "ministack.log").read()[-4000:], file=sys.stderr)
            print(warnings(client, resources), file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait(20)
    print(f"{told.passed} passed, {told.failed} failed")
    sys.exit(0 if told.failed == 0 and told.passed >= 38 else 1)


def warnings(client, resources):
    """What the functions complain about."""
    complaints = []
    for name, resource in resources.items():
        if resource["ResourceType"] == "AWS::Logs::LogGroup":
            found = client("logs").filter_log_events(logGroupName=resource["PhysicalResourceId"])
            lines = [event["message"].strip() for event in found["events"]]
            complaints += [f"{name}: {line}" for line in lines if '"INFO"' not in line]
    return "\n".join(complaints[-20:])


def contract_tests(client, resources, url):
    """The store's contract tests on this table and these queues: with the console's environment."""
    name = resources["ConsoleFunction"]["PhysicalResourceId"]
    environment = client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    environment |= {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with tempfile.NamedTemporaryFile("w", suffix=".env") as file:
        file.writelines(f"{name}={value}\n" for name, value in environment.items())
        file.flush()
        run = subprocess.run([os.environ["CONTRACT_TESTS"], "contract::", "--test-threads=2"], env=dict(os.environ, CONTRACT_ENVIRONMENT=file.name))
    return run.returncode


if __name__ == "__main__":
    main()
