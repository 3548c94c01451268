package paymux

import "time"

// Hop is one step a payment took through Paymux or outside it (X12).
type Hop struct {
	At       time.Time         `json:"at"`
	Kind     HopKind           `json:"kind"`
	Text     string            `json:"text"`                  // one line, in English, without secrets
	Duration int64             `json:"duration_us,omitempty"` // microseconds
	Ref      string            `json:"ref,omitempty"`         // ID of the request, operation, event or task
	Data     map[string]string `json:"data,omitempty"`
}

// HopKind is which part of the system a hop is about.
type HopKind string

const (
	HopAPI      HopKind = "api"      // a merchant's request
	HopRelay    HopKind = "relay"    // which region and why
	HopRoute    HopKind = "route"    // which account and why
	HopChannel  HopKind = "channel"  // a call to the institution and its answer
	HopCallback HopKind = "callback" // the institution's notification, believed or refused
	HopQuery    HopKind = "query"    // the institution was asked for an outcome
	HopState    HopKind = "state"    // the payment changed
	HopTask     HopKind = "task"     // a task failed or was buried
	HopNotify   HopKind = "notify"   // a notification attempt
)
