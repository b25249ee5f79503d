"""Creates the stack of infra/template.yaml: SAM's own translator makes plain CloudFormation of it."""

import io
import json
import subprocess
import zipfile

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

BUCKET = "artifacts"
NAME = "handover-peer"
# What functions are told is their public address; signatures are checked against it.
PUBLIC_URL = "https://handover.example"
PARAMETERS = {
    # The peer knows no CodeDeploy.
    "GradualRollout": "false",
    "PublicUrl": PUBLIC_URL,
    "EmailSender": "no-reply@handover.example",
    "AlarmEmail": "ops@handover.example",
}


class NoPolicies:
    """SAM asks IAM for the ARNs of AWS's own policies."""

    def load(self):
        names = ["service-role/AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess"]
        return {name.split("/")[-1]: f"arn:aws:iam::aws:policy/{name}" for name in names}


def archive(binary):
    """A function's archive: its stripped binary under the name that the runtime starts."""
    stripped = binary.with_name(binary.name + ".stripped")
    subprocess.run(["strip", "-o", stripped, binary], check=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        file.writestr(entry, stripped.read_bytes(), zipfile.ZIP_DEFLATED)
    stripped.unlink()
    return packed.getvalue()


def plain(template, world_url):
    """The template as CloudFormation, for this machine: x86-64, and with the world outside led to us."""
    document = yaml_parse(template.read_text())
    for logical_id, resource in document["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        binary = resource["Metadata"]["BuildProperties"]["Binary"]
        properties = resource["Properties"]
        properties["CodeUri"] = {"Bucket": BUCKET, "Key": f"{binary}.zip"}
        properties["Architectures"] = ["x86_64"]
        properties["Environment"]["Variables"]["WORLD_RECORDER_URL"] = world_url
    defaults = {name: p.get("Default") for name, p in document["Parameters"].items()}
    stack = transform(document, {**defaults, **PARAMETERS}, NoPolicies())
    # The peer knows no alarms on metric math.
    resources = stack["Resources"]
    stack["Resources"] = {name: r for name, r in resources.items() if "Metrics" not in r.get("Properties", {})}
    return stack


def create(client, template, binaries, world_url):
    """Creates the stack and gives its outputs and resources."""
    s3, cloudformation = client("s3"), client("cloudformation")
    s3.create_bucket(Bucket=BUCKET)
    document = plain(template, world_url)
    names = {
        r["Properties"]["Code"]["S3Key"].removesuffix(".zip")
        for r in document["Resources"].values()
        if r["Type"] == "AWS::Lambda::Function"
    }
    for name in sorted(names):
        s3.put_object(Bucket=BUCKET, Key=f"{name}.zip", Body=archive(binaries / name))
    s3.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(document))
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "template.json"})
    cloudformation.create_stack(
        StackName=NAME,
        TemplateURL=url.split("?")[0],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in PARAMETERS.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})
    stack = cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    resources = {}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=NAME):
        for resource in page["StackResourceSummaries"]:
            resources[resource["LogicalResourceId"]] = resource
    return outputs, resources, document
