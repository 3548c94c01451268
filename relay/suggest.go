package relay

import (
	"slices"

	"github.com/paymux/paymux"
)

const (
	// suggestionsIn is how much of a notification's body is looked at, in bytes.
	suggestionsIn = 64 << 10
	orderNumber   = 26 // characters
)

// suggested are the regions of what looks like our IDs or order numbers in a notification's address and body. Nothing
// is believed of it: it only says whom to ask first.
func suggested(q *paymux.CallbackRequest) []paymux.Region {
	var found []paymux.Region
	found = scan(found, q.URL)
	return scan(found, string(q.Body[:min(len(q.Body), suggestionsIn)]))
}

// scan looks for runs of exactly 26 letters and digits that can be an ID's body.
func scan(found []paymux.Region, text string) []paymux.Region {
	start := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && alphanumeric(text[i]) {
			continue
		}
		if i-start == orderNumber {
			if number, ok := paymux.RegionOf("_" + text[start:i]); ok && !slices.Contains(found, number) {
				found = append(found, number)
			}
		}
		start = i + 1
	}
	return found
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
