package notify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/paymux/paymux"
)

// bodyMost is what Standard Webhooks recommends to stay below ("smaller than 20kb"). Only metadata
// makes an event larger: fifty entries in characters that take six bytes each are 160 kB.
const bodyMost = 20_000

// bodyOf is what is sent of an event: its own bytes, or, where they are too many, a reduced form, the same for
// every attempt. The whole event is at data.full.
func bodyOf(e *paymux.Event) ([]byte, error) {
	if len(e.Body) < bodyMost {
		return e.Body, nil
	}
	body, err := reduce(e)
	if err != nil {
		return nil, fmt.Errorf("reduce event %s, which has %d bytes: %w", e.ID, len(e.Body), err)
	}
	return body, nil
}

// reduced is an event without the largest members of its object.
type reduced struct {
	ID         json.RawMessage `json:"id"`
	Type       json.RawMessage `json:"type"`
	Timestamp  json.RawMessage `json:"timestamp"`
	APIVersion json.RawMessage `json:"api_version"`
	Livemode   json.RawMessage `json:"livemode"`
	Data       struct {
		Object   map[string]json.RawMessage `json:"object"`
		Sequence json.RawMessage            `json:"sequence"`
		Previous json.RawMessage            `json:"previous,omitempty"`
		Omitted  []string                   `json:"omitted"` // members of the object that were left out
		Full     string                     `json:"full"`    // where the event is whole
	} `json:"data"`
}

// reduce leaves the object's largest members out until the event is small enough. Its ID stays in any case.
func reduce(e *paymux.Event) ([]byte, error) {
	var r reduced
	if err := json.Unmarshal(e.Body, &r); err != nil {
		return nil, err
	}
	r.Data.Full = "/v1/events/" + string(e.ID)
	largest := slices.SortedFunc(maps.Keys(r.Data.Object), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(r.Data.Object[b]), len(r.Data.Object[a])), cmp.Compare(a, b))
	})
	for _, name := range largest {
		if name == "id" || name == "object" {
			continue
		}
		delete(r.Data.Object, name)
		r.Data.Omitted = append(r.Data.Omitted, name)
		body, err := json.Marshal(&r)
		if err != nil || len(body) < bodyMost {
			return body, err
		}
	}
	return json.Marshal(&r)
}
