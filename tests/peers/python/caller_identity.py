"""Who boto3 is, with the credentials that its environment leads to."""

import boto3

print(boto3.client("sts").get_caller_identity()["Arn"])
