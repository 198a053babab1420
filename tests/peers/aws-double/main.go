// aws-double stands in for AWS where moto does not go: IAM Roles Anywhere, selectors, limits and faults.
//
//	aws-double STATE.json
//
// It prints its address on standard output and lives until its standard input is closed. It is strict: a call that
// AWS would refuse is refused, one that is signed with another secret than the state's among them, and so is one that AWS
// leaves undefined. GET /calls says what it was asked, GET /bodies in which words, GET
// /needed which permissions that took, POST /policy what callers may do from then on, and POST /strike which call goes wrong. IAM, STS and SSM may stand behind it:
// then it passes on what is signed and permitted.
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// State is what an administrator has put there, and what goes wrong.
type State struct {
	Keys         map[string]Key    `json:"keys"`  // by access key
	Roles        []string          `json:"roles"` // ARNs of roles that may be assumed
	Parameters   []Parameter       `json:"parameters"`
	Policies     map[string]string `json:"policies"` // trust policies of roles, as their authors wrote them, by ARN
	TrustAnchors []Named           `json:"trustAnchors"`
	Profiles     []Named           `json:"profiles"`
	Page         int               `json:"page"` // entries on a page of a list
	Faults       []Fault           `json:"faults"`
	TLS          *KeyPair          `json:"tls"`    // what it listens with, when not in clear
	Behind       string            `json:"behind"` // who answers for IAM, STS and SSM, if it is not the double itself
	Policy       *Policy           `json:"policy"` // what the caller may do; everything without one
	Most         map[string]int    `json:"most"`   // quotas, by kind of resource

	ProfileDetails map[string]json.RawMessage `json:"profileDetails"` // what profiles are beside their names, by ARN
}

// KeyPair is a certificate and its key, both in PEM.
type KeyPair struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
}

// Parameter is one version of one parameter.
type Parameter struct {
	Account string   `json:"account"`
	Region  string   `json:"region"`
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Value   string   `json:"value"`
	Version int      `json:"version"`
	Labels  []string `json:"labels"`
}

// Named is a trust anchor or a profile.
type Named struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Name    string `json:"name"`
	ARN     string `json:"arn"`
	Tags    []Tag  `json:"tags"`

	settings settings // of one that a call has made
}

// Fault is what happens to calls of an action instead of an answer.
type Fault struct {
	Action string `json:"action"`
	Kind   string `json:"kind"`
	Times  int    `json:"times"` // how often; for ever when 0
}

// Call is one request, as it came.
type Call struct {
	Action  string   `json:"action"`
	Account string   `json:"account"`
	Region  string   `json:"region"`
	Names   []string `json:"names,omitempty"`
	Decrypt bool     `json:"decrypt,omitempty"`
	Type    string   `json:"type,omitempty"` // of a parameter that is written
}

// Body is what a request had beside its head.
type Body struct {
	Action string `json:"action"`
	Text   string `json:"text"`
}

// Double answers requests, one at a time.
type Double struct {
	sync.Mutex
	state  State
	calls  []Call
	bodies []Body
	faults map[int]int
	listed map[string]time.Time
	needed map[string]bool
	keyOf  map[string]string // the KMS keys of encrypted parameters, by name
	strike Strike
}

// Strike is the one call that goes wrong, counted from when it was set: before it has an effect, or after it.
type Strike struct {
	Call int    `json:"call"`
	When string `json:"when"`
}

// strikes says when this call goes wrong, if it does.
func (d *Double) strikes() string {
	d.strike.Call--
	if d.strike.Call == 0 {
		return d.strike.When
	}
	return ""
}

// Refusal is an error of the service.
type Refusal struct {
	Status  int
	Code    string
	Message string
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: aws-double STATE.json")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[1])
	if err == nil {
		double := &Double{faults: map[int]int{}, listed: map[string]time.Time{}, needed: map[string]bool{}, keyOf: map[string]string{}}
		if err = json.Unmarshal(text, &double.state); err == nil {
			err = serve(double)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "aws-double:", err)
		os.Exit(1)
	}
}

func serve(double *Double) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	if pair := double.state.TLS; pair != nil {
		certificate, err := tls.X509KeyPair([]byte(pair.Certificate), []byte(pair.Key))
		if err != nil {
			return err
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(listener, double)
}

func (d *Double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if answer := d.administer(r); answer != nil {
		text, _ := json.Marshal(answer)
		// Never in chunks: whoever asks reads to the end.
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	action, service := action(r, body)
	call := Call{Action: action}
	var answer any
	d.Lock()
	when := d.strikes()
	if when == "before" {
		d.Unlock()
		misbehave("reset", w, r)
		return
	}
	refusal := d.authenticate(&call, service, r, body, time.Now())
	isBehind := d.state.Behind != "" && service != "" && service != "rolesanywhere"
	if refusal == nil && isBehind {
		refusal = d.pass(&call, service, body)
	} else if refusal == nil {
		answer, refusal = d.answer(&call, r, body)
	}
	d.calls = append(d.calls, call)
	d.bodies = append(d.bodies, Body{action, string(body)})
	if call.Decrypt {
		action += "WithDecryption"
	}
	fault := d.fault(action)
	d.Unlock()
	if fault != "" && misbehave(fault, w, r) {
		return
	}
	if refusal == nil {
		refusal = refusals[fault]
	}
	if when == "after" {
		if refusal == nil && isBehind {
			d.forward(httptest.NewRecorder(), r, body)
		}
		misbehave("reset", w, r)
		return
	}
	if refusal == nil && isBehind {
		d.forward(w, r, body)
		return
	}
	respond(w, service, answer, refusal)
}

// administer is what tests ask the double itself: what it was asked, which permissions that needed, and, from now on, what
// callers may do. It is nil for calls of services.
func (d *Double) administer(r *http.Request) any {
	d.Lock()
	defer d.Unlock()
	switch r.URL.Path {
	case "/calls":
		return append([]Call{}, d.calls...)
	case "/bodies":
		return append([]Body{}, d.bodies...)
	case "/needed":
		return append([]string{}, slices.Sorted(maps.Keys(d.needed))...)
	case "/strike":
		d.strike = Strike{}
		if err := json.NewDecoder(r.Body).Decode(&d.strike); err != nil {
			return err.Error()
		}
		return true
	case "/policy":
		d.state.Policy, d.needed = &Policy{}, map[string]bool{}
		if err := json.NewDecoder(r.Body).Decode(d.state.Policy); err != nil {
			return err.Error()
		}
		return true
	}
	return nil
}

func action(r *http.Request, body []byte) (action, service string) {
	if target, found := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM."); found {
		return target, "ssm"
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /trustanchors":
		return "ListTrustAnchors", "rolesanywhere"
	case "GET /profiles":
		return "ListProfiles", "rolesanywhere"
	}
	if _, found := profileOf(r.URL.Path); found && r.Method == "GET" {
		return "GetProfile", "rolesanywhere"
	}
	if one, _ := operationOf(r); one.name != "" {
		return one.name, "rolesanywhere"
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		if form.Get("Version") == "2011-06-15" {
			return form.Get("Action"), "sts"
		}
		return form.Get("Action"), "iam"
	}
	return r.Method + " " + r.URL.Path, ""
}

func (d *Double) answer(call *Call, r *http.Request, body []byte) (any, *Refusal) {
	switch call.Action {
	case "GetParameters":
		return d.getParameters(call, body)
	case "ListTrustAnchors":
		return d.list(call, r, "trustAnchors", "trustAnchorArn", d.state.TrustAnchors)
	case "ListProfiles":
		return d.list(call, r, "profiles", "profileArn", d.state.Profiles)
	case "GetProfile":
		id, _ := profileOf(r.URL.Path)
		return d.getProfile(call, id)
	case "AssumeRole":
		return d.assumeRole(call, body)
	case "GetRole":
		return d.getRole(call, r, body)
	}
	if one, id := operationOf(r); one.name != "" {
		return d.write(call, one, id, r, body)
	}
	return nil, &Refusal{400, "UnknownOperationException", ""}
}

func respond(w http.ResponseWriter, service string, answer any, refusal *Refusal) {
	if service == "sts" || service == "iam" {
		respondXML(w, answer, refusal)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if refusal == nil {
		_ = json.NewEncoder(w).Encode(answer)
		return
	}
	w.Header().Set("X-Amzn-Errortype", refusal.Code)
	w.WriteHeader(refusal.Status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": refusal.Code, "message": refusal.Message})
}
