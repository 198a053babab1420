package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// oneOrMore is a text or a list of texts, as policies have them.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// Policy is what the caller may do; without one, everything.
type Policy struct {
	Version   string
	Statement []struct {
		Effect    string
		Action    oneOrMore
		Resource  oneOrMore
		Condition map[string]map[string]oneOrMore
	}
}

// allows says whether the caller may do this to that, where the keys have these values.
func (p *Policy) allows(action, resource string, keys map[string]string) bool {
	if p == nil {
		return true
	}
	for _, statement := range p.Statement {
		if statement.Effect != "Allow" || !slices.Contains(statement.Action, action) {
			continue
		}
		fits := slices.ContainsFunc(statement.Resource, func(pattern string) bool { return matches(pattern, resource) })
		for operator, wanted := range statement.Condition {
			for key, values := range wanted {
				known := operator == "StringEquals" || operator == "ArnEquals"
				fits = fits && known && slices.Contains(values, keys[key])
			}
		}
		if fits {
			return true
		}
	}
	return false
}

// matches is a pattern of ARNs, whose stars also stand for slashes.
func matches(pattern, resource string) bool {
	plain := func(text string) string { return strings.ReplaceAll(text, "/", "\x01") }
	fits, _ := path.Match(plain(pattern), plain(resource))
	return fits
}

// demand refuses what the policy does not allow, and remembers what was needed.
func (d *Double) demand(call *Call, action, resource string, keys map[string]string) *Refusal {
	d.needed[action] = true
	if d.state.Policy.allows(action, resource, keys) {
		return nil
	}
	message := fmt.Sprintf("User: arn:aws:iam::%s:user/ci is not authorized to perform: %s on resource: %s", call.Account, action, resource)
	return &Refusal{403, "AccessDeniedException", message}
}

// permit is what a call of IAM Roles Anywhere needs: itself, tags for what is new, and roles to be passed.
func (d *Double) permit(call *Call, name, arn string, tags, newTags []Tag, roles []string) *Refusal {
	keys := map[string]string{}
	for _, tag := range tags {
		keys["aws:ResourceTag/"+tag.Key] = tag.Value
	}
	for _, tag := range newTags {
		keys["aws:RequestTag/"+tag.Key] = tag.Value
	}
	if refusal := d.demand(call, "rolesanywhere:"+name, arn, keys); refusal != nil {
		return refusal
	}
	if len(newTags) > 0 {
		if refusal := d.demand(call, "rolesanywhere:TagResource", arn, keys); refusal != nil {
			return refusal
		}
	}
	passed := map[string]string{"iam:PassedToService": "rolesanywhere.amazonaws.com"}
	for _, role := range roles {
		if refusal := d.demand(call, "iam:PassRole", role, passed); refusal != nil {
			return refusal
		}
	}
	return nil
}

// throttle is the quota of one call a second of each kind, for an account in a region.
func (d *Double) throttle(call *Call, kind string) *Refusal {
	quota := kind + call.Account + call.Region
	if last := d.listed[quota]; time.Since(last) < time.Second {
		return &Refusal{429, "ThrottlingException", "Rate exceeded"}
	}
	d.listed[quota] = time.Now()
	return nil
}

// pass is a call of IAM, STS or SSM that is permitted here and answered by whoever stands behind the double.
func (d *Double) pass(call *Call, service string, body []byte) *Refusal {
	if service == "ssm" {
		return d.permitSSM(call, body)
	}
	form, _ := url.ParseQuery(string(body))
	if service == "sts" {
		return nil
	}
	role := form.Get("RoleName")
	resource := fmt.Sprintf("arn:aws:iam::%s:role/%s", call.Account, role)
	keys := map[string]string{"iam:PolicyARN": form.Get("PolicyArn")}
	call.Names = []string{role}
	needed := []string{"iam:" + call.Action}
	for at := 1; form.Get(fmt.Sprintf("Tags.member.%d.Key", at)) != ""; at++ {
		keys["aws:RequestTag/"+form.Get(fmt.Sprintf("Tags.member.%d.Key", at))] = form.Get(fmt.Sprintf("Tags.member.%d.Value", at))
	}
	if form.Get("Tags.member.1.Key") != "" {
		needed = append(needed, "iam:TagRole")
	}
	for _, action := range needed {
		if refusal := d.demand(call, action, resource, keys); refusal != nil {
			return &Refusal{403, "AccessDenied", refusal.Message}
		}
	}
	return nil
}

func (d *Double) permitSSM(call *Call, body []byte) *Refusal {
	var given struct {
		Name, Type, Value, Tier, KeyId string
		ResourceId                     string // of calls about tags: a parameter's name
		Names                          []string
		WithDecryption                 bool
		Tags                           []any
	}
	_ = json.Unmarshal(body, &given)
	call.Names, call.Decrypt, call.Type = given.Names, given.WithDecryption, given.Type
	for _, name := range []string{given.Name, given.ResourceId} {
		if name != "" {
			call.Names = append(call.Names, name)
		}
	}
	needed := []string{"ssm:" + call.Action}
	if len(given.Tags) > 0 {
		needed = append(needed, "ssm:AddTagsToResource")
	}
	names := call.Names
	if len(names) == 0 {
		names = []string{"/*"}
	}
	for _, action := range needed {
		for _, name := range names {
			resource := fmt.Sprintf("arn:aws:ssm:%s:%s:parameter%s", call.Region, call.Account, name)
			if refusal := d.demand(call, action, resource, nil); refusal != nil {
				return &Refusal{400, "AccessDeniedException", refusal.Message}
			}
		}
	}
	if call.Action == "PutParameter" {
		if refusal := checkValue(given.Value, given.Tier); refusal != nil {
			return refusal
		}
	}
	return d.permitKMS(call, given.KeyId, len(given.Value) > standard)
}

// standard is the most characters of a value in the standard tier, and advanced that of the advanced one.
const standard, advanced = 4096, 8192

// checkValue is what Parameter Store says of the size of a value, and moto does not.
func checkValue(value, tier string) *Refusal {
	switch {
	case len(value) > advanced:
		return invalid("Parameter values are at most 8 KB")
	case len(value) > standard && tier != "Advanced":
		return invalid("Standard tier parameters support a maximum parameter value of 4096 characters")
	}
	return nil
}

// permitKMS is what a customer's key demands: https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
// The key of the account for parameters is for whoever may use parameters.
func (d *Double) permitKMS(call *Call, key string, isAdvanced bool) *Refusal {
	need := ""
	switch {
	case call.Decrypt:
		for _, name := range call.Names {
			if known := d.keyOf[name]; known != "" {
				key, need = known, "kms:Decrypt"
			}
		}
	case call.Type == "SecureString" && key != "":
		d.keyOf[call.Names[0]] = key
		need = "kms:Encrypt"
		if isAdvanced {
			need = "kms:GenerateDataKey"
		}
	}
	if need == "" {
		return nil
	}
	if refusal := d.demand(call, need, key, nil); refusal != nil {
		return &Refusal{400, "AccessDeniedException", refusal.Message}
	}
	return nil
}

// forward asks whoever stands behind the double, and gives the answer as it is.
func (d *Double) forward(w http.ResponseWriter, r *http.Request, body []byte) {
	request, err := http.NewRequest(r.Method, d.state.Behind+r.URL.RequestURI(), strings.NewReader(string(body)))
	if err == nil {
		request.Header = r.Header.Clone()
		var response *http.Response
		if response, err = http.DefaultClient.Do(request); err == nil {
			defer response.Body.Close()
			for name, values := range response.Header {
				w.Header()[name] = values
			}
			w.WriteHeader(response.StatusCode)
			_, _ = io.Copy(w, response.Body)
			return
		}
	}
	http.Error(w, err.Error(), http.StatusBadGateway)
}
