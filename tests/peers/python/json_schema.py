"""Reads {"schema": ..., "documents": [...]} and prints, for each document, where jsonschema finds it invalid, or null."""

import json
import sys

from jsonschema import Draft202012Validator

given = json.load(sys.stdin)
Draft202012Validator.check_schema(given["schema"])
validator = Draft202012Validator(given["schema"])
found = []
for document in given["documents"]:
    error = next(iter(validator.iter_errors(document)), None)
    found.append(None if error is None else error.json_path)
json.dump(found, sys.stdout)
