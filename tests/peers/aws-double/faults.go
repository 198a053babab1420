package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// refusals are faults that are errors of the service, in its own words.
var refusals = map[string]*Refusal{
	"throttle": {400, "ThrottlingException", "Rate exceeded"},
	"500":      {500, "InternalServerError", "An error occurred on the server side."},
	"503":      {503, "ServiceUnavailable", ""},
	"denied": {400, "AccessDeniedException",
		"User: arn:aws:iam::111122223333:user/ci is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:eu-central-1:111122223333:parameter/x because no identity-based policy allows the ssm:GetParameters action"},
	"denied-list": {403, "AccessDeniedException",
		"User: arn:aws:iam::111122223333:user/ci is not authorized to perform: rolesanywhere:ListProfiles on resource: *"},
	"denied-role": {403, "AccessDenied",
		"User: arn:aws:iam::111122223333:user/ci is not authorized to perform: iam:GetRole on resource: role app because no identity-based policy allows the iam:GetRole action"},
	"kms": {400, "AccessDeniedException",
		"The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."},
	"expired": {400, "ExpiredTokenException", "The security token included in the request is expired"},
	"clock": {403, "InvalidSignatureException",
		"Signature expired: 20200101T000000Z is now earlier than 20200101T000500Z (20200101T001000Z - 5 min.)"},
}

// fault is the one that this call meets; a GetParameters that decrypts is an action of its own.
func (d *Double) fault(action string) string {
	for index, fault := range d.state.Faults {
		if fault.Action == action && (fault.Times == 0 || d.faults[index] < fault.Times) {
			d.faults[index]++
			return fault.Kind
		}
	}
	return ""
}

// misbehave does what is no answer of the service at all.
func misbehave(kind string, w http.ResponseWriter, r *http.Request) bool {
	switch kind {
	case "slow":
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	case "reset":
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = connection.(*net.TCPConn).SetLinger(0)
			connection.Close()
		}
	case "half":
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, `{"Parameters":[{"Name":`)
	case "429", "429-later":
		if kind == "429-later" {
			w.Header().Set("Retry-After", "1")
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{}`)
	case "429-text", "429-tomorrow":
		if kind == "429-tomorrow" {
			w.Header().Set("Retry-After", "86400")
		}
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, "slow down")
	case "503-html":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "<html>The gateway is down for maintenance</html>")
	case "text":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, "no JSON at all")
	case "huge":
		// As long as somebody reads, up to more than there is memory.
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		part := []byte(strings.Repeat(`{"Name":"x"},`, 5000))
		fmt.Fprint(w, `{"Parameters":[`)
		for written := 0; written < 64<<30; written += len(part) {
			if _, err := w.Write(part); err != nil {
				break
			}
		}
	case "html":
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>Please sign in to the guest network</html>")
	default:
		return false
	}
	return true
}
