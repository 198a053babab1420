package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How far a signature's time may be from ours.
const maxSkew = 5 * time.Minute

// checkSignature is SigV4-X509: `<algorithm> Credential=<serial in decimal>/<day>/<region>/rolesanywhere/aws4_request,
// SignedHeaders=…, Signature=<hex>` over the request as it came.
func checkSignature(r *http.Request, body []byte, leaf *x509.Certificate, region string, now time.Time) *refusal {
	invalid := func(why string) *refusal { return &refusal{403, "InvalidSignatureException", why} }
	algorithm, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[key] = value
	}
	at := r.Header.Get("X-Amz-Date")
	signed, err := time.Parse("20060102T150405Z", at)
	if err != nil {
		return invalid("X-Amz-Date is not a time")
	}
	if difference := now.Sub(signed); difference > maxSkew || difference < -maxSkew {
		return invalid("Signature expired: " + at + " is not within 5 minutes of " + now.UTC().Format("20060102T150405Z"))
	}
	scope := at[:8] + "/" + region + "/rolesanywhere/aws4_request"
	if fields["Credential"] != leaf.SerialNumber.String()+"/"+scope {
		return invalid("Credential should be the certificate's serial number and the scope " + scope)
	}
	names := strings.Split(fields["SignedHeaders"], ";")
	for _, name := range []string{"host", "x-amz-date", "x-amz-x509", "x-amz-x509-chain"} {
		if (name == "host" || r.Header.Get(name) != "") && !slices.Contains(names, name) {
			return invalid("the header " + name + " is not signed")
		}
	}
	if !slices.IsSorted(names) {
		return invalid("SignedHeaders are not sorted")
	}
	signature, err := hex.DecodeString(fields["Signature"])
	if err != nil {
		return invalid("Signature is not hexadecimal")
	}
	text := strings.Join([]string{algorithm, at, scope, hashOf([]byte(canonical(r, names, body)))}, "\n")
	digest := sha256.Sum256([]byte(text))
	good := false
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		good = algorithm == "AWS4-X509-RSA-SHA256" && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	case *ecdsa.PublicKey:
		good = algorithm == "AWS4-X509-ECDSA-SHA256" && ecdsa.VerifyASN1(key, digest[:], signature)
	}
	if !good {
		return invalid("The request signature we calculated does not match the signature you provided")
	}
	return nil
}

// canonical is the request as the signer must have seen it.
func canonical(r *http.Request, names []string, body []byte) string {
	headers := ""
	for _, name := range names {
		values := slices.Clone(r.Header.Values(name))
		switch name {
		case "host":
			values = []string{r.Host}
		case "content-length":
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		}
		for n, value := range values {
			values[n] = strings.Join(strings.Fields(value), " ")
		}
		headers += name + ":" + strings.Join(values, ",") + "\n"
	}
	path := r.URL.EscapedPath()
	return strings.Join([]string{r.Method, path, canonicalQuery(r.URL.Query()), headers, strings.Join(names, ";"), hashOf(body)}, "\n")
}

func canonicalQuery(query url.Values) string {
	return strings.ReplaceAll(query.Encode(), "+", "%20") // Encode sorts by key
}

func hashOf(bytes []byte) string {
	sum := sha256.Sum256(bytes)
	return hex.EncodeToString(sum[:])
}
