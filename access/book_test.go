package access_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// book keeps what is not payments, in memory, with the stores' promise about idempotency keys.
type book struct {
	mu         sync.Mutex
	answers    map[string]paymux.Idempotency
	endpoints  []paymux.Endpoint
	links      []paymux.Link
	keys       []paymux.Key
	merchants  []paymux.Merchant
	payments   []paymux.Payment
	refunds    []paymux.Refund
	events     []paymux.Event // newest first
	sent       []paymux.Notification
	attempts   []paymux.Attempt
	replays    []paymux.Replay
	counted    paymux.Replay          // last
	idle       paymux.EventID         // up to here no event was sent to any endpoint
	statistics paymux.StatisticsQuery // last asked
	rules      rulebook
	resent     []paymux.EndpointID
	writes     int
	hook       func() // before a write, outside the lock
}

func (b *book) write(i *paymux.Idempotency, do func()) error {
	if b.hook != nil {
		b.hook()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if i != nil {
		if _, taken := b.answers[i.Key]; taken {
			return paymux.ErrKeyTaken
		}
		b.answers[i.Key] = *i
	}
	b.writes++
	do()
	return nil
}

func (b *book) Idempotency(_ context.Context, _ paymux.MerchantID, key string) (paymux.Idempotency, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i, ok := b.answers[key]; ok {
		return i, nil
	}
	return paymux.Idempotency{}, paymux.NotFound
}

func find[T any](b *book, list *[]T, is func(*T) bool) (T, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range *list {
		if is(&(*list)[i]) {
			return (*list)[i], nil
		}
	}
	var none T
	return none, paymux.Errorf(paymux.NotFound, "It is not there.")
}

func replace[T any](list []T, one T, is func(*T) bool) {
	for i := range list {
		if is(&list[i]) {
			list[i] = one
		}
	}
}

// part is a page of a list that is kept newest first.
func part[T any](list []T, p paymux.Page, id func(*T) string) []T {
	var out []T
	for i := range list {
		if (p.After == "" || id(&list[i]) < p.After) && len(out) < p.Limit {
			out = append(out, list[i])
		}
	}
	return out
}

func (b *book) CreateEndpoint(_ context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return b.write(i, func() { b.endpoints = append(b.endpoints, e) })
}
func (b *book) UpdateEndpoint(_ context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return b.write(i, func() { replace(b.endpoints, e, func(o *paymux.Endpoint) bool { return o.ID == e.ID }) })
}
func (b *book) DeleteEndpoint(_ context.Context, _ paymux.MerchantID, id paymux.EndpointID, i *paymux.Idempotency) error {
	return b.write(i, func() {
		b.endpoints = slices.DeleteFunc(b.endpoints, func(e paymux.Endpoint) bool { return e.ID == id })
	})
}
func (b *book) Endpoint(_ context.Context, m paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	return find(b, &b.endpoints, func(e *paymux.Endpoint) bool { return e.ID == id && e.Merchant == m })
}
func (b *book) Endpoints(context.Context, paymux.MerchantID) ([]paymux.Endpoint, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.endpoints), nil
}
func (b *book) CreateLink(_ context.Context, l paymux.Link, i *paymux.Idempotency) error {
	return b.write(i, func() { b.links = append(b.links, l) })
}
func (b *book) UpdateLink(_ context.Context, l paymux.Link, i *paymux.Idempotency) error {
	return b.write(i, func() { replace(b.links, l, func(o *paymux.Link) bool { return o.ID == l.ID }) })
}
func (b *book) Link(_ context.Context, id paymux.LinkID) (paymux.Link, error) {
	return find(b, &b.links, func(l *paymux.Link) bool { return l.ID == id })
}
func (b *book) Links(_ context.Context, _ paymux.MerchantID, p paymux.Page) ([]paymux.Link, error) {
	return part(b.links, p, func(l *paymux.Link) string { return string(l.ID) }), nil
}
func (b *book) CreateKey(_ context.Context, k paymux.Key, i *paymux.Idempotency) error {
	return b.write(i, func() { b.keys = append(b.keys, k) })
}
func (b *book) RevokeKey(_ context.Context, _ paymux.MerchantID, id paymux.KeyID, at time.Time, i *paymux.Idempotency) error {
	return b.write(i, func() {
		for n := range b.keys {
			if b.keys[n].ID == id {
				b.keys[n].RevokedAt = at
			}
		}
	})
}
func (b *book) Keys(context.Context, paymux.MerchantID) ([]paymux.Key, error) { return b.keys, nil }
func (b *book) CreateMerchant(_ context.Context, m paymux.Merchant) error {
	return b.write(nil, func() { b.merchants = append(b.merchants, m) })
}
func (b *book) UpdateMerchant(_ context.Context, m paymux.Merchant) error {
	return b.write(nil, func() { replace(b.merchants, m, func(o *paymux.Merchant) bool { return o.ID == m.ID }) })
}
func (b *book) Merchant(_ context.Context, id paymux.MerchantID) (paymux.Merchant, error) {
	return find(b, &b.merchants, func(m *paymux.Merchant) bool { return m.ID == id })
}
func (b *book) Merchants(_ context.Context, p paymux.Page) ([]paymux.Merchant, error) {
	return part(b.merchants, p, func(m *paymux.Merchant) string { return string(m.ID) }), nil
}
func (b *book) Payment(_ context.Context, m paymux.MerchantID, id paymux.PaymentID) (paymux.Payment, error) {
	return find(b, &b.payments, func(p *paymux.Payment) bool { return p.ID == id && p.Merchant == m })
}
func (b *book) Payments(_ context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error) {
	return part(b.payments, f.Page, func(p *paymux.Payment) string { return string(p.ID) }), nil
}
func (b *book) Operations(_ context.Context, _ paymux.MerchantID, id paymux.PaymentID) ([]paymux.Operation, error) {
	return []paymux.Operation{{ID: "op_1", Object: "operation", Payment: id}}, nil
}
func (b *book) RefundByID(_ context.Context, _ paymux.MerchantID, id paymux.RefundID) (paymux.Refund, error) {
	return find(b, &b.refunds, func(r *paymux.Refund) bool { return r.ID == id })
}
func (b *book) Refunds(_ context.Context, f paymux.RefundFilter) ([]paymux.Refund, error) {
	return part(b.refunds, f.Page, func(r *paymux.Refund) string { return string(r.ID) }), nil
}
func (b *book) Timeline(context.Context, paymux.MerchantID, paymux.PaymentID) ([]paymux.Hop, error) {
	return []paymux.Hop{{Kind: paymux.HopAPI, Text: "POST /v1/payments"}}, nil
}
func (b *book) Event(_ context.Context, m paymux.MerchantID, id paymux.EventID) (paymux.Event, error) {
	return find(b, &b.events, func(e *paymux.Event) bool { return e.ID == id })
}
func (b *book) Events(_ context.Context, f paymux.EventFilter) ([]paymux.Event, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fits := slices.DeleteFunc(slices.Clone(b.events), func(e paymux.Event) bool {
		return f.Type != "" && e.Type != f.Type || f.Oldest && f.After != "" && string(e.ID) <= f.After
	})
	if f.Oldest {
		slices.Reverse(fits)
		return fits[:min(len(fits), f.Limit)], nil
	}
	return part(fits, f.Page, func(e *paymux.Event) string { return string(e.ID) }), nil
}
func (b *book) Newest(context.Context, paymux.MerchantID) (paymux.EventID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.events) == 0 {
		return "", nil
	}
	return b.events[0].ID, nil
}
func (b *book) Notifications(_ context.Context, f paymux.NotificationFilter) (list []paymux.Notification, next paymux.EventID, err error) {
	if f.After == "" && b.idle != "" {
		return nil, b.idle, nil
	}
	fits := slices.DeleteFunc(slices.Clone(b.sent), func(n paymux.Notification) bool {
		return n.Endpoint != f.Endpoint || f.Event != "" && n.Event != f.Event || f.Status != "" && n.Status != f.Status
	})
	list = part(fits, f.Page, func(n *paymux.Notification) string { return string(n.Event) })
	if len(list) > 0 && list[len(list)-1].Event != fits[len(fits)-1].Event {
		next = list[len(list)-1].Event
	}
	return list, next, nil
}
func (b *book) Attempts(_ context.Context, _ paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) ([]paymux.Attempt, error) {
	return slices.DeleteFunc(slices.Clone(b.attempts), func(a paymux.Attempt) bool {
		return a.Event != event || endpoint != "" && a.Endpoint != endpoint
	}), nil
}
func (b *book) Resend(_ context.Context, _ paymux.MerchantID, event paymux.EventID, to paymux.EndpointID) ([]paymux.EndpointID, error) {
	if _, err := b.Event(context.Background(), "", event); err != nil {
		return nil, err
	}
	for _, e := range b.endpoints {
		if to == "" && e.Wants(paymux.PaymentSucceeded) || e.ID == to {
			b.resent = append(b.resent, e.ID)
		}
	}
	return b.resent, nil
}
func (b *book) CountReplay(_ context.Context, r paymux.Replay) (int, error) {
	b.counted = r
	return len(b.events), nil
}
func (b *book) StartReplay(_ context.Context, r paymux.Replay, i *paymux.Idempotency) error {
	if _, err := b.Replay(context.Background(), r.Merchant, r.ID); err == nil && i == nil {
		return nil
	}
	return b.write(i, func() { b.replays = append(b.replays, r) })
}
func (b *book) Replay(_ context.Context, m paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	return find(b, &b.replays, func(r *paymux.Replay) bool { return r.ID == id && r.Merchant == m })
}
func (b *book) CancelReplay(ctx context.Context, m paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	r, err := b.Replay(ctx, m, id)
	if err == nil {
		r.Status = paymux.ReplayCanceled
	}
	return r, err
}
func (b *book) FailingEndpoints(_ context.Context, limit int) ([]paymux.Endpoint, error) {
	fails := slices.DeleteFunc(slices.Clone(b.endpoints), func(e paymux.Endpoint) bool { return e.FailingSince.IsZero() })
	return fails[:min(len(fails), limit)], nil
}
func (b *book) Test(_ context.Context, e paymux.Endpoint) (paymux.Event, error) {
	return paymux.Event{ID: "evt_1", Type: paymux.EndpointTest, Merchant: e.Merchant}, nil
}
func (b *book) Statuses(context.Context) ([]paymux.ChannelStatus, error) {
	return []paymux.ChannelStatus{{Channel: "sandbox", Accounts: []string{"main"}, Versions: []paymux.VersionStatus{{
		Version: "1.4.2", Part: "stable", Instances: []paymux.InstanceStatus{{ID: "host-1", State: "ready", UnknownCodes: map[string]int64{"ODD": 3}}},
		Tally: paymux.Tally{Calls: 40, Failed: 1},
	}}, Rollout: paymux.Rollout{Stable: "1.4.2"}}}, nil
}

func (b *book) Decide(_ context.Context, d paymux.RolloutChange) (paymux.ChannelStatus, error) {
	if d.Version == "0" {
		return paymux.ChannelStatus{}, paymux.Errorf(paymux.InvalidRequest, "Version 0 was withdrawn.")
	}
	return paymux.ChannelStatus{Channel: d.Channel, Rollout: paymux.Rollout{Stable: d.Stable, Canary: d.Version, Percent: d.Percent}}, nil
}

func (b *book) BuriedTasks(context.Context, paymux.Page) ([]access.BuriedTask, error) {
	return []access.BuriedTask{{ID: "task_1", Kind: "notify", Reason: "refused"}}, nil
}

// Statistics has one payment in the first interval that is asked for, of whatever is asked for, and, for Account rows, as many rows as may be asked for.
func (b *book) Statistics(_ context.Context, q paymux.StatisticsQuery) (paymux.StatisticsAnswer, error) {
	b.statistics = q
	row := paymux.StatisticsRow{At: q.From, StatisticsKey: paymux.StatisticsKey{Merchant: q.Only.Merchant, Channel: "sandbox", Currency: "CNY"}}
	row.Created, row.Succeeded, row.Failed = paymux.Sum{Count: 4, Amount: 400}, paymux.Sum{Count: 2, Amount: 200}, paymux.Sum{Count: 1, Amount: 100}
	row.Answers[1], row.Successes[3] = 4, 2
	rows := []paymux.StatisticsRow{row}
	if q.Only.Account == "very many" {
		rows = slices.Repeat(rows, q.Limit)
		for i := range rows {
			rows[i].At = rows[i].At.Add(time.Duration(i) * time.Minute)
		}
	}
	return paymux.StatisticsAnswer{AsOf: frontTime, Rows: rows}, nil
}
