"""An independent signer in the place of AWS's credential helper: takes its arguments, asks for a session, and prints who
the credentials say that they are.

ANYWHERE_ENDPOINT is host and port of Roles Anywhere, ANYWHERE_CA the file of its server certificate, AWS_ENDPOINT_URL_STS
an STS. With ANYWHERE_PRINTS=credentials, it prints the credentials instead, as the helper's `credential-process` does.
"""

import argparse
import json
import os
import sys

from iam_rolesanywhere_session import IAMRolesAnywhereSession

parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("command", choices=["serve", "update", "credential-process"])
for flag in ("certificate", "private-key", "trust-anchor-arn", "profile-arn", "role-arn"):
    parser.add_argument("--" + flag, required=True)
parser.add_argument("--intermediates")
parser.add_argument("--role-session-name")
parser.add_argument("--region")
parser.add_argument("--session-duration", type=int, default=3600)
# What says how credentials reach the application means nothing here.
for flag in ("port", "hop-limit", "profile", "endpoint"):
    parser.add_argument("--" + flag)
for flag in ("once", "with-proxy", "debug"):
    parser.add_argument("--" + flag, action="store_true")
args = parser.parse_args()

session = IAMRolesAnywhereSession(
    profile_arn=args.profile_arn,
    role_arn=args.role_arn,
    trust_anchor_arn=args.trust_anchor_arn,
    certificate=args.certificate,
    private_key=args.private_key,
    certificate_chain=args.intermediates,
    session_duration=args.session_duration,
    role_session_name=args.role_session_name,
    region=args.region or args.trust_anchor_arn.split(":")[3],
    endpoint=os.environ["ANYWHERE_ENDPOINT"],
    verify=os.environ["ANYWHERE_CA"],
)
try:
    if os.environ.get("ANYWHERE_PRINTS") == "credentials":
        given = session.get_refreshable_credentials()
        keys = given.get_frozen_credentials()
        print(json.dumps({"Version": 1, "AccessKeyId": keys.access_key, "SecretAccessKey": keys.secret_key,
                          "SessionToken": keys.token, "Expiration": given._expiry_time.isoformat()}))
        sys.exit()
    print(session.get_session().client("sts").get_caller_identity()["Arn"])
except Exception as error:  # one line says why; a traceback says no more
    sys.exit(f"{type(error).__name__}: {error}")
