package main

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The longest path from a leaf to its anchor.
const maxDepth = 5

// presented is the certificate of the request's headers and the chain behind it.
func presented(header http.Header) (leaf *x509.Certificate, chain []*x509.Certificate, err error) {
	if leaf, err = readOne(header.Get("X-Amz-X509")); err != nil {
		return nil, nil, err
	}
	if text := header.Get("X-Amz-X509-Chain"); text != "" {
		for part := range strings.SplitSeq(text, ",") {
			one, err := readOne(part)
			if err != nil {
				return nil, nil, err
			}
			chain = append(chain, one)
		}
	}
	return leaf, chain, nil
}

func readOne(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// checkCertificate is the trust model of the user guide: an end entity of version 3 with digitalSignature, alive, with
// a chain of strong signatures to the anchor.
func checkCertificate(leaf *x509.Certificate, chain []*x509.Certificate, anchor *trustAnchor, now time.Time) *refusal {
	if now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return denied("Certificate has expired or is not yet valid")
	}
	if leaf.Version != 3 || leaf.IsCA || leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 || isWeak(leaf) {
		return denied("Untrusted certificate. Insufficient certificate")
	}
	if len(leaf.Subject.Names) == 0 {
		return denied("Untrusted certificate. The subject is empty")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, certificate := range anchor.certificates {
		roots.AddCert(certificate)
	}
	for _, certificate := range chain {
		between.AddCert(certificate)
	}
	options := x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	paths, err := leaf.Verify(options)
	fits := func(path []*x509.Certificate) bool {
		return len(path) <= maxDepth && !slices.ContainsFunc(path, isWeak)
	}
	if err != nil || !slices.ContainsFunc(paths, fits) {
		return denied("Untrusted signing certificate")
	}
	return nil
}

func isWeak(certificate *x509.Certificate) bool {
	strong := []x509.SignatureAlgorithm{
		x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS,
		x509.SHA512WithRSAPSS, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512,
	}
	return !slices.Contains(strong, certificate.SignatureAlgorithm)
}

// STS takes no other character in the value of a session tag; Roles Anywhere drops a tag whose value has one.
var tagValue = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$`)

// tags are the session tags that a profile maps from the certificate: x509Subject/CN, x509SAN/URI, …
func tags(leaf *x509.Certificate, mappings []mapping) map[string]string {
	found := map[string]string{}
	add := func(field, specifier, value string) {
		if tagValue.MatchString(value) && maps(mappings, field, specifier) {
			found[field+"/"+specifier] = value
		}
	}
	for field, name := range map[string]pkix.Name{"x509Subject": leaf.Subject, "x509Issuer": leaf.Issuer} {
		values := map[string][]string{}
		for _, attribute := range name.Names {
			key := attributeName(attribute.Type)
			values[key] = append(values[key], fmt.Sprint(attribute.Value))
		}
		for key, all := range values {
			add(field, key, strings.Join(all, "/"))
		}
	}
	// The first of each kind.
	if len(leaf.DNSNames) > 0 {
		add("x509SAN", "DNS", leaf.DNSNames[0])
	}
	if len(leaf.URIs) > 0 {
		add("x509SAN", "URI", leaf.URIs[0].String())
	}
	return found
}

func attributeName(oid asn1.ObjectIdentifier) string {
	names := map[string]string{
		"2.5.4.3": "CN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU",
	}
	if name, known := names[oid.String()]; known {
		return name
	}
	return oid.String()
}

func maps(mappings []mapping, field, specifier string) bool {
	if mappings == nil {
		return true // the default of a new profile
	}
	return slices.ContainsFunc(mappings, func(m mapping) bool {
		if m.CertificateField != field {
			return false
		}
		for _, rule := range m.MappingRules {
			if rule.Specifier == "*" || rule.Specifier == specifier {
				return true
			}
		}
		return false
	})
}

// sourceIdentity is what CloudTrail shows: the common name, or the serial number without one.
func sourceIdentity(leaf *x509.Certificate) string {
	switch name := leaf.Subject.CommonName; {
	case name == "":
		return "ID=" + serialHex(leaf)
	case len(name) > 61:
		return name
	default:
		return "CN=" + name
	}
}

func serialHex(leaf *x509.Certificate) string { return fmt.Sprintf("%x", leaf.SerialNumber.Bytes()) }
