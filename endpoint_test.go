package paymux_test

import (
	"testing"

	"github.com/paymux/paymux"
)

func TestAnEndpointWantsWhatItSubscribesToWhileEnabled(t *testing.T) {
	t.Parallel()
	some := []paymux.EventType{"payment.succeeded", "refund.failed"}
	for _, c := range []struct {
		status paymux.EndpointStatus
		events []paymux.EventType
		event  paymux.EventType
		want   bool
	}{
		{paymux.EndpointEnabled, nil, "payment.created", true},
		{paymux.EndpointEnabled, some, "payment.succeeded", true},
		{paymux.EndpointEnabled, some, "refund.failed", true},
		{paymux.EndpointEnabled, some, "payment.failed", false},
		{paymux.EndpointEnabled, some, "payment", false}, // types are whole, no prefixes
		{paymux.EndpointDisabled, nil, "payment.created", false},
		{paymux.EndpointDisabled, some, "payment.succeeded", false},
		{"", nil, "payment.created", false},
	} {
		e := paymux.Endpoint{Status: c.status, Events: c.events}
		if got := e.Wants(c.event); got != c.want {
			t.Errorf("an endpoint %q for %v wants %s: %t", c.status, c.events, c.event, got)
		}
	}
}
