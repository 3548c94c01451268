package access

import (
	"context"
	"errors"
	"time"

	"github.com/paymux/paymux"
)

// Payments carries out merchants' requests: in the all-in-one process the relay in front of the
// payment room, in a frontend the same relay in front of the wire. An error is a
// *paymux.Error; a Reply may carry one, too, beside the object it left behind.
type Payments interface {
	Create(ctx context.Context, r paymux.CreatePayment) (paymux.Reply, error)
	Confirm(ctx context.Context, r paymux.ConfirmPayment) (paymux.Reply, error)
	Capture(ctx context.Context, r paymux.CapturePayment) (paymux.Reply, error)
	Cancel(ctx context.Context, r paymux.CancelPayment) (paymux.Reply, error)
	Refund(ctx context.Context, r paymux.CreateRefund) (paymux.Reply, error)
	Sync(ctx context.Context, r paymux.SyncPayment) (paymux.Reply, error)
}

// Queries answers what merchants ask about payments.
type Queries interface {
	Payment(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) (paymux.Payment, error)
	Payments(ctx context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error)
	Operations(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) ([]paymux.Operation, error)
	RefundByID(ctx context.Context, merchant paymux.MerchantID, id paymux.RefundID) (paymux.Refund, error)
	Refunds(ctx context.Context, f paymux.RefundFilter) ([]paymux.Refund, error)
	Timeline(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) ([]paymux.Hop, error)
}

// Callbacks takes institutions' notifications to the payments they are about. A
// nil error means the news is durable; CallbackRefused that it was not believed.
type Callbacks interface {
	Callback(ctx context.Context, r paymux.CallbackRequest) (paymux.CallbackAck, error)
}

// Directory finds credentials. Answers are cached by the front door and
// dropped when Revision rises, so it is not asked on every request.
type Directory interface {
	Key(ctx context.Context, id paymux.KeyID) (paymux.Key, paymux.Merchant, error)
	KeyByDigest(ctx context.Context, digest []byte) (paymux.Key, paymux.Merchant, error)
	// Revision rises with every committed change of a merchant, key or endpoint.
	Revision(ctx context.Context) (int64, error)
}

// Merchants keeps merchants and their keys, for operators and for merchants' own keys.
type Merchants interface {
	CreateMerchant(ctx context.Context, m paymux.Merchant) error
	UpdateMerchant(ctx context.Context, m paymux.Merchant) error
	Merchant(ctx context.Context, id paymux.MerchantID) (paymux.Merchant, error)
	Merchants(ctx context.Context, p paymux.Page) ([]paymux.Merchant, error)
	// CreateKey and the other writes below take the request's idempotency
	// record, complete with its answer, into the same transaction; it may be nil.
	// A key that is there already is paymux.ErrKeyTaken and nothing is written.
	CreateKey(ctx context.Context, k paymux.Key, i *paymux.Idempotency) error
	RevokeKey(ctx context.Context, merchant paymux.MerchantID, id paymux.KeyID, at time.Time, i *paymux.Idempotency) error
	Keys(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Key, error)
}

// Endpoints keeps merchants' webhook endpoints.
type Endpoints interface {
	CreateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error
	// UpdateEndpoint leaves FailingSince as it is kept, whatever e has; an endpoint that is enabled anew begins without.
	UpdateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error
	DeleteEndpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID, i *paymux.Idempotency) error
	Endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error)
	Endpoints(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Endpoint, error)
	// FailingEndpoints lists endpoints of all merchants whose attempts have all failed for a while, longest first, at most limit.
	FailingEndpoints(ctx context.Context, limit int) ([]paymux.Endpoint, error)
}

// Links keeps payment links.
type Links interface {
	CreateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error
	UpdateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error
	Link(ctx context.Context, id paymux.LinkID) (paymux.Link, error)
	Links(ctx context.Context, merchant paymux.MerchantID, p paymux.Page) ([]paymux.Link, error)
}

// Events reads what merchants were, or are being, told.
type Events interface {
	Event(ctx context.Context, merchant paymux.MerchantID, id paymux.EventID) (paymux.Event, error)
	Events(ctx context.Context, f paymux.EventFilter) ([]paymux.Event, error)
	// Newest is the last event in the order of EventFilter.Oldest that is shown by now: whoever reads on behind
	// it misses nothing that is committed later. Empty: the merchant has none. Over several regions it is a position, with one event of each.
	Newest(ctx context.Context, merchant paymux.MerchantID) (paymux.EventID, error)
}

// Notifications is what merchants ask of their notifications.
type Notifications interface {
	// Test sends a test event to one endpoint through the ordinary queue.
	Test(ctx context.Context, e paymux.Endpoint) (paymux.Event, error)
	// Resend sends one event again: to one endpoint, or, where none is named, to all
	// that want it. It returns the endpoints. One that is not enabled is an error of Code StateConflict.
	Resend(ctx context.Context, merchant paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) ([]paymux.EndpointID, error)
	// CountReplay is how many events r would send.
	CountReplay(ctx context.Context, r paymux.Replay) (int, error)
	// StartReplay keeps r, which is complete, and begins it. What has begun already goes on as it is: without
	// a record it may be repeated, and completes what an earlier call left undone.
	StartReplay(ctx context.Context, r paymux.Replay, i *paymux.Idempotency) error
	Replay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error)
	// CancelReplay ends a replay where it is and returns it. What is queued already is delivered.
	CancelReplay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error)
}

// NotificationLog reads what became of notifications.
type NotificationLog interface {
	// Notifications returns, beside a list that may be short or empty although there is more, the event to go on behind, or the position over several regions. Empty: there is nothing older.
	Notifications(ctx context.Context, f paymux.NotificationFilter) (list []paymux.Notification, next paymux.EventID, err error)
	Attempts(ctx context.Context, merchant paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) ([]paymux.Attempt, error)
}

// ErrSomeAway is why Answers are Unavailable of which a part was looked through, and not those of a region that does not answer.
var ErrSomeAway = errors.New("access: some regions do not answer")

// Answers finds what was kept of a request that changes something other than a payment. Where some do not answer: ErrSomeAway, which is Unavailable.
type Answers interface {
	Idempotency(ctx context.Context, merchant paymux.MerchantID, key string) (paymux.Idempotency, error)
}

// RuleSets keeps the deployment's routing rules, for operators: drafts, the versions that were brought into force, and what nodes route by (C8).
type RuleSets interface {
	// RuleSetStatus is what the answering node routes by, and what all nodes say they do.
	RuleSetStatus(ctx context.Context) (paymux.RuleSetStatus, error)
	// RuleSetVersions lists at most limit versions below one, newest first, without documents; 0: from the newest on.
	RuleSetVersions(ctx context.Context, below int64, limit int) ([]paymux.RuleSetVersion, error)
	RuleSetVersion(ctx context.Context, version int64) (paymux.RuleSetVersion, error)
	RuleSetDrafts(ctx context.Context) ([]paymux.RuleSetDraft, error)
	RuleSetDraft(ctx context.Context, name string) (paymux.RuleSetDraft, error)
	// PutRuleSetDraft refuses with InvalidRequest what could not come into force.
	PutRuleSetDraft(ctx context.Context, d paymux.RuleSetDraft) (paymux.RuleSetDraft, error)
	DeleteRuleSetDraft(ctx context.Context, name string) error
	// ActivateRuleSet brings a draft or a version into force, and waits a while for all nodes to route by it. A repeat activates nothing twice.
	ActivateRuleSet(ctx context.Context, a paymux.RuleSetActivation) (paymux.RuleSetActivated, error)
}

// RuleSetTrials try rule sets. Nothing comes of it.
type RuleSetTrials interface {
	LintRuleSet(ctx context.Context, document string) (paymux.RuleSetReport, error)
	SimulateRouting(ctx context.Context, s paymux.Simulation) (paymux.SimulationResult, error)
	ReplayRouting(ctx context.Context, r paymux.RuleSetReplay) (paymux.RoutingReplay, error)
}

// Routes shows operators how payments were routed and how accounts do.
type Routes interface {
	ExplainRouting(ctx context.Context, id paymux.PaymentID) (paymux.RoutingExplanation, error)
	RoutingHealth(ctx context.Context) ([]paymux.RouteHealth, error)
	// RoutingQuotas is what is taken of the quotas of today.
	RoutingQuotas(ctx context.Context) ([]paymux.QuotaStatus, error)
	// PinRoute keeps an operator's word, or takes it back where it has no state.
	PinRoute(ctx context.Context, p paymux.RoutePin) (paymux.RouteHealth, error)
}
