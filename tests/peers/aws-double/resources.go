package main

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// What the service's model says of names, ARNs and tags.
var (
	resourceName = regexp.MustCompile(`^[ a-zA-Z0-9-_]{1,255}$`)
	roleARN      = regexp.MustCompile(`^arn:aws(-[^:]+)?:iam(:.*){2}(:role.*)$`)
	tagKey       = regexp.MustCompile(`^[ a-zA-Z0-9_.:/=+@-]{1,128}$`)
	tagValue     = regexp.MustCompile(`^[ a-zA-Z0-9_.:/=+@-]{0,256}$`)
)

// Tag is one of a resource.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type source struct {
	SourceType string `json:"sourceType"`
	SourceData struct {
		X509CertificateData string `json:"x509CertificateData,omitempty"`
		AcmPcaArn           string `json:"acmPcaArn,omitempty"`
	} `json:"sourceData"`
}

type notification struct {
	Enabled   *bool  `json:"enabled"`
	Event     string `json:"event"`
	Threshold *int   `json:"threshold,omitempty"`
	Channel   string `json:"channel,omitempty"`
}

// settings are the fields of all calls that write; each call may have only some of them.
type settings struct {
	Name                  string         `json:"name,omitempty"`
	Source                *source        `json:"source,omitempty"`
	Enabled               *bool          `json:"enabled,omitempty"`
	NotificationSettings  []notification `json:"notificationSettings,omitempty"`
	RoleArns              []string       `json:"roleArns,omitempty"`
	DurationSeconds       *int           `json:"durationSeconds,omitempty"`
	AcceptRoleSessionName *bool          `json:"acceptRoleSessionName,omitempty"`
	Tags                  []Tag          `json:"tags,omitempty"`
	ResourceArn           string         `json:"resourceArn,omitempty"`
}

// operation is a call of IAM Roles Anywhere: its name, which quota it counts for, and which fields it has.
type operation struct {
	name, kind string
	fields     []string
}

var operations = map[string]operation{
	"POST /trustanchors":        {"CreateTrustAnchor", "trust-anchor", []string{"name", "source", "enabled", "notificationSettings", "tags"}},
	"GET /trustanchor/":         {"GetTrustAnchor", "trust-anchor", nil},
	"PATCH /trustanchor/":       {"UpdateTrustAnchor", "trust-anchor", []string{"name", "source"}},
	"POST /trustanchor//enable": {"EnableTrustAnchor", "trust-anchor", nil},
	"DELETE /trustanchor/":      {"DeleteTrustAnchor", "trust-anchor", nil},
	"POST /profiles":            {"CreateProfile", "profile", []string{"name", "roleArns", "durationSeconds", "enabled", "acceptRoleSessionName", "tags"}},
	"PATCH /profile/":           {"UpdateProfile", "profile", []string{"name", "roleArns", "durationSeconds", "acceptRoleSessionName"}},
	"POST /profile//enable":     {"EnableProfile", "profile", nil},
	"DELETE /profile/":          {"DeleteProfile", "profile", nil},
	"GET /ListTagsForResource":  {"ListTagsForResource", "tag", nil},
	"POST /TagResource":         {"TagResource", "tag", []string{"resourceArn", "tags"}},
}

// operationOf finds the operation of a request, and the id in its path.
func operationOf(r *http.Request) (operation, string) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	id := ""
	if len(parts) > 1 {
		id, parts[1] = parts[1], ""
	}
	return operations[r.Method+" /"+strings.Join(parts, "/")], id
}

func invalid(format string, arguments ...any) *Refusal {
	return &Refusal{400, "ValidationException", fmt.Sprintf(format, arguments...)}
}

// write is a call that changes trust anchors or profiles, or asks for tags.
func (d *Double) write(call *Call, one operation, id string, r *http.Request, body []byte) (any, *Refusal) {
	var given settings
	if len(body) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&given); err != nil {
			return nil, invalid("%v", err)
		}
		present := map[string]json.RawMessage{}
		_ = json.Unmarshal(body, &present)
		for field := range present {
			if !slices.Contains(one.fields, field) {
				return nil, invalid("%s has no field %s", one.name, field)
			}
		}
	}
	all := &d.state.TrustAnchors
	if one.kind == "profile" {
		all = &d.state.Profiles
	}
	arn := func(id string) string {
		return fmt.Sprintf("arn:aws:rolesanywhere:%s:%s:%s/%s", call.Region, call.Account, one.kind, id)
	}
	if one.kind == "tag" {
		return d.tag(call, one, r, given)
	}
	if refusal := given.check(one); refusal != nil {
		return nil, refusal
	}
	if strings.HasPrefix(one.name, "Create") {
		made := Named{Account: call.Account, Region: call.Region, Name: given.Name, ARN: arn(uuid()), Tags: given.Tags, settings: given}
		call.Names = []string{made.ARN}
		if refusal := d.permit(call, one.name, made.ARN, nil, given.Tags, given.RoleArns); refusal != nil {
			return nil, refusal
		}
		if refusal := d.throttle(call, one.kind); refusal != nil {
			return nil, refusal
		}
		if most := d.most(one.kind); len(*all) >= most {
			return nil, invalid("you cannot have more than %d of %s", most, one.kind)
		}
		*all = append(*all, made)
		return described(one.kind, made), nil
	}
	call.Names = []string{arn(id)}
	index := slices.IndexFunc(*all, func(it Named) bool { return it.ARN == arn(id) })
	tags := []Tag{}
	if index >= 0 {
		tags = (*all)[index].Tags
	}
	if refusal := d.permit(call, one.name, arn(id), tags, nil, given.RoleArns); refusal != nil {
		return nil, refusal
	}
	if refusal := d.throttle(call, one.kind); refusal != nil {
		return nil, refusal
	}
	if index < 0 {
		return nil, &Refusal{404, "ResourceNotFoundException", "Resource not found: " + arn(id)}
	}
	found := (*all)[index]
	switch {
	case strings.HasPrefix(one.name, "Get"):
	case strings.HasPrefix(one.name, "Delete"):
		*all = slices.Delete(*all, index, index+1)
	case strings.HasPrefix(one.name, "Enable"):
		yes := true
		(*all)[index].settings.Enabled = &yes
	default:
		(*all)[index].settings.change(given)
	}
	return described(one.kind, found), nil
}

func (d *Double) tag(call *Call, one operation, r *http.Request, given settings) (any, *Refusal) {
	arn := given.ResourceArn
	if one.name == "ListTagsForResource" {
		arn = r.URL.Query().Get("resourceArn")
	}
	call.Names = []string{arn}
	if refusal := d.permit(call, one.name, arn, nil, given.Tags, nil); refusal != nil {
		return nil, refusal
	}
	if refusal := d.throttle(call, one.kind); refusal != nil {
		return nil, refusal
	}
	for _, all := range [][]Named{d.state.TrustAnchors, d.state.Profiles} {
		for index := range all {
			if all[index].ARN != arn {
				continue
			}
			if one.name == "TagResource" {
				all[index].Tags = append(all[index].Tags, given.Tags...)
				return map[string]any{}, nil
			}
			return map[string]any{"tags": all[index].Tags}, nil
		}
	}
	return nil, &Refusal{404, "ResourceNotFoundException", "Resource not found: " + arn}
}

// check is what the model, the quotas and the service say of the fields of a call.
func (s *settings) check(one operation) *Refusal {
	isNew := strings.HasPrefix(one.name, "Create")
	if s.Name != "" && !resourceName.MatchString(s.Name) || isNew && s.Name == "" {
		return invalid("the name %q does not satisfy the pattern", s.Name)
	}
	if len(s.Tags) > 200 {
		return invalid("too many tags")
	}
	for _, tag := range s.Tags {
		if !tagKey.MatchString(tag.Key) || !tagValue.MatchString(tag.Value) {
			return invalid("the tag %q does not satisfy the pattern", tag.Key)
		}
	}
	if one.kind == "trust-anchor" && (isNew || s.Source != nil) {
		if refusal := s.checkSource(); refusal != nil {
			return refusal
		}
	}
	for _, it := range s.NotificationSettings {
		isEvent := it.Event == "CA_CERTIFICATE_EXPIRY" || it.Event == "END_ENTITY_CERTIFICATE_EXPIRY"
		if !isEvent || it.Enabled == nil || it.Channel != "" && it.Channel != "ALL" {
			return invalid("a notification setting is incomplete")
		}
		if *it.Enabled && (it.Threshold == nil || *it.Threshold < 1 || *it.Threshold > 360) {
			return invalid("threshold is not between 1 and 360")
		}
	}
	if one.name == "CreateProfile" && s.RoleArns == nil || len(s.RoleArns) > 250 {
		return invalid("%d roles", len(s.RoleArns))
	}
	for _, arn := range s.RoleArns {
		if !roleARN.MatchString(arn) || len(arn) > 1011 {
			return invalid("%q is not the ARN of a role", arn)
		}
	}
	if s.DurationSeconds != nil && (*s.DurationSeconds < 900 || *s.DurationSeconds > 43200) {
		return invalid("durationSeconds is not between 900 and 43200")
	}
	return nil
}

func (s *settings) checkSource() *Refusal {
	if s.Source == nil {
		return invalid("source is missing")
	}
	data := s.Source.SourceData
	switch s.Source.SourceType {
	case "AWS_ACM_PCA":
		if !strings.HasPrefix(data.AcmPcaArn, "arn:aws:acm-pca:") || data.X509CertificateData != "" {
			return invalid("sourceData is not the ARN of a private CA")
		}
		return nil
	case "CERTIFICATE_BUNDLE":
	default:
		return invalid("sourceType is %q", s.Source.SourceType)
	}
	if length := len(data.X509CertificateData); length < 1 || length > 16000 {
		return invalid("x509CertificateData has %d characters", length)
	}
	count, rest := 0, []byte(data.X509CertificateData)
	for block, after := pem.Decode(rest); block != nil; block, after = pem.Decode(after) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" || !certificate.IsCA || certificate.KeyUsage&x509.KeyUsageCertSign == 0 {
			return invalid("Incorrect basic constraints for CA certificate")
		}
		count++
	}
	if count < 1 || count > 2 {
		return invalid("a trust anchor has one or two certificates, not %d", count)
	}
	return nil
}

// change lays what is given over what is there.
func (s *settings) change(given settings) {
	if given.Source != nil {
		s.Source = given.Source
	}
	if given.RoleArns != nil {
		s.RoleArns = given.RoleArns
	}
	if given.DurationSeconds != nil {
		s.DurationSeconds = given.DurationSeconds
	}
	if given.AcceptRoleSessionName != nil {
		s.AcceptRoleSessionName = given.AcceptRoleSessionName
	}
}

// described is a trust anchor or a profile as answers have it.
func described(kind string, one Named) map[string]any {
	if kind == "profile" {
		return map[string]any{"profile": detail("profileArn", one)}
	}
	return map[string]any{"trustAnchor": detail("trustAnchorArn", one)}
}

func detail(arn string, one Named) map[string]any {
	given := one.settings
	all := map[string]any{"name": one.Name, arn: one.ARN, strings.TrimSuffix(arn, "Arn") + "Id": one.ARN[strings.LastIndex(one.ARN, "/")+1:]}
	// One that a test's author has put there is enabled; one that a call has made is so only if the call said it.
	all["enabled"] = given.Name == "" || given.Enabled != nil && *given.Enabled
	if given.Source != nil {
		all["source"] = given.Source
	}
	if arn == "profileArn" {
		all["roleArns"] = given.RoleArns
		all["durationSeconds"] = 3600
		if given.DurationSeconds != nil {
			all["durationSeconds"] = *given.DurationSeconds
		}
		all["acceptRoleSessionName"] = given.AcceptRoleSessionName != nil && *given.AcceptRoleSessionName
	}
	return all
}

func uuid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// most is the quota of a kind.
func (d *Double) most(kind string) int {
	if most, is := d.state.Most[kind]; is {
		return most
	}
	return map[string]int{"trust-anchor": 50, "profile": 250}[kind]
}
