package paymux

import (
	"slices"
	"time"
)

// Endpoint is where a merchant receives notifications (Standard Webhooks).
type Endpoint struct {
	ID          EndpointID `json:"id"`
	Object      string     `json:"object"` // always "webhook_endpoint"
	Livemode    bool       `json:"livemode"`
	URL         string     `json:"url,omitempty"` // empty with PerPayment
	Description string     `json:"description,omitempty"`
	// PerPayment endpoints have no URL of their own: they sign and schedule what goes to the notify_url of payments.
	PerPayment bool            `json:"per_payment,omitempty"`
	Events     []EventType     `json:"events"` // empty: every type
	Status     EndpointStatus  `json:"status"`
	Reason     string          `json:"reason,omitempty"` // why it is not enabled
	Signature  SignatureScheme `json:"signature"`
	PublicKeys []string        `json:"public_keys,omitempty"` // whpk_…, of live Ed25519 secrets, newest first
	Delivery   Delivery        `json:"delivery"`
	// FailingSince is when the first of the attempts was made that have all failed since; zero while the newest succeeded.
	FailingSince time.Time  `json:"failing_since,omitzero"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
	Merchant     MerchantID `json:"merchant"`

	// Secrets sign deliveries, newest first; a rotated one stays until its end.
	Secrets []SigningSecret `json:"-"`
}

// EndpointStatus tells whether deliveries are made.
type EndpointStatus string

const (
	EndpointEnabled  EndpointStatus = "enabled"
	EndpointDisabled EndpointStatus = "disabled"
	EndpointPull     EndpointStatus = "pull" // nothing is sent: the merchant reads the list of events instead
)

// SignatureScheme is how deliveries to an endpoint are signed.
type SignatureScheme string

const (
	SignHMAC    SignatureScheme = "hmac-sha256" // v1, with a shared whsec_ secret
	SignEd25519 SignatureScheme = "ed25519"     // v1a, with a whsk_ key that never leaves the house
)

// Delivery is how the merchant wants notifications delivered (D4, D6). Zero values
// mean the defaults, which are those of Standard Webhooks.
type Delivery struct {
	RetrySeconds  []int           `json:"retry_seconds,omitempty"`   // waits before the 2nd, 3rd, … attempt; their number limits the attempts
	JitterPercent int             `json:"jitter_percent,omitempty"`  // by which a wait may differ, 1 to 50; 0: 20
	TimeoutMS     int             `json:"timeout_ms,omitempty"`      // of one attempt, 1000 to 30000; 0: 15000
	Window        int             `json:"window,omitempty"`          // attempts under way at a time, 1 to 64; 0: 32
	RatePerSecond int             `json:"rate_per_second,omitempty"` // attempts a second, 1 to 1000; 0: no limit
	Order         DeliveryOrder   `json:"order,omitempty"`
	OnFailure     FailureStrategy `json:"on_failure,omitzero"`
}

// DeliveryOrder is what is promised about the order of notifications of one object.
type DeliveryOrder string

const (
	OrderNone   DeliveryOrder = ""       // none: data.sequence tells old from new
	OrderObject DeliveryOrder = "object" // one at a time, in sequence: the next waits until the one before has ended
	OrderLatest DeliveryOrder = "latest" // what a newer one of the object has superseded is not sent
)

// FailureStrategy is what happens when deliveries keep failing (D6).
type FailureStrategy struct {
	// Exhausted is what becomes of a notification whose last attempt has failed. Empty: dead_letter.
	Exhausted ExhaustedAction `json:"exhausted,omitempty"`
	// ProbeSeconds is between the attempts of slow_probe, 60 to 86400; 0: 3600.
	ProbeSeconds int `json:"probe_seconds,omitempty"`
	// AlertAfterSeconds is how long every attempt has to have failed before an endpoint.failing event is
	// sent to the merchant's other endpoints; 0: 3600.
	AlertAfterSeconds int `json:"alert_after_seconds,omitempty"`
	// DisableAfterSeconds is the same for disabling the endpoint; 0: 432000 (five days), -1: never.
	DisableAfterSeconds int `json:"disable_after_seconds,omitempty"`
}

// ExhaustedAction is what becomes of a notification whose last attempt has failed.
type ExhaustedAction string

const (
	DeadLetter      ExhaustedAction = "dead_letter" // kept, shown, replayed on request
	SlowProbe       ExhaustedAction = "slow_probe"  // tried on, every ProbeSeconds
	PullInstead     ExhaustedAction = "pull"        // kept as dead, and the endpoint becomes one that is pulled
	DisableEndpoint ExhaustedAction = "disable"     // kept as dead, and the endpoint is disabled
)

// SigningSecret is one live secret of an endpoint.
type SigningSecret struct {
	Value   Secret    // whsec_ and base64 of 24 to 64 bytes, or whsk_ and base64 of an Ed25519 private key
	Expires time.Time // zero: lives until rotated
}

// ReplayTypes are the types that a replay sends where it names none: those the endpoint subscribes to or, where that is
// all, every type but those that tell of endpoints, which are of no use later.
func (e *Endpoint) ReplayTypes() []EventType {
	if len(e.Events) > 0 {
		return slices.Clone(e.Events)
	}
	return slices.DeleteFunc(EventTypes(), func(t EventType) bool {
		return t == EndpointTest || t == EndpointIsFailing || t == EndpointWasDisabled
	})
}

// Wants reports whether the endpoint subscribes to a type and is enabled.
func (e *Endpoint) Wants(t EventType) bool {
	return e.Status == EndpointEnabled && (len(e.Events) == 0 || slices.Contains(e.Events, t))
}
