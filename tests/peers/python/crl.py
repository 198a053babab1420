"""A CRL as cryptography reads it: whether the CA has signed it, and what it says."""

import json
import sys

from cryptography import x509

with open(sys.argv[1], "rb") as file:
    authority = x509.load_pem_x509_certificate(file.read())
crl = x509.load_pem_x509_crl(sys.stdin.buffer.read())
identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
print(json.dumps({
    "signed": crl.is_signature_valid(authority.public_key()),
    "issuer": crl.issuer == authority.subject,
    "key": crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == identifier.digest,
    "number": crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number,
    "days": (crl.next_update_utc - crl.last_update_utc).days,
    "serials": [format(revoked.serial_number, "x") for revoked in crl],
}))
