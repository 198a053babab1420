package main

import (
	"encoding/json"
	"maps"
	"strings"
)

// profileOf is the id in the path of a call for one profile.
func profileOf(path string) (id string, found bool) {
	return strings.CutPrefix(path, "/profile/")
}

// getProfile answers with what the state says of a profile beside its ARN, in AWS's shape.
// https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_GetProfile.html
func (d *Double) getProfile(call *Call, id string) (any, *Refusal) {
	arn := "arn:aws:rolesanywhere:" + call.Region + ":" + call.Account + ":profile/" + id
	call.Names = []string{arn}
	if refusal := d.demand(call, "rolesanywhere:GetProfile", arn, nil); refusal != nil {
		return nil, refusal
	}
	details, found := d.state.ProfileDetails[arn]
	if !found {
		for _, made := range d.state.Profiles {
			if made.ARN == arn {
				return map[string]any{"profile": detail("profileArn", made)}, nil
			}
		}
		return nil, &Refusal{404, "ResourceNotFoundException", "Profile not found"}
	}
	profile := map[string]any{"profileId": id, "profileArn": arn, "enabled": true}
	var said map[string]any
	if json.Unmarshal(details, &said) == nil {
		maps.Copy(profile, said)
	}
	return map[string]any{"profile": profile}, nil
}
