package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What Parameter Store's documentation says of names.
var (
	name     = regexp.MustCompile(`^(arn:aws:ssm:[a-z0-9-]+:\d{12}:parameter)?(/[A-Za-z0-9_.-]+){1,15}$`)
	reserved = regexp.MustCompile(`(?i)^/(aws|ssm)`)
)

func (d *Double) getParameters(call *Call, body []byte) (any, *Refusal) {
	var request struct {
		Names          []string
		WithDecryption bool
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, &Refusal{400, "SerializationException", err.Error()}
	}
	call.Names, call.Decrypt = request.Names, request.WithDecryption
	if len(request.Names) < 1 || len(request.Names) > 10 {
		return nil, &Refusal{400, "ValidationException", "Member must have length less than or equal to 10"}
	}
	found, invalid, seen := []map[string]any{}, []string{}, map[string]bool{}
	for _, asked := range request.Names {
		bare, selector := split(asked)
		if !name.MatchString(bare) || reserved.MatchString(bare) || len(bare) > 1011 {
			return nil, &Refusal{400, "ValidationException", "Parameter name: can't be prefixed with \"ssm\", and has to be complete: " + asked}
		}
		plain := bare[strings.Index(bare, "/"):]
		if seen[plain] {
			return nil, &Refusal{400, "ValidationException", "duplicate name in one call: " + asked}
		}
		seen[plain] = true
		parameter := d.find(call, bare, plain, selector)
		if parameter == nil {
			invalid = append(invalid, asked)
			continue
		}
		found = append(found, describe(parameter, selector, request.WithDecryption))
	}
	// Not in the order that was asked for.
	slices.SortFunc(found, func(a, b map[string]any) int { return strings.Compare(a["Name"].(string), b["Name"].(string)) })
	return map[string]any{"Parameters": found, "InvalidParameters": invalid}, nil
}

// split takes a version or label off a name or ARN.
func split(asked string) (bare, selector string) {
	slash := strings.Index(asked, "/")
	if colon := strings.LastIndex(asked, ":"); colon > slash {
		return asked[:colon], asked[colon:]
	}
	return asked, ""
}

func (d *Double) find(call *Call, bare, plain, selector string) *Parameter {
	account := call.Account
	if parts := strings.Split(bare, ":"); len(parts) > 4 {
		account = parts[4]
	}
	var newest *Parameter
	for index := range d.state.Parameters {
		one := &d.state.Parameters[index]
		if one.Account != account || one.Region != call.Region || one.Name != plain {
			continue
		}
		if selector != "" && selector != ":"+strconv.Itoa(one.Version) && !slices.Contains(one.Labels, selector[1:]) {
			continue
		}
		if newest == nil || one.Version > newest.Version {
			newest = one
		}
	}
	return newest
}

func describe(one *Parameter, selector string, decrypt bool) map[string]any {
	value := one.Value
	if one.Type == "SecureString" && !decrypt {
		value = "AQICAHh0ciphertext"
	}
	arn := fmt.Sprintf("arn:aws:ssm:%s:%s:parameter%s", one.Region, one.Account, one.Name)
	described := map[string]any{
		"Name": one.Name, "Type": one.Type, "Value": value, "Version": one.Version, "ARN": arn, "DataType": "text",
	}
	if selector != "" {
		described["Selector"] = selector
	}
	return described
}

// list has its quota: one call a second, of each kind, for an account in a region.
func (d *Double) list(call *Call, r *http.Request, field, arn string, all []Named) (any, *Refusal) {
	kind := map[string]string{"trustAnchors": "trust-anchor", "profiles": "profile"}[field]
	if refusal := d.demand(call, "rolesanywhere:"+call.Action, "*", nil); refusal != nil {
		return nil, refusal
	}
	if refusal := d.throttle(call, kind); refusal != nil {
		return nil, refusal
	}
	mine := []map[string]any{}
	for _, one := range all {
		if one.Account == call.Account && one.Region == call.Region {
			mine = append(mine, detail(arn, one))
		}
	}
	start, _ := strconv.Atoi(r.URL.Query().Get("nextToken"))
	end := len(mine)
	if d.state.Page > 0 {
		end = min(end, start+d.state.Page)
	}
	page := map[string]any{field: mine[start:end]}
	if end < len(mine) {
		page["nextToken"] = strconv.Itoa(end)
	}
	return page, nil
}

// assumed is a temporary key of a role.
type assumed struct{ id, secret, token string }

// assumeRole gives credentials of the role's account, each time others.
func (d *Double) assumeRole(call *Call, body []byte) (any, *Refusal) {
	form, err := url.ParseQuery(string(body))
	role := form.Get("RoleArn")
	if err != nil || !slices.Contains(d.state.Roles, role) {
		message := fmt.Sprintf("User: arn:aws:iam::%s:user/ci is not authorized to perform: sts:AssumeRole on resource: %s", call.Account, role)
		return nil, &Refusal{403, "AccessDenied", message}
	}
	call.Names = []string{role}
	given := assumed{"ASIA" + rand.Text()[:16], rand.Text(), rand.Text()}
	d.state.Keys[given.id] = Key{strings.Split(role, ":")[4], given.secret, given.token}
	return given, nil
}

// roleName is what IAM's API reference says of names of roles.
var roleName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)

// role is an answer of GetRole.
type role struct{ arn, name, policy string }

// getRole answers for the roles of the caller's account. IAM has one region in each partition.
func (d *Double) getRole(call *Call, r *http.Request, body []byte) (any, *Refusal) {
	form, err := url.ParseQuery(string(body))
	name := form.Get("RoleName")
	call.Names = []string{name}
	if err != nil || r.Method != "POST" || r.URL.Path != "/" || form.Get("Version") != "2010-05-08" || len(form) != 3 {
		return nil, &Refusal{400, "InvalidAction", "Could not find operation GetRole for version " + form.Get("Version")}
	}
	if call.Region != "us-east-1" {
		return nil, &Refusal{403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region."}
	}
	if !roleName.MatchString(name) {
		return nil, &Refusal{400, "ValidationError", "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"}
	}
	for arn, policy := range d.state.Policies {
		if strings.HasPrefix(arn, "arn:aws:iam::"+call.Account+":role/") && arn[strings.LastIndex(arn, "/")+1:] == name {
			return role{arn, name, policy}, nil
		}
	}
	return nil, &Refusal{404, "NoSuchEntity", "The role with name " + name + " cannot be found."}
}

// respondRole encodes the policy by RFC 3986, as IAM does.
func respondRole(w http.ResponseWriter, one role) {
	fmt.Fprintf(w, `<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/</Path><RoleName>%s</RoleName><RoleId>AROAIOSFODNN7EXAMPLE</RoleId><Arn>%s</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%s</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></Role></GetRoleResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></GetRoleResponse>`, one.name, one.arn, encoded(one.policy))
}

func respondXML(w http.ResponseWriter, answer any, refusal *Refusal) {
	w.Header().Set("Content-Type", "text/xml")
	if refusal != nil {
		w.WriteHeader(refusal.Status)
		fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>0</RequestId></ErrorResponse>`, refusal.Code, refusal.Message)
		return
	}
	if one, is := answer.(role); is {
		respondRole(w, one)
		return
	}
	given := answer.(assumed)
	fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></AssumeRoleResponse>`, given.id, given.secret, given.token)
}
