package access

import "encoding/json"

// merged applies a JSON merge patch (RFC 7396): members that are given replace, null takes
// away, objects are merged member by member.
func merged(target, patch json.RawMessage) (json.RawMessage, error) {
	var change map[string]json.RawMessage
	if len(patch) == 0 || patch[0] != '{' {
		return patch, nil
	}
	if err := json.Unmarshal(patch, &change); err != nil {
		return nil, err
	}
	into := map[string]json.RawMessage{}
	if len(target) > 0 && target[0] == '{' {
		if err := json.Unmarshal(target, &into); err != nil {
			return nil, err
		}
	}
	for name, value := range change {
		if string(value) == "null" {
			delete(into, name)
			continue
		}
		inner, err := merged(into[name], value)
		if err != nil {
			return nil, err
		}
		into[name] = inner
	}
	return json.Marshal(into)
}
