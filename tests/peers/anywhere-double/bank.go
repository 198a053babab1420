package main

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bank hands out credentials: those of an STS, which then knows whose they are, or made-up ones.
type bank struct {
	sts         string
	secondsLeft int
}

type credentials struct {
	AccessKeyID     string `json:"accessKeyId" xml:"AccessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SessionToken    string `json:"sessionToken"`
	Expiration      string `json:"expiration" xml:"-"`
}

type assumedRole struct {
	Arn           string `json:"arn"`
	AssumedRoleID string `json:"assumedRoleId" xml:"AssumedRoleId"`
}

func (b bank) credentials(record *seen, identity string, tags map[string]string, now time.Time) (any, *refusal) {
	user, keys := assumedRole{}, credentials{}
	var err error
	if b.sts == "" {
		user, keys = madeUp(record)
	} else if user, keys, err = b.assumeRole(record, identity, tags); err != nil {
		return nil, &refusal{500, "InternalServerException", err.Error()}
	}
	lives := record.GrantedDuration
	if b.secondsLeft > 0 {
		lives = b.secondsLeft
	}
	keys.Expiration = now.Add(time.Duration(lives) * time.Second).UTC().Format("2006-01-02T15:04:05Z")
	account := strings.Split(record.RoleArn, ":")[4]
	region := strings.Split(record.TrustAnchorArn, ":")[3]
	return map[string]any{
		"credentialSet": []any{map[string]any{
			"assumedRoleUser": user, "credentials": keys, "packedPolicySize": 10,
			"roleArn": record.RoleArn, "sourceIdentity": identity,
		}},
		"subjectArn": fmt.Sprintf("arn:aws:rolesanywhere:%s:%s:subject/00000000-0000-0000-0000-000000000001", region, account),
	}, nil
}

func madeUp(record *seen) (assumedRole, credentials) {
	account := strings.Split(record.RoleArn, ":")[4]
	arn := fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", account, lastPart(record.RoleArn), record.SessionName)
	return assumedRole{arn, "AROADOUBLE:" + record.SessionName},
		credentials{"ASIA" + rand.Text()[:16], rand.Text(), rand.Text(), ""}
}

// assumeRole is what Roles Anywhere does behind the scenes.
func (b bank) assumeRole(record *seen, identity string, tags map[string]string) (user assumedRole, keys credentials, err error) {
	form := url.Values{
		"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {record.RoleArn}, "RoleSessionName": {record.SessionName},
		"DurationSeconds": {strconv.Itoa(record.GrantedDuration)}, "SourceIdentity": {identity},
	}
	names := make([]string, 0, len(tags))
	for name := range tags {
		names = append(names, name)
	}
	slices.Sort(names)
	for n, name := range names {
		member := fmt.Sprintf("Tags.member.%d.", n+1)
		form.Set(member+"Key", name)
		form.Set(member+"Value", tags[name])
	}
	request, err := http.NewRequest(http.MethodPost, b.sts, strings.NewReader(form.Encode()))
	if err != nil {
		return user, keys, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// moto finds the service and the account by these, and checks no signature.
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=double/20200101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return user, keys, err
	}
	defer response.Body.Close()
	var answer struct {
		Credentials     credentials `xml:"AssumeRoleResult>Credentials"`
		AssumedRoleUser assumedRole `xml:"AssumeRoleResult>AssumedRoleUser"`
	}
	if err := xml.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Credentials.AccessKeyID == "" {
		return user, keys, fmt.Errorf("the STS answered %s", response.Status)
	}
	return answer.AssumedRoleUser, answer.Credentials, nil
}
