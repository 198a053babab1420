package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key is what somebody signs with, by the name of its access key.
type Key struct {
	Account string `json:"account"`
	Secret  string `json:"secret"`
	token   string // a temporary key goes with it, and no other key with any
}

// How far a signature's time may be from ours.
const maxSkew = 5 * time.Minute

// How X-Amz-Date is written.
const stamp = "20060102T150405Z"

var authorization = regexp.MustCompile(
	`^AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/(\d{8})/([a-z0-9-]+)/([a-z]+)/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$`)

// authenticate finds out whose call it is and where it is meant to go, by Signature Version 4 over the request as it came.
func (d *Double) authenticate(call *Call, service string, r *http.Request, body []byte, now time.Time) *Refusal {
	incomplete := func(why string) *Refusal { return refuse(service, "IncompleteSignatureException", why) }
	invalid := func(why string) *Refusal { return refuse(service, "InvalidSignatureException", why) }
	parts := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	at := r.Header.Get("X-Amz-Date")
	signed, err := time.Parse(stamp, at)
	if parts == nil || err != nil {
		return incomplete("the request is not signed as Signature Version 4 asks for")
	}
	id, day, region, names, signature := parts[1], parts[2], parts[3], strings.Split(parts[5], ";"), parts[6]
	if why := notSigned(r, names); why != "" {
		return incomplete(why)
	}
	key, known := d.state.Keys[id]
	if !known || r.Header.Get("X-Amz-Security-Token") != key.token {
		return refuse(service, "UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	if day != at[:8] {
		return invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
			"'" + day + "' != '" + at[:8] + "', from '" + at + "'.")
	}
	if parts[4] != service {
		return invalid("Credential should be scoped to correct service: '" + service + "'.")
	}
	if why := notNow(signed, now); why != "" {
		return invalid(why)
	}
	scope := strings.Join([]string{day, region, service, "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", at, scope, hashOf([]byte(canonical(r, names, body)))}, "\n")
	if !hmac.Equal([]byte(signature), []byte(sign(key.Secret, scope, text))) {
		return invalid("The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	call.Account, call.Region = key.Account, region
	return nil
}

// notSigned says which header could be altered on the way, although it must not be.
func notSigned(r *http.Request, names []string) string {
	needed := []string{"host", "x-amz-date"}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") {
			needed = append(needed, name)
		}
	}
	for _, name := range needed {
		if !slices.Contains(names, name) {
			return "the header " + name + " is not signed"
		}
	}
	if !slices.IsSorted(names) {
		return "SignedHeaders are not sorted"
	}
	return ""
}

// notNow says that the signer's clock is not ours.
func notNow(signed, now time.Time) string {
	earliest, latest := now.Add(-maxSkew), now.Add(maxSkew)
	at := func(time time.Time) string { return time.UTC().Format(stamp) }
	switch {
	case signed.Before(earliest):
		return fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 5 min.)", at(signed), at(earliest), at(now))
	case signed.After(latest):
		return fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 5 min.)", at(signed), at(latest), at(now))
	}
	return ""
}

// sign derives the key of one day, region and service from the secret, and signs the text with it.
func sign(secret, scope, text string) string {
	key := []byte("AWS4" + secret)
	for _, part := range append(strings.Split(scope, "/"), text) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
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
	lines := []string{
		r.Method, canonicalPath(r.URL.EscapedPath()), canonicalQuery(r.URL.Query()), headers, strings.Join(names, ";"), hashOf(body),
	}
	return strings.Join(lines, "\n")
}

// canonicalPath is what came, without detours, encoded once more: so do all services but S3.
func canonicalPath(sent string) string {
	clean := path.Clean("/" + sent)
	if strings.HasSuffix(sent, "/") && clean != "/" {
		clean += "/"
	}
	return strings.ReplaceAll(encoded(clean), "%2F", "/")
}

func canonicalQuery(query url.Values) string {
	pairs := []string{}
	for name, values := range query {
		for _, value := range values {
			// By name, then by value: a space comes before everything that is in either.
			pairs = append(pairs, encoded(name)+" "+encoded(value))
		}
	}
	slices.Sort(pairs)
	return strings.ReplaceAll(strings.Join(pairs, "&"), " ", "=")
}

func encoded(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

func hashOf(bytes []byte) string {
	sum := sha256.Sum256(bytes)
	return hex.EncodeToString(sum[:])
}

// What STS and IAM call the refusals that other services have by these names.
var namesOfSTS = map[string]string{
	"IncompleteSignatureException": "IncompleteSignature",
	"InvalidSignatureException":    "SignatureDoesNotMatch",
	"UnrecognizedClientException":  "InvalidClientTokenId",
}

// refuse is a refusal before the service itself is asked, with the status and the name of its protocol.
func refuse(service, code, message string) *Refusal {
	switch service {
	case "ssm":
		return &Refusal{400, code, message}
	case "sts", "iam":
		return &Refusal{403, namesOfSTS[code], message}
	}
	return &Refusal{403, code, message}
}
