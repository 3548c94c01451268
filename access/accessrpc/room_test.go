package accessrpc_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/cashier"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/payment/paymentrpc"
)

// Whoever asks cannot tell the client from the rooms.
var (
	_ access.Queries         = (*accessrpc.Client)(nil)
	_ access.Directory       = (*accessrpc.Client)(nil)
	_ access.Merchants       = (*accessrpc.Client)(nil)
	_ access.Endpoints       = (*accessrpc.Client)(nil)
	_ access.Links           = (*accessrpc.Client)(nil)
	_ access.Events          = (*accessrpc.Client)(nil)
	_ access.Notifications   = (*accessrpc.Client)(nil)
	_ access.NotificationLog = (*accessrpc.Client)(nil)
	_ access.Answers         = (*accessrpc.Client)(nil)
	_ access.Tasks           = (*accessrpc.Client)(nil)
	_ access.Channels        = (*accessrpc.Client)(nil)
	_ access.Statistics      = (*accessrpc.Client)(nil)
	_ access.RuleSets        = (*accessrpc.Client)(nil)
	_ access.RuleSetTrials   = (*accessrpc.Client)(nil)
	_ access.Routes          = (*accessrpc.Client)(nil)
	_ cashier.Links          = (*accessrpc.Client)(nil)
	_ accessrpc.Payers       = (*accessrpc.Client)(nil)
	_ accessrpc.Payers       = (*payment.Service)(nil)
	_ access.Notifications   = (*notify.Notifier)(nil)
)

// heard is what a room was asked.
type heard struct {
	what string
	with []any
}

// room is every room of a node. It notes what it is asked, and answers with
// filled values that depend on the seed alone, or with its error.
type room struct {
	mu    sync.Mutex
	asked []heard
	seed  uint64
	err   error
	do    func(ctx context.Context) error // before the answer
	fault func(what string) error         // of one kind of question
}

func answer[R any](ctx context.Context, r *room, what string, with ...any) (R, error) {
	var out R
	r.mu.Lock()
	r.asked = append(r.asked, heard{what, with})
	seed, err, do, fault := r.seed, r.err, r.do, r.fault
	r.mu.Unlock()
	if do != nil {
		err = do(ctx)
	}
	if err == nil && fault != nil {
		err = fault(what)
	}
	if err == nil {
		wiretest.Fill(&out, seed)
	}
	return out, err
}

func done(ctx context.Context, r *room, what string, with ...any) error {
	_, err := answer[struct{}](ctx, r, what, with...)
	return err
}

func (r *room) Payment(ctx context.Context, m paymux.MerchantID, id paymux.PaymentID) (paymux.Payment, error) {
	return answer[paymux.Payment](ctx, r, "Payment", m, id)
}
func (r *room) Payments(ctx context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error) {
	return answer[[]paymux.Payment](ctx, r, "Payments", f)
}
func (r *room) Operations(ctx context.Context, m paymux.MerchantID, id paymux.PaymentID) ([]paymux.Operation, error) {
	return answer[[]paymux.Operation](ctx, r, "Operations", m, id)
}
func (r *room) RefundByID(ctx context.Context, m paymux.MerchantID, id paymux.RefundID) (paymux.Refund, error) {
	return answer[paymux.Refund](ctx, r, "RefundByID", m, id)
}
func (r *room) Refunds(ctx context.Context, f paymux.RefundFilter) ([]paymux.Refund, error) {
	return answer[[]paymux.Refund](ctx, r, "Refunds", f)
}
func (r *room) Timeline(ctx context.Context, m paymux.MerchantID, id paymux.PaymentID) ([]paymux.Hop, error) {
	return answer[[]paymux.Hop](ctx, r, "Timeline", m, id)
}
func (r *room) Find(ctx context.Context, id paymux.PaymentID) (paymux.Payment, error) {
	return answer[paymux.Payment](ctx, r, "Find", id)
}
func (r *room) Methods(ctx context.Context, m paymux.MerchantID, sum paymux.Money) ([]paymux.MethodType, error) {
	return answer[[]paymux.MethodType](ctx, r, "Methods", m, sum)
}
func (r *room) Key(ctx context.Context, id paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	out, err := answer[struct {
		K paymux.Key
		M paymux.Merchant
	}](ctx, r, "Key", id)
	return out.K, out.M, err
}
func (r *room) KeyByDigest(ctx context.Context, digest []byte) (paymux.Key, paymux.Merchant, error) {
	out, err := answer[struct {
		K paymux.Key
		M paymux.Merchant
	}](ctx, r, "KeyByDigest", digest)
	return out.K, out.M, err
}
func (r *room) Revision(ctx context.Context) (int64, error) {
	return answer[int64](ctx, r, "Revision")
}
func (r *room) CreateMerchant(ctx context.Context, m paymux.Merchant) error {
	return done(ctx, r, "CreateMerchant", m)
}
func (r *room) UpdateMerchant(ctx context.Context, m paymux.Merchant) error {
	return done(ctx, r, "UpdateMerchant", m)
}
func (r *room) Merchant(ctx context.Context, id paymux.MerchantID) (paymux.Merchant, error) {
	return answer[paymux.Merchant](ctx, r, "Merchant", id)
}
func (r *room) Merchants(ctx context.Context, p paymux.Page) ([]paymux.Merchant, error) {
	return answer[[]paymux.Merchant](ctx, r, "Merchants", p)
}
func (r *room) CreateKey(ctx context.Context, k paymux.Key, i *paymux.Idempotency) error {
	return done(ctx, r, "CreateKey", k, i)
}
func (r *room) RevokeKey(ctx context.Context, m paymux.MerchantID, id paymux.KeyID, at time.Time, i *paymux.Idempotency) error {
	return done(ctx, r, "RevokeKey", m, id, at, i)
}
func (r *room) Keys(ctx context.Context, m paymux.MerchantID) ([]paymux.Key, error) {
	return answer[[]paymux.Key](ctx, r, "Keys", m)
}
func (r *room) CreateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return done(ctx, r, "CreateEndpoint", e, i)
}
func (r *room) UpdateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return done(ctx, r, "UpdateEndpoint", e, i)
}
func (r *room) DeleteEndpoint(ctx context.Context, m paymux.MerchantID, id paymux.EndpointID, i *paymux.Idempotency) error {
	return done(ctx, r, "DeleteEndpoint", m, id, i)
}
func (r *room) Endpoint(ctx context.Context, m paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	return answer[paymux.Endpoint](ctx, r, "Endpoint", m, id)
}
func (r *room) Endpoints(ctx context.Context, m paymux.MerchantID) ([]paymux.Endpoint, error) {
	return answer[[]paymux.Endpoint](ctx, r, "Endpoints", m)
}
func (r *room) FailingEndpoints(ctx context.Context, limit int) ([]paymux.Endpoint, error) {
	return answer[[]paymux.Endpoint](ctx, r, "FailingEndpoints", limit)
}
func (r *room) CreateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error {
	return done(ctx, r, "CreateLink", l, i)
}
func (r *room) UpdateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error {
	return done(ctx, r, "UpdateLink", l, i)
}
func (r *room) Link(ctx context.Context, id paymux.LinkID) (paymux.Link, error) {
	return answer[paymux.Link](ctx, r, "Link", id)
}
func (r *room) Links(ctx context.Context, m paymux.MerchantID, p paymux.Page) ([]paymux.Link, error) {
	return answer[[]paymux.Link](ctx, r, "Links", m, p)
}
func (r *room) Event(ctx context.Context, m paymux.MerchantID, id paymux.EventID) (paymux.Event, error) {
	return answer[paymux.Event](ctx, r, "Event", m, id)
}
func (r *room) Events(ctx context.Context, f paymux.EventFilter) ([]paymux.Event, error) {
	return answer[[]paymux.Event](ctx, r, "Events", f)
}
func (r *room) Newest(ctx context.Context, m paymux.MerchantID) (paymux.EventID, error) {
	return answer[paymux.EventID](ctx, r, "Newest", m)
}
func (r *room) Test(ctx context.Context, e paymux.Endpoint) (paymux.Event, error) {
	return answer[paymux.Event](ctx, r, "Test", e)
}
func (r *room) Resend(ctx context.Context, m paymux.MerchantID, event paymux.EventID, to paymux.EndpointID) ([]paymux.EndpointID, error) {
	return answer[[]paymux.EndpointID](ctx, r, "Resend", m, event, to)
}
func (r *room) CountReplay(ctx context.Context, p paymux.Replay) (int, error) {
	return answer[int](ctx, r, "CountReplay", p)
}
func (r *room) StartReplay(ctx context.Context, p paymux.Replay, i *paymux.Idempotency) error {
	return done(ctx, r, "StartReplay", p, i)
}
func (r *room) Replay(ctx context.Context, m paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	return answer[paymux.Replay](ctx, r, "Replay", m, id)
}
func (r *room) CancelReplay(ctx context.Context, m paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	return answer[paymux.Replay](ctx, r, "CancelReplay", m, id)
}
func (r *room) Notifications(ctx context.Context, f paymux.NotificationFilter) ([]paymux.Notification, paymux.EventID, error) {
	out, err := answer[struct {
		List []paymux.Notification
		Next paymux.EventID
	}](ctx, r, "Notifications", f)
	return out.List, out.Next, err
}
func (r *room) Attempts(ctx context.Context, m paymux.MerchantID, event paymux.EventID, to paymux.EndpointID) ([]paymux.Attempt, error) {
	return answer[[]paymux.Attempt](ctx, r, "Attempts", m, event, to)
}
func (r *room) Idempotency(ctx context.Context, m paymux.MerchantID, key string) (paymux.Idempotency, error) {
	return answer[paymux.Idempotency](ctx, r, "Idempotency", m, key)
}
func (r *room) Statuses(ctx context.Context) ([]paymux.ChannelStatus, error) {
	return answer[[]paymux.ChannelStatus](ctx, r, "Statuses")
}

func (r *room) Decide(ctx context.Context, d paymux.RolloutChange) (paymux.ChannelStatus, error) {
	return answer[paymux.ChannelStatus](ctx, r, "Decide", d)
}

func (r *room) BuriedTasks(ctx context.Context, p paymux.Page) ([]access.BuriedTask, error) {
	return answer[[]access.BuriedTask](ctx, r, "BuriedTasks", p)
}
func (r *room) Statistics(ctx context.Context, q paymux.StatisticsQuery) (paymux.StatisticsAnswer, error) {
	return answer[paymux.StatisticsAnswer](ctx, r, "Statistics", q)
}
func (r *room) Ready(ctx context.Context) error { return done(ctx, r, "Ready") }

// reply is one of each kind, by the seed: done, pending, refused, and all at once.
func (r *room) reply(ctx context.Context, what string, q any) (paymux.Reply, error) {
	out, err := answer[paymux.Reply](ctx, r, what, q)
	if err != nil {
		return out, err
	}
	out.Error.Code = paymux.PaymentDeclined
	if r.seed%4 < 2 {
		out.Error = nil
	}
	out.Accepted = r.seed%2 == 1
	return out, nil
}

// The payment room's verbs, which travel by paymentrpc.
func (r *room) Create(ctx context.Context, q paymux.CreatePayment) (paymux.Reply, error) {
	return r.reply(ctx, "Create", q)
}
func (r *room) Confirm(ctx context.Context, q paymux.ConfirmPayment) (paymux.Reply, error) {
	return r.reply(ctx, "Confirm", q)
}
func (r *room) Capture(ctx context.Context, q paymux.CapturePayment) (paymux.Reply, error) {
	return r.reply(ctx, "Capture", q)
}
func (r *room) Cancel(ctx context.Context, q paymux.CancelPayment) (paymux.Reply, error) {
	return r.reply(ctx, "Cancel", q)
}
func (r *room) Refund(ctx context.Context, q paymux.CreateRefund) (paymux.Reply, error) {
	return r.reply(ctx, "Refund", q)
}
func (r *room) Sync(ctx context.Context, q paymux.SyncPayment) (paymux.Reply, error) {
	return r.reply(ctx, "Sync", q)
}
func (r *room) Callback(ctx context.Context, q paymux.CallbackRequest) (paymux.CallbackAck, error) {
	ack, err := answer[paymux.CallbackAck](ctx, r, "Callback", q)
	ack.Status = 202 // one that HTTP has
	return ack, err
}

// node is the room in each of its roles.
func (r *room) node() accessrpc.Node {
	return accessrpc.Node{
		Queries: r, Directory: r, Merchants: r, Endpoints: r, Links: r, Events: r, Notifications: r, NotificationLog: r,
		Answers: r, Tasks: r, Channels: r, Statistics: r, RuleSets: r, RuleSetTrials: r, Routes: r, Payers: r, Ready: r.Ready,
	}
}

// house is a frontend's end and a node's end, each with a connection of its own.
type house struct {
	*accessrpc.Client
	payments *paymentrpc.Client
	room     *room
	server   *rpc.Server
	front    *nats.Conn
	log      *bytes.Buffer
}

const region = "local"

func newHouse(t testing.TB, maxPayload int32, node func(*room) accessrpc.Node) *house {
	t.Helper()
	m := wiretest.Open(t, maxPayload)
	h := &house{room: &room{}, front: m.Connect(), log: &bytes.Buffer{}}
	h.server = rpc.NewServer(rpc.Config{Conn: m.Connect(), Group: "node", Faults: accessrpc.Faults(), Log: slog.New(slog.NewTextHandler(h.log, nil))})
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(accessrpc.Serve(h.server, region, node(h.room)))
	must(paymentrpc.Serve(h.server, region, h.room))
	must(h.server.Flush(t.Context()))
	var err error
	h.Client, err = accessrpc.NewClient(h.front, region)
	must(err)
	h.payments, err = paymentrpc.NewClient(h.front, region, 0)
	must(err)
	return h
}
