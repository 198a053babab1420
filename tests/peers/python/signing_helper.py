"""Stands where aws_signing_helper does, and is judged by what AWS has at that moment: asks the control plane for its trust
anchors, profiles and roles, starts IAM Roles Anywhere on them, and has it asked for a session by AWS's helper, if
AWS_SIGNING_HELPER says where that is, or by its independent twin.

AWS_ENDPOINT_URL is the control plane, AWS_ENDPOINT_URL_STS an STS, ANYWHERE_DOUBLE the program of the data plane.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
from botocore.config import Config


def world(region):
    """What exists in AWS, as the data plane reads it."""
    # Lists have a quota of one call a second.
    patient = Config(retries={"mode": "standard", "total_max_attempts": 10})
    anywhere = boto3.client("rolesanywhere", region_name=region, config=patient)
    iam = boto3.client("iam", region_name="us-east-1", config=patient)
    anchors = [only(it, "trustAnchorArn", "name", "enabled", "source")
               for page in anywhere.get_paginator("list_trust_anchors").paginate() for it in page["trustAnchors"]]
    profiles = [only(it, "profileArn", "name", "enabled", "roleArns", "durationSeconds", "acceptRoleSessionName")
                for page in anywhere.get_paginator("list_profiles").paginate() for it in page["profiles"]]
    names = [it["RoleName"] for page in iam.get_paginator("list_roles").paginate() for it in page["Roles"]]
    roles = []
    for found in (iam.get_role(RoleName=name)["Role"] for name in names):
        roles.append({"arn": found["Arn"], "maxSessionDuration": found["MaxSessionDuration"],
                      "assumeRolePolicyDocument": found["AssumeRolePolicyDocument"]})
    return {"trustAnchors": anchors, "profiles": profiles, "roles": roles}


def only(found, *fields):
    return {field: found[field] for field in fields}


def main(arguments):
    region = arguments[arguments.index("--trust-anchor-arn") + 1].split(":")[3]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "world.json")
        file.write_text(json.dumps(world(region)))
        double = [os.environ["ANYWHERE_DOUBLE"], "-world", str(file), "-sts", os.environ["AWS_ENDPOINT_URL_STS"]]
        # It ends when its standard input does, which is when this process does.
        with subprocess.Popen(double, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
            ready = json.loads(running.stdout.readline())
            helper = os.environ.get("AWS_SIGNING_HELPER")
            twin = [sys.executable, str(Path(__file__).with_name("anywhere_session.py"))]
            ended = subprocess.run([helper, *arguments] if helper else twin + arguments, check=False, env={
                "PATH": os.environ["PATH"],
                "AWS_ENDPOINT_URL_ROLESANYWHERE": ready["http"],
                "ANYWHERE_ENDPOINT": ready["https"].removeprefix("https://"),
                "ANYWHERE_CA": ready["ca"],
                "ANYWHERE_PRINTS": "credentials",
                "AWS_ENDPOINT_URL_STS": os.environ["AWS_ENDPOINT_URL_STS"],
            })
            running.stdin.close()
    return ended.returncode


sys.exit(main(sys.argv[1:]))
