"""Prints the access key of the credentials that boto3 finds by itself."""

import sys

import boto3

found = boto3.Session().get_credentials()
if found is None:
    sys.exit("no credentials")
print(found.get_frozen_credentials().access_key)
