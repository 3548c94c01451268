package channelrpc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/internal/rpc"
)

// bank is a channel made of funcs.
type bank struct {
	do        func(context.Context, channel.Operation) (channel.Result, error)
	query     func(channel.Operation) (channel.Result, error)
	callback  func(channel.CallbackRequest) (channel.Callback, error)
	statement func(time.Time) ([]channel.StatementLine, error)
}

func (b *bank) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	return b.do(ctx, op)
}
func (b *bank) Query(_ context.Context, op channel.Operation) (channel.Result, error) {
	return b.query(op)
}
func (b *bank) Callback(_ context.Context, r channel.CallbackRequest) (channel.Callback, error) {
	return b.callback(r)
}
func (b *bank) Statement(_ context.Context, day time.Time) ([]channel.StatementLine, error) {
	return b.statement(day)
}

// wire serves a bank and returns the other end.
func wire(t testing.TB, b *bank) (*channelrpc.Server, *channelrpc.Channel) {
	t.Helper()
	m, err := natsserver.Open(natsserver.Config{Dir: t.TempDir(), Config: natsclient.Config{Name: "test", Log: slog.New(slog.DiscardHandler)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	s := channelrpc.NewServer(m.Conn, "1.2.3", 0, slog.New(slog.DiscardHandler))
	err = s.Serve(&channel.Account{Name: "main", Driver: &channel.Driver{Name: "bank", TimeLimit: 5 * time.Second}, Channel: b})
	if err = errors.Join(err, s.Flush(context.Background())); err != nil {
		t.Fatal(err)
	}
	return s, &channelrpc.Channel{Client: &rpc.Client{Conn: m.Conn, Faults: channelrpc.Faults()}, Name: "bank", Version: "1.2.3", Account: "main"}
}

// fill gives every field of a value a value of its own.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.UnixMilli(r.Int64N(1 << 40)).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	case reflect.String:
		v.SetString(string(rune('一'+r.IntN(1000))) + "\"<&>\\")
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + r.Int64N(1<<40))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(r, v.Index(i))
		}
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(256)))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(r, key)
		fill(r, value)
		v.SetMapIndex(key, value)
	default:
		panic("no way to fill a " + v.Kind().String())
	}
}

func filled[T any](r *rand.Rand) T {
	var v T
	fill(r, reflect.ValueOf(&v).Elem())
	return v
}

// reveal lets cmp see secrets, which this wire carries in clear.
var reveal = cmp.Transformer("reveal", func(s paymux.Secret) string { return s.Reveal() })

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, reveal); diff != "" {
		t.Errorf("%s was changed by the wire:\n%s", what, diff)
	}
}

// A field that is added to the contract in Go and forgotten on the wire fails here.
func TestNoFieldIsLostOnTheWire(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	op, result, request, news := filled[channel.Operation](r), filled[channel.Result](r), filled[channel.CallbackRequest](r), filled[channel.Callback](r)
	request.Channel, request.Account, request.RemoteAddr, request.RequestID = "bank", "main", "", "" // the first two are in the subject, the others nobody's business
	b := &bank{
		do: func(_ context.Context, got channel.Operation) (channel.Result, error) {
			same(t, "operation", op, got)
			return result, nil
		},
		query: func(got channel.Operation) (channel.Result, error) {
			same(t, "query", without(op), got)
			return result, nil
		},
		callback: func(got channel.CallbackRequest) (channel.Callback, error) {
			same(t, "callback", request, got)
			return news, nil
		},
	}
	_, c := wire(t, b)
	got, err := c.Do(t.Context(), op)
	same(t, "result", result, got)
	queried, queryErr := c.Query(t.Context(), op)
	same(t, "query's result", result, queried)
	heard, callbackErr := c.Callback(t.Context(), request)
	same(t, "news", news, heard)
	if err := errors.Join(err, queryErr, callbackErr); err != nil {
		t.Error(err)
	}
}

// without is an operation as a query has it: without card data.
func without(op channel.Operation) channel.Operation {
	op.Card = nil
	return op
}

// An empty notification is of the schema, too: what is nil in Go is not null on the wire.
func TestRequestsAreOfTheSchema(t *testing.T) {
	t.Parallel()
	_, c := wire(t, &bank{callback: func(channel.CallbackRequest) (channel.Callback, error) { return channel.Callback{}, nil }})
	sent, err := c.Client.Conn.SubscribeSync("paymux.channel.>")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Callback(t.Context(), channel.CallbackRequest{}); err != nil {
		t.Fatal(err)
	}
	m, err := sent.NextMsg(5 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := channelrpc.Deviations("CallbackRequest", m.Data); err != nil || found != nil {
		t.Errorf("%s: %q, %v", m.Data, found, err)
	}
}

func TestErrorsMeanTheSameOnBothSides(t *testing.T) {
	t.Parallel()
	var next error
	b := &bank{
		do:    func(context.Context, channel.Operation) (channel.Result, error) { return channel.Result{}, next },
		query: func(channel.Operation) (channel.Result, error) { return channel.Result{}, next },
		callback: func(channel.CallbackRequest) (channel.Callback, error) {
			return channel.Callback{Operation: "op_1"}, next
		},
		statement: func(time.Time) ([]channel.StatementLine, error) { return nil, next },
	}
	_, c := wire(t, b)
	all := []error{channel.ErrNotSent, channel.ErrUnsupported, channel.ErrAbsent, channel.ErrForged, channel.ErrStale, channel.ErrMalformed}
	for _, want := range append(all, errors.New("nobody knows")) {
		next = want
		_, doErr := c.Do(t.Context(), channel.Operation{ID: "op_1"})
		_, queryErr := c.Query(t.Context(), channel.Operation{ID: "op_1"})
		cb, callbackErr := c.Callback(t.Context(), channel.CallbackRequest{})
		_, statementErr := c.Statement(t.Context(), time.Now())
		for _, err := range []error{doErr, queryErr, callbackErr, statementErr} {
			for _, sentinel := range all {
				if errors.Is(err, sentinel) != (sentinel == want) {
					t.Errorf("%v came as %v", want, err)
				}
			}
		}
		if errors.Is(want, channel.ErrForged) && cb.Operation != "op_1" {
			t.Error("the operation a forged callback names is lost, and with it its line on the timeline")
		}
	}
}

// What was made for another account is that at the other end, too, and still a forgery for who knows no better.
func TestAForeignCallbackIsToldApart(t *testing.T) {
	t.Parallel()
	_, c := wire(t, &bank{callback: func(channel.CallbackRequest) (channel.Callback, error) {
		return channel.Callback{Operation: "op_1"}, fmt.Errorf("of another merchant: %w", channel.ErrForeign)
	}})
	cb, err := c.Callback(t.Context(), channel.CallbackRequest{})
	if !errors.Is(err, channel.ErrForeign) || !errors.Is(err, channel.ErrForged) || cb.Operation != "op_1" {
		t.Errorf("%+v, %v", cb, err)
	}
}

func TestALongStatementComesInParts(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	lines := make([]channel.StatementLine, 4500)
	for i := range lines {
		lines[i] = filled[channel.StatementLine](r)
	}
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	_, c := wire(t, &bank{statement: func(got time.Time) ([]channel.StatementLine, error) {
		same(t, "day", day, got)
		return lines, nil
	}})
	got, err := c.Statement(t.Context(), day.Add(7*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "statement", lines, got)
}

func TestWithoutAPackageNothingWasSent(t *testing.T) {
	t.Parallel()
	s, c := wire(t, &bank{})
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), channel.Operation{ID: "op_1"}); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("%v", err)
	}
	if _, err := c.Do(t.Context(), channel.Operation{}); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("an operation without an ID: %v", err)
	}
}

// BenchmarkHop is a payment's way to a package in another process and back, without what the package does.
func BenchmarkHop(b *testing.B) {
	result := channel.Result{State: paymux.OpSucceeded, Money: paymux.Money{Amount: 1250, Currency: "CNY"}, ChannelID: "t1"}
	_, c := wire(b, &bank{do: func(context.Context, channel.Operation) (channel.Result, error) { return result, nil }})
	op := channel.Operation{
		ID: "op_01JDQ7G6S8T5V3W2X1Y0Z9A8B7", Kind: paymux.Pay, Money: result.Money, Payment: "pay_01JDQ7G6S8T5V3W2X1Y0Z9A8B7",
		Method: paymux.Method{Type: paymux.Card}, MerchantOrderID: "A-1000001", Description: "two cups of tea",
		ReturnURL: "https://shop.example/thanks", CallbackURL: "https://pay.example/callbacks/bank/main", PageURL: "https://pay.example/pay/pay_1",
		ExpiresAt: time.Now().Add(time.Hour), SentAt: time.Now(),
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Do(b.Context(), op); err != nil {
			b.Fatal(err)
		}
	}
}
