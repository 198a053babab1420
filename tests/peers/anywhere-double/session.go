package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// service answers as IAM Roles Anywhere and remembers what it was asked.
type service struct {
	world *world
	bank  bank

	lock      sync.Mutex
	throttled int
	seen      []*seen
}

// seen is one call of CreateSession, and how it ended.
type seen struct {
	request
	Layout          string `json:"layout"` // where the ARNs were: "query" or "body"
	Algorithm       string `json:"algorithm"`
	Serial          string `json:"serial,omitempty"` // hexadecimal
	Subject         string `json:"subject,omitempty"`
	Status          int    `json:"status"`
	Refused         string `json:"refused,omitempty"`
	SessionName     string `json:"sessionName,omitempty"`
	GrantedDuration int    `json:"grantedDuration,omitempty"`
}

type request struct {
	TrustAnchorArn  string `json:"trustAnchorArn"`
	ProfileArn      string `json:"profileArn"`
	RoleArn         string `json:"roleArn"`
	DurationSeconds int    `json:"durationSeconds,omitempty"`
	RoleSessionName string `json:"roleSessionName,omitempty"`
}

// refusal is an error in the shape of the service's model.
type refusal struct {
	status  int
	kind    string
	message string
}

func denied(message string) *refusal   { return &refusal{403, "AccessDeniedException", message} }
func wrong(message string) *refusal    { return &refusal{400, "ValidationException", message} }
func notFound(message string) *refusal { return &refusal{404, "ResourceNotFoundException", message} }

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sessions", s.createSession)
	mux.HandleFunc("GET /trustanchor/{id}", func(w http.ResponseWriter, r *http.Request) {
		anchor := find(s.world.TrustAnchors, func(a *trustAnchor) bool { return a.TrustAnchorID == r.PathValue("id") })
		get(w, r, "trustAnchor", anchor, anchor != nil)
	})
	mux.HandleFunc("GET /profile/{id}", func(w http.ResponseWriter, r *http.Request) {
		profile := find(s.world.Profiles, func(p *profile) bool { return p.ProfileID == r.PathValue("id") })
		get(w, r, "profile", profile, profile != nil)
	})
	// The world changes while somebody is served.
	mux.HandleFunc("PUT /world", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err == nil {
			var next *world
			if next, err = parseWorld("PUT /world", text); err == nil {
				s.lock.Lock()
				defer s.lock.Unlock()
				s.world, s.throttled, s.bank.secondsLeft = next, next.Throttle, next.SecondsLeft
				return
			}
		}
		http.Error(w, err.Error(), 400)
	})
	mux.HandleFunc("GET /seen", func(w http.ResponseWriter, _ *http.Request) {
		s.lock.Lock()
		defer s.lock.Unlock()
		answer(w, 200, s.seen)
	})
	return mux
}

func (s *service) createSession(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock() // one after the other: what is seen has an order
	record := &seen{}
	s.seen = append(s.seen, record)
	if fault := s.world.Fault; fault != "" {
		s.lock.Unlock()
		breakDown(w, r, fault)
		return
	}
	defer s.lock.Unlock()
	created, refused := s.decide(r, record, time.Now().Add(time.Duration(s.world.Ahead)*time.Second))
	if refused != nil && refused.status == 429 && s.world.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(s.world.RetryAfter))
	}
	if refused != nil {
		record.Status, record.Refused = refused.status, refused.kind+": "+refused.message
		w.Header().Set("X-Amzn-ErrorType", refused.kind)
		answer(w, refused.status, map[string]string{"message": refused.message})
		return
	}
	record.Status = http.StatusCreated
	answer(w, record.Status, created)
}

// breakDown is what happens in place of an answer.
func breakDown(w http.ResponseWriter, r *http.Request, fault string) {
	w.Header().Set("Content-Type", "application/json")
	switch fault {
	case "hang":
		_, _ = io.Copy(io.Discard, r.Body) // or the server does not notice that the client has gone
		<-r.Context().Done()
	case "page":
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>Sign in</html>")
	case "empty":
		w.WriteHeader(201)
		fmt.Fprint(w, `{"credentialSet":[{"assumedRoleUser":{"arn":"arn:aws:sts::111122223333:assumed-role/a/b"},`+
			`"credentials":{"accessKeyId":"","secretAccessKey":"","sessionToken":"","expiration":"2099-01-01T00:00:00Z"}}]}`)
	default:
		w.WriteHeader(201)
		fmt.Fprint(w, `{"credentialSet":[{"cred`)
	}
}

var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

func (s *service) decide(r *http.Request, record *seen, now time.Time) (any, *refusal) {
	if s.throttled > 0 {
		s.throttled--
		return nil, &refusal{429, "ThrottlingException", "Rate exceeded"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, wrong("the body cannot be read")
	}
	if refused := record.read(r, body); refused != nil {
		return nil, refused
	}
	leaf, chain, err := presented(r.Header)
	if err != nil {
		return nil, wrong("X-Amz-X509 or X-Amz-X509-Chain is not a certificate in base64")
	}
	record.Serial, record.Subject = serialHex(leaf), leaf.Subject.String()
	if record.DurationSeconds != 0 && (record.DurationSeconds < 900 || record.DurationSeconds > 43200) {
		return nil, wrong(fmt.Sprintf("1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: "+
			"Member must be between 900 and 43200", record.DurationSeconds))
	}
	anchor := find(s.world.TrustAnchors, func(a *trustAnchor) bool { return a.TrustAnchorArn == record.TrustAnchorArn })
	profile := find(s.world.Profiles, func(p *profile) bool { return p.ProfileArn == record.ProfileArn })
	role := find(s.world.Roles, func(r *role) bool { return r.Arn == record.RoleArn })
	if anchor == nil {
		return nil, notFound("Trust anchor not found: " + record.TrustAnchorArn)
	}
	if profile == nil {
		return nil, notFound("Profile not found: " + record.ProfileArn)
	}
	arn := strings.Split(record.TrustAnchorArn, ":")
	region, account := arn[3], arn[4]
	if refused := checkSignature(r, body, leaf, region, now); refused != nil {
		return nil, refused
	}
	if !anchor.Enabled {
		return nil, denied("Trust anchor is disabled")
	}
	if refused := checkCertificate(leaf, chain, anchor, now); refused != nil {
		return nil, refused
	}
	if !profile.Enabled {
		return nil, denied("Profile is disabled")
	}
	if !slices.Contains(profile.RoleArns, record.RoleArn) {
		return nil, denied("Role is not allowed by the profile: " + record.RoleArn)
	}
	record.SessionName = record.Serial
	if record.RoleSessionName != "" {
		if !profile.AcceptRoleSessionName {
			return nil, denied("Not authorized to set roleSessionName.")
		}
		if !sessionName.MatchString(record.RoleSessionName) {
			return nil, wrong("roleSessionName does not match [\\w+=,.@-]{2,64}")
		}
		record.SessionName = record.RoleSessionName
	}
	tags := tags(leaf, profile.AttributeMappings)
	context := map[string]string{"aws:SourceArn": record.TrustAnchorArn, "aws:SourceAccount": account}
	for key, value := range tags {
		context["aws:PrincipalTag/"+key] = value
	}
	if role == nil || !role.AssumeRolePolicyDocument.allows(context) {
		return nil, denied("Unable to assume role for " + record.RoleArn)
	}
	duration := profile.DurationSeconds
	if record.DurationSeconds != 0 {
		duration = min(duration, record.DurationSeconds)
	}
	if duration > role.MaxSessionDuration {
		return nil, wrong("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	record.GrantedDuration = duration
	return s.bank.credentials(record, sourceIdentity(leaf), tags, now)
}

// read takes the ARNs from the query, where AWS's helper writes them, or from the body, where others do.
func (s *seen) read(r *http.Request, body []byte) *refusal {
	s.Algorithm, _, _ = strings.Cut(r.Header.Get("Authorization"), " ")
	if err := json.Unmarshal(body, &s.request); err != nil {
		return &refusal{400, "SerializationException", "the body is not JSON of CreateSession"}
	}
	query := r.URL.Query()
	s.Layout = "body"
	for key, field := range map[string]*string{
		"trustAnchorArn": &s.TrustAnchorArn, "profileArn": &s.ProfileArn, "roleArn": &s.RoleArn,
	} {
		if value := query.Get(key); value != "" {
			s.Layout, *field = "query", value
		}
		if *field == "" {
			return wrong("Value at '" + key + "' failed to satisfy constraint: Member must not be null")
		}
	}
	return nil
}

// get answers for one object to whoever has signed with the credentials of an account; which, is not checked.
func get(w http.ResponseWriter, r *http.Request, name string, object any, is bool) {
	refused := notFound(name + " not found")
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=") {
		refused = denied("Missing Authentication Token")
	} else if is {
		answer(w, 200, map[string]any{name: object})
		return
	}
	w.Header().Set("X-Amzn-ErrorType", refused.kind)
	answer(w, refused.status, map[string]string{"message": refused.message})
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
