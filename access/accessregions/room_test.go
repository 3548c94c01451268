package accessregions_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/access/accessrpc"
)

// room is a region's node in memory. It notes what it is asked.
type room struct {
	number paymux.Region
	mu     sync.Mutex
	heard  []string
	fault  func(what string) error // nil: none

	payments  []paymux.Payment // lists are in the order in which they are shown
	refunds   []paymux.Refund
	links     []paymux.Link
	merchants []paymux.Merchant
	keys      []paymux.Key
	endpoints []paymux.Endpoint
	events    []paymux.Event // in the order of commits
	told      []paymux.Notification
	looks     int // notifications that are looked at a page; 0: all
	buried    []access.BuriedTask
	answers   map[string]paymux.Idempotency
	replays   map[paymux.ReplayID]paymux.Replay
	counted   paymux.StatisticsAnswer
	statuses  []paymux.ChannelStatus
	versions  []paymux.RuleSetVersion
	quotas    []paymux.QuotaStatus
	revision  int64
}

func (r *room) node() accessrpc.Node {
	return accessrpc.Node{
		Queries: r, Directory: r, Merchants: r, Endpoints: r, Links: r, Events: r, Notifications: r, NotificationLog: r,
		Answers: r, Tasks: r, Channels: r, Statistics: r, RuleSets: r, RuleSetTrials: r, Routes: r, Payers: r, Ready: func(context.Context) error { return r.enter("Ready") },
	}
}

func (r *room) enter(what string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, what)
	if r.fault == nil {
		return nil
	}
	return r.fault(what)
}

// of finds one, or says that there is none.
func of[T any](r *room, what string, list []T, is func(*T) bool) (one T, err error) {
	if err := r.enter(what); err != nil {
		return one, err
	}
	if at := slices.IndexFunc(list, func(t T) bool { return is(&t) }); at >= 0 {
		return list[at], nil
	}
	return one, paymux.Errorf(paymux.NotFound, "It is not there.")
}

// below is a page of a list in the order of IDs. Like a store that numbers its rows, it compares without the region.
func below[T any](r *room, what string, list []T, p paymux.Page, id func(*T) string) ([]T, error) {
	err := r.enter(what)
	var out []T
	bound, _ := paymux.OrdinalOf(p.After)
	for i := range list {
		if n, _ := paymux.OrdinalOf(id(&list[i])); (p.After == "" || n < bound) && len(out) < p.Limit {
			out = append(out, list[i])
		}
	}
	return out, err
}

// behind is a page of a list in an order of its own.
func behind[T any](list []T, p paymux.Page, id func(*T) string) ([]T, error) {
	if p.After != "" {
		at := slices.IndexFunc(list, func(t T) bool { return id(&t) == p.After })
		if at < 0 {
			return nil, paymux.Errorf(paymux.NotFound, "There is no row %s.", p.After)
		}
		list = list[at+1:]
	}
	return list[:min(len(list), p.Limit)], nil
}

func (r *room) Payment(_ context.Context, _ paymux.MerchantID, id paymux.PaymentID) (paymux.Payment, error) {
	return of(r, "Payment", r.payments, func(p *paymux.Payment) bool { return p.ID == id })
}
func (r *room) Payments(_ context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error) {
	return below(r, "Payments", r.payments, f.Page, func(p *paymux.Payment) string { return string(p.ID) })
}
func (r *room) Operations(context.Context, paymux.MerchantID, paymux.PaymentID) ([]paymux.Operation, error) {
	return nil, r.enter("Operations")
}
func (r *room) RefundByID(_ context.Context, _ paymux.MerchantID, id paymux.RefundID) (paymux.Refund, error) {
	return of(r, "RefundByID", r.refunds, func(re *paymux.Refund) bool { return re.ID == id })
}
func (r *room) Refunds(_ context.Context, f paymux.RefundFilter) ([]paymux.Refund, error) {
	return below(r, "Refunds", r.refunds, f.Page, func(re *paymux.Refund) string { return string(re.ID) })
}
func (r *room) Timeline(context.Context, paymux.MerchantID, paymux.PaymentID) ([]paymux.Hop, error) {
	return nil, r.enter("Timeline")
}
func (r *room) Find(_ context.Context, id paymux.PaymentID) (paymux.Payment, error) {
	return of(r, "Find", r.payments, func(p *paymux.Payment) bool { return p.ID == id })
}
func (r *room) Methods(context.Context, paymux.MerchantID, paymux.Money) ([]paymux.MethodType, error) {
	return []paymux.MethodType{paymux.Card}, r.enter("Methods")
}

func (r *room) credential(what string, is func(*paymux.Key) bool) (paymux.Key, paymux.Merchant, error) {
	k, err := of(r, what, r.keys, is)
	if err != nil {
		return k, paymux.Merchant{}, err
	}
	m, err := of(r, what, r.merchants, func(m *paymux.Merchant) bool { return m.ID == k.Merchant })
	return k, m, err
}
func (r *room) Key(_ context.Context, id paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	return r.credential("Key", func(k *paymux.Key) bool { return k.ID == id })
}
func (r *room) KeyByDigest(_ context.Context, digest []byte) (paymux.Key, paymux.Merchant, error) {
	return r.credential("KeyByDigest", func(k *paymux.Key) bool { return string(k.Digest) == string(digest) })
}
func (r *room) Revision(context.Context) (int64, error) { return r.revision, r.enter("Revision") }

func (r *room) CreateMerchant(_ context.Context, m paymux.Merchant) error {
	return r.write("CreateMerchant", nil, func() { r.merchants = append(r.merchants, m) })
}
func (r *room) UpdateMerchant(_ context.Context, m paymux.Merchant) error {
	return r.write("UpdateMerchant", nil, func() {
		r.merchants = append(slices.DeleteFunc(r.merchants, func(o paymux.Merchant) bool { return o.ID == m.ID }), m)
	})
}
func (r *room) Merchant(_ context.Context, id paymux.MerchantID) (paymux.Merchant, error) {
	return of(r, "Merchant", r.merchants, func(m *paymux.Merchant) bool { return m.ID == id })
}
func (r *room) Merchants(_ context.Context, p paymux.Page) ([]paymux.Merchant, error) {
	err := r.enter("Merchants")
	rest := slices.DeleteFunc(slices.Clone(r.merchants), func(m paymux.Merchant) bool { return p.After != "" && string(m.ID) >= p.After })
	return rest[:min(len(rest), p.Limit)], err
}
func (r *room) CreateKey(_ context.Context, k paymux.Key, i *paymux.Idempotency) error {
	return r.write("CreateKey", i, func() { r.keys = append(r.keys, k) })
}
func (r *room) RevokeKey(_ context.Context, _ paymux.MerchantID, _ paymux.KeyID, _ time.Time, i *paymux.Idempotency) error {
	return r.write("RevokeKey", i, func() {})
}
func (r *room) Keys(_ context.Context, m paymux.MerchantID) ([]paymux.Key, error) {
	return slices.DeleteFunc(slices.Clone(r.keys), func(k paymux.Key) bool { return k.Merchant != m }), r.enter("Keys")
}

func (r *room) CreateEndpoint(_ context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return r.write("CreateEndpoint", i, func() { r.endpoints = append(r.endpoints, e) })
}
func (r *room) UpdateEndpoint(_ context.Context, _ paymux.Endpoint, i *paymux.Idempotency) error {
	return r.write("UpdateEndpoint", i, func() {})
}
func (r *room) DeleteEndpoint(_ context.Context, _ paymux.MerchantID, id paymux.EndpointID, i *paymux.Idempotency) error {
	return r.write("DeleteEndpoint", i, func() {
		r.endpoints = slices.DeleteFunc(r.endpoints, func(e paymux.Endpoint) bool { return e.ID == id })
	})
}
func (r *room) Endpoint(_ context.Context, _ paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	return of(r, "Endpoint", r.endpoints, func(e *paymux.Endpoint) bool { return e.ID == id })
}
func (r *room) Endpoints(_ context.Context, m paymux.MerchantID) ([]paymux.Endpoint, error) {
	return slices.DeleteFunc(slices.Clone(r.endpoints), func(e paymux.Endpoint) bool { return e.Merchant != m }), r.enter("Endpoints")
}
func (r *room) FailingEndpoints(_ context.Context, limit int) ([]paymux.Endpoint, error) {
	fails := slices.DeleteFunc(slices.Clone(r.endpoints), func(e paymux.Endpoint) bool { return e.FailingSince.IsZero() })
	slices.SortFunc(fails, func(a, b paymux.Endpoint) int { return a.FailingSince.Compare(b.FailingSince) })
	return fails[:min(len(fails), limit)], r.enter("FailingEndpoints")
}

func (r *room) CreateLink(_ context.Context, l paymux.Link, i *paymux.Idempotency) error {
	return r.write("CreateLink", i, func() { r.links = append(r.links, l) })
}
func (r *room) UpdateLink(_ context.Context, _ paymux.Link, i *paymux.Idempotency) error {
	return r.write("UpdateLink", i, func() {})
}
func (r *room) Link(_ context.Context, id paymux.LinkID) (paymux.Link, error) {
	return of(r, "Link", r.links, func(l *paymux.Link) bool { return l.ID == id })
}
func (r *room) Links(_ context.Context, _ paymux.MerchantID, p paymux.Page) ([]paymux.Link, error) {
	return below(r, "Links", r.links, p, func(l *paymux.Link) string { return string(l.ID) })
}

func (r *room) Event(_ context.Context, _ paymux.MerchantID, id paymux.EventID) (paymux.Event, error) {
	return of(r, "Event", r.events, func(e *paymux.Event) bool { return e.ID == id })
}
func (r *room) Events(_ context.Context, f paymux.EventFilter) ([]paymux.Event, error) {
	if err := r.enter("Events"); err != nil {
		return nil, err
	}
	list := slices.Clone(r.events)
	if !f.Oldest {
		slices.Reverse(list)
	}
	return behind(list, f.Page, func(e *paymux.Event) string { return string(e.ID) })
}
func (r *room) Newest(context.Context, paymux.MerchantID) (paymux.EventID, error) {
	if n := len(r.events); n > 0 {
		return r.events[n-1].ID, r.enter("Newest")
	}
	return "", r.enter("Newest")
}

func (r *room) Test(context.Context, paymux.Endpoint) (paymux.Event, error) {
	return paymux.Event{ID: "evt_1"}, r.enter("Test")
}
func (r *room) Resend(context.Context, paymux.MerchantID, paymux.EventID, paymux.EndpointID) ([]paymux.EndpointID, error) {
	return nil, r.enter("Resend")
}
func (r *room) CountReplay(context.Context, paymux.Replay) (int, error) {
	return len(r.events), r.enter("CountReplay")
}
func (r *room) StartReplay(_ context.Context, q paymux.Replay, i *paymux.Idempotency) error {
	return r.write("StartReplay", i, func() {
		if _, begun := r.replays[q.ID]; !begun {
			r.replays[q.ID] = q
		}
	})
}
func (r *room) Replay(_ context.Context, _ paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	return r.replay("Replay", id)
}
func (r *room) replay(what string, id paymux.ReplayID) (paymux.Replay, error) {
	err := r.enter(what)
	q, ok := r.replays[id]
	if err == nil && !ok {
		err = paymux.Errorf(paymux.NotFound, "There is no replay %s.", id)
	}
	return q, err
}
func (r *room) CancelReplay(_ context.Context, _ paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	q, err := r.replay("CancelReplay", id)
	if err == nil && q.Status == paymux.ReplayRunning {
		q.Status, q.Reason = paymux.ReplayCanceled, "canceled on request"
		r.replays[id] = q
	}
	return q, err
}

// Notifications looks at so many of the merchant's notifications a call, as the stores look at so many events.
func (r *room) Notifications(_ context.Context, f paymux.NotificationFilter) (list []paymux.Notification, next paymux.EventID, err error) {
	if err := r.enter("Notifications"); err != nil {
		return nil, "", err
	}
	rest, err := behind(r.told, paymux.Page{After: f.After, Limit: len(r.told)}, func(n *paymux.Notification) string { return string(n.Event) })
	last := paymux.EventID("")
	for i, n := range rest {
		fits := f.Status == "" || n.Status == f.Status
		if r.looks > 0 && i == r.looks || fits && len(list) == f.Limit {
			return list, last, err
		}
		if last = n.Event; fits {
			list = append(list, n)
		}
	}
	return list, "", err
}
func (r *room) Attempts(context.Context, paymux.MerchantID, paymux.EventID, paymux.EndpointID) ([]paymux.Attempt, error) {
	return nil, r.enter("Attempts")
}

func (r *room) Idempotency(_ context.Context, _ paymux.MerchantID, key string) (paymux.Idempotency, error) {
	if err := r.enter("Idempotency"); err != nil {
		return paymux.Idempotency{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.answers[key]
	if !ok {
		return i, paymux.Errorf(paymux.NotFound, "Nothing is kept.")
	}
	return i, nil
}
func (r *room) BuriedTasks(_ context.Context, p paymux.Page) ([]access.BuriedTask, error) {
	if err := r.enter("BuriedTasks"); err != nil {
		return nil, err
	}
	return behind(r.buried, p, func(t *access.BuriedTask) string { return string(t.ID) })
}
func (r *room) Statuses(context.Context) ([]paymux.ChannelStatus, error) {
	return slices.Clone(r.statuses), r.enter("Statuses")
}
func (r *room) Decide(_ context.Context, d paymux.RolloutChange) (paymux.ChannelStatus, error) {
	return paymux.ChannelStatus{Channel: d.Channel}, r.enter("Decide")
}
func (r *room) Statistics(_ context.Context, q paymux.StatisticsQuery) (paymux.StatisticsAnswer, error) {
	a := r.counted
	if q.Limit > 0 {
		a.Rows = a.Rows[:min(len(a.Rows), q.Limit)]
	}
	a.Rows = slices.Clone(a.Rows)
	return a, r.enter("Statistics")
}

// write keeps a request's record with its effect.
func (r *room) write(what string, i *paymux.Idempotency, do func()) error {
	if err := r.enter(what); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if i != nil {
		if _, taken := r.answers[i.Key]; taken {
			return paymux.ErrKeyTaken
		}
		r.answers[i.Key] = *i
	}
	do()
	return nil
}
