package paymux

import "time"

// Endpoint is where a merchant receives notifications (Standard Webhooks).
type Endpoint struct {
	ID          EndpointID     `json:"id"`
	Object      string         `json:"object"` // always "webhook_endpoint"
	Livemode    bool           `json:"livemode"`
	URL         string         `json:"url"`
	Description string         `json:"description,omitempty"`
	Events      []EventType    `json:"events"` // empty: every type
	Status      EndpointStatus `json:"status"`
	Reason      string         `json:"reason,omitempty"` // why it is disabled
	Delivery    Delivery       `json:"delivery"`
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
	Merchant    MerchantID     `json:"merchant"`

	// Secrets sign deliveries, newest first; a rotated one stays until its end.
	Secrets []SigningSecret `json:"-"`
}

// EndpointStatus tells whether deliveries are made.
type EndpointStatus string

const (
	EndpointEnabled  EndpointStatus = "enabled"
	EndpointDisabled EndpointStatus = "disabled"
)

// Delivery is the merchant's schedule (D4). Zero values mean the defaults of Standard Webhooks.
type Delivery struct {
	RetrySeconds []int `json:"retry_seconds,omitempty"` // waits before the 2nd, 3rd, … attempt
	TimeoutMS    int   `json:"timeout_ms,omitempty"`    // of one attempt, 1000 to 30000
}

// SigningSecret is one live secret of an endpoint.
type SigningSecret struct {
	Value   Secret    // whsec_ and base64 of 24 to 64 bytes
	Expires time.Time // zero: lives until rotated
}

// Wants reports whether the endpoint subscribes to a type and is enabled.
func (e *Endpoint) Wants(t EventType) bool {
	if e.Status != EndpointEnabled {
		return false
	}
	if len(e.Events) == 0 {
		return true
	}
	for _, want := range e.Events {
		if want == t {
			return true
		}
	}
	return false
}
