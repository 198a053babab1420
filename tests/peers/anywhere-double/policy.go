package main

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// policy is a role's trust policy, as far as Roles Anywhere is concerned.
type policy struct {
	Version   string           `json:"Version"`
	Statement many[*statement] `json:"Statement"`
}

type statement struct {
	Sid       string                             `json:"Sid,omitempty"`
	Effect    string                             `json:"Effect"`
	Principal map[string]many[string]            `json:"Principal"`
	Action    many[string]                       `json:"Action"`
	Condition map[string]map[string]many[string] `json:"Condition,omitempty"`
}

// many is one or a list, as everywhere in IAM's policies.
type many[T any] []T

func (m *many[T]) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, (*[]T)(m))
	}
	*m = make(many[T], 1)
	return json.Unmarshal(text, &(*m)[0])
}

// Each says whether a condition's value fits what the request has. One whose key the request has not is false, a
// negative one true.
var operators = map[string]func(wanted, found string) bool{
	"StringEquals":    func(wanted, found string) bool { return wanted == found },
	"StringLike":      like,
	"StringNotEquals": func(wanted, found string) bool { return wanted != found },
	"ArnEquals":       like,
	"ArnLike":         like,
}

func like(wanted, found string) bool {
	// In IAM `*` reaches over slashes, in path.Match it does not.
	flat := strings.NewReplacer("/", "\x00")
	matches, err := path.Match(flat.Replace(wanted), flat.Replace(found))
	return err == nil && matches
}

// check refuses what this double would misjudge.
func (p *policy) check() error {
	for _, statement := range p.Statement {
		for operator := range statement.Condition {
			if operators[operator] == nil {
				return fmt.Errorf("the double does not know the condition %s", operator)
			}
		}
	}
	return nil
}

const principal = "rolesanywhere.amazonaws.com"

// What Roles Anywhere does with a role; a trust policy must allow all three.
var actions = []string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}

// allows is IAM's rule: some statement allows and none denies, each action.
func (p *policy) allows(context map[string]string) bool {
	for _, action := range actions {
		verdict := func(effect string) bool {
			return slices.ContainsFunc(p.Statement, func(s *statement) bool { return s.Effect == effect && s.applies(action, context) })
		}
		if verdict("Deny") || !verdict("Allow") {
			return false
		}
	}
	return true
}

func (s *statement) applies(action string, context map[string]string) bool {
	covers := func(pattern string) bool { return like(strings.ToLower(pattern), strings.ToLower(action)) }
	if !slices.Contains(s.Principal["Service"], principal) || !slices.ContainsFunc(s.Action, covers) {
		return false
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			if !holds(operator, values, context, key) {
				return false
			}
		}
	}
	return true
}

func holds(operator string, values []string, context map[string]string, key string) bool {
	found, is := context[key]
	negative := strings.Contains(operator, "Not")
	if !is {
		return negative
	}
	fits := func(wanted string) bool { return operators[operator](wanted, found) }
	if negative {
		return !slices.ContainsFunc(values, func(wanted string) bool { return !fits(wanted) })
	}
	return slices.ContainsFunc(values, fits)
}
