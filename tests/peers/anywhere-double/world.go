package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
)

// world is what exists in AWS, in the shapes of GetTrustAnchor, GetProfile and IAM's GetRole.
type world struct {
	TrustAnchors []trustAnchor `json:"trustAnchors"`
	Profiles     []profile     `json:"profiles"`
	Roles        []role        `json:"roles"`
	// How many calls of CreateSession are throttled before the first is looked at.
	Throttle int `json:"throttle"`
	// How many seconds the credentials say that they have left, so that a test need not wait for them to age; what was
	// granted when zero.
	SecondsLeft int `json:"secondsLeft"`
	// What a proxy or a broken service does in place of an answer: "hang", "garbage", "empty" credentials, or "page".
	Fault string `json:"fault"`
	// How many seconds the service's clock is ahead of this machine's.
	Ahead int `json:"ahead"`
	// What throttled calls are told to wait, in seconds.
	RetryAfter int `json:"retryAfter"`
}

type trustAnchor struct {
	TrustAnchorID  string `json:"trustAnchorId"`
	TrustAnchorArn string `json:"trustAnchorArn"`
	Name           string `json:"name"`
	Enabled        bool   `json:"enabled"`
	Source         struct {
		SourceType string `json:"sourceType"`
		SourceData struct {
			X509CertificateData string `json:"x509CertificateData"`
		} `json:"sourceData"`
	} `json:"source"`

	certificates []*x509.Certificate
}

type profile struct {
	ProfileID             string    `json:"profileId"`
	ProfileArn            string    `json:"profileArn"`
	Name                  string    `json:"name"`
	Enabled               bool      `json:"enabled"`
	RoleArns              []string  `json:"roleArns"`
	DurationSeconds       int       `json:"durationSeconds"`
	AcceptRoleSessionName bool      `json:"acceptRoleSessionName"`
	AttributeMappings     []mapping `json:"attributeMappings,omitempty"`
}

type mapping struct {
	CertificateField string `json:"certificateField"`
	MappingRules     []struct {
		Specifier string `json:"specifier"`
	} `json:"mappingRules"`
}

type role struct {
	Arn                      string `json:"arn"`
	MaxSessionDuration       int    `json:"maxSessionDuration"`
	AssumeRolePolicyDocument policy `json:"assumeRolePolicyDocument"`
}

// readWorld refuses what AWS would not have let anybody create.
func readWorld(file string) (*world, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parseWorld(file, text)
}

func parseWorld(file string, text []byte) (*world, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	world := &world{}
	if err := decoder.Decode(world); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for n := range world.TrustAnchors {
		anchor := &world.TrustAnchors[n]
		anchor.TrustAnchorID = lastPart(anchor.TrustAnchorArn)
		if err := anchor.read(); err != nil {
			return nil, fmt.Errorf("%s: %w", anchor.TrustAnchorArn, err)
		}
	}
	for n := range world.Profiles {
		profile := &world.Profiles[n]
		profile.ProfileID = lastPart(profile.ProfileArn)
		if profile.DurationSeconds < 900 || profile.DurationSeconds > 43200 {
			return nil, fmt.Errorf("%s: durationSeconds is not between 900 and 43200", profile.ProfileArn)
		}
	}
	for _, role := range world.Roles {
		if role.MaxSessionDuration < 3600 || role.MaxSessionDuration > 43200 {
			return nil, fmt.Errorf("%s: maxSessionDuration is not between 3600 and 43200", role.Arn)
		}
		if err := role.AssumeRolePolicyDocument.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", role.Arn, err)
		}
	}
	return world, nil
}

// read accepts at most two CA certificates.
func (anchor *trustAnchor) read() error {
	rest := []byte(anchor.Source.SourceData.X509CertificateData)
	for block, after := pem.Decode(rest); block != nil; block, after = pem.Decode(after) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		if !certificate.IsCA || certificate.KeyUsage&x509.KeyUsageCertSign == 0 || isWeak(certificate) {
			return fmt.Errorf("%s cannot be a trust anchor", certificate.Subject)
		}
		anchor.certificates = append(anchor.certificates, certificate)
	}
	if count := len(anchor.certificates); count < 1 || count > 2 {
		return fmt.Errorf("it has %d certificates, not one or two", count)
	}
	return nil
}

func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func find[T any](all []T, is func(*T) bool) *T {
	for n := range all {
		if is(&all[n]) {
			return &all[n]
		}
	}
	return nil
}
