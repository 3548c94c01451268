package paymux

import (
	"maps"
	"strconv"
	"time"
)

// Notification is one event on its way to one endpoint.
type Notification struct {
	Object    string             `json:"object"` // always "notification"
	Event     EventID            `json:"event"`
	Type      EventType          `json:"type"`
	ObjectID  string             `json:"object_id"` // what the event is about
	Endpoint  EndpointID         `json:"endpoint"`
	Status    NotificationStatus `json:"status"`
	Attempts  int                `json:"attempts"`             // made so far, those of replays included
	NextAt    time.Time          `json:"next_at,omitzero"`     // of the next attempt, while pending
	LastError string             `json:"last_error,omitempty"` // of the newest failed attempt
	CreatedAt time.Time          `json:"created_at"`           // of the event
}

// NotificationStatus is where a notification stands.
type NotificationStatus string

const (
	NotificationPending   NotificationStatus = "pending"   // an attempt is due, under way or will be
	NotificationDelivered NotificationStatus = "delivered" // accepted with a 2xx
	NotificationDead      NotificationStatus = "dead"      // given up; it can be replayed
	NotificationDropped   NotificationStatus = "dropped"   // ended without an attempt: endpoint gone or disabled, superseded
)

// Attempt is one try to deliver an event to an endpoint, or the reason why there
// was none. It is committed with the state it describes and never changed. The
// request's body is the event as it is kept.
type Attempt struct {
	Object   string        `json:"object"` // always "notification_attempt"
	Event    EventID       `json:"event"`
	Type     EventType     `json:"type"`
	Endpoint EndpointID    `json:"endpoint"`
	At       time.Time     `json:"at"`     // microseconds; unique for an event and endpoint
	Number   int           `json:"number"` // from 1; a replay counts anew
	URL      string        `json:"url"`    // without user, query and fragment, which may be secret
	Result   AttemptResult `json:"result"`
	Status   int           `json:"status,omitempty"` // of the answer; 0: none came
	Error    string        `json:"error,omitempty"`  // why it failed, one line without secrets
	Duration int64         `json:"duration_us"`
	NextAt   time.Time     `json:"next_at,omitzero"` // when it is tried again

	RequestHeader  map[string]string `json:"request_header,omitempty"`  // signatures redacted; as kept, without what Sent adds
	ResponseHeader map[string]string `json:"response_header,omitempty"` // cookies redacted
	ResponseBody   string            `json:"response_body,omitempty"`   // its beginning
	ResponseCut    bool              `json:"response_cut,omitempty"`    // there was more
}

// SignatureShown is what is shown of the signature of an endpoint with one HMAC secret.
const SignatureShown = "v1,[redacted]"

// Sent returns the headers of the attempt's request: those every one has, which follow from the attempt, and those
// that were kept. Nil where none was sent.
func (a *Attempt) Sent() map[string]string {
	if a.Result == AttemptDropped {
		return nil
	}
	sent := map[string]string{
		"content-type": "application/json", "user-agent": "Paymux",
		"webhook-id": string(a.Event), "webhook-timestamp": strconv.FormatInt(a.At.Unix(), 10), "webhook-signature": SignatureShown,
	}
	maps.Copy(sent, a.RequestHeader)
	return sent
}

// AttemptResult is what an attempt led to.
type AttemptResult string

const (
	AttemptDelivered AttemptResult = "delivered"
	AttemptFailed    AttemptResult = "failed"  // and will be made again
	AttemptDead      AttemptResult = "dead"    // it failed and was the last
	AttemptDropped   AttemptResult = "dropped" // there was none, and there will be none
)

// NotificationFilter selects notifications of one merchant, newest event first. After is an event's ID.
type NotificationFilter struct {
	Merchant MerchantID
	Endpoint EndpointID         // required
	Event    EventID            // empty: all
	Status   NotificationStatus // empty: all
	Page
}

// Replay sends events to an endpoint once more: those of a time range that fit its filter.
type Replay struct {
	ID         ReplayID     `json:"id"`
	Object     string       `json:"object"` // always "replay"
	Livemode   bool         `json:"livemode"`
	Endpoint   EndpointID   `json:"endpoint"`
	From       time.Time    `json:"from"`            // of events, inclusive
	To         time.Time    `json:"to"`              // exclusive
	Types      []EventType  `json:"types,omitempty"` // Endpoint.ReplayTypes where none were asked for
	Only       ReplayOnly   `json:"only"`
	Status     ReplayStatus `json:"status"`
	Total      int          `json:"total"`  // events that fitted when it was asked for
	Queued     int          `json:"queued"` // notifications made so far
	CreatedAt  time.Time    `json:"created_at"`
	FinishedAt time.Time    `json:"finished_at,omitzero"`
	Reason     string       `json:"reason,omitempty"` // why it was canceled
	Merchant   MerchantID   `json:"-"`
	Cursor     EventID      `json:"-"` // the newest event looked at
}

// ReplayOnly narrows a replay down by what became of an event's notification.
type ReplayOnly string

const (
	ReplayAll         ReplayOnly = "all"
	ReplayUndelivered ReplayOnly = "undelivered" // never accepted by this endpoint, dead ones and those never sent included
)

// ReplayStatus is where a replay stands.
type ReplayStatus string

const (
	ReplayRunning  ReplayStatus = "running"
	ReplayFinished ReplayStatus = "finished" // everything is queued, not necessarily delivered
	ReplayCanceled ReplayStatus = "canceled"
)
