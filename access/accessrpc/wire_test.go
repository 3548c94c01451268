package accessrpc_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wiretest"
)

// arguments fills what a method is called with, behind its context. Pointers may be nil.
func arguments(method reflect.Type, seed uint64) []reflect.Value {
	var args []reflect.Value
	for i := 1; i < method.NumIn(); i++ {
		arg := reflect.New(method.In(i))
		if method.In(i).Kind() != reflect.Pointer || seed%3 > 0 {
			wiretest.Fill(arg.Interface(), seed+uint64(i))
		}
		args = append(args, arg.Elem())
	}
	return args
}

func values(from []reflect.Value) []any {
	var out []any
	for _, v := range from {
		out = append(out, v.Interface())
	}
	return out
}

// eachMethod calls do with every method of the client, and the room's of the same name.
func eachMethod(h *house, do func(name string, client, room reflect.Value)) {
	c, r := reflect.ValueOf(h.Client), reflect.ValueOf(h.room)
	for i := range c.NumMethod() {
		name := c.Type().Method(i).Name
		do(name, c.Method(i), r.MethodByName(name))
	}
}

// Every field of every argument and result arrives, whatever it holds.
func TestNothingIsLostOnTheWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0, (*room).node)
	methods := 0
	eachMethod(h, func(name string, client, direct reflect.Value) {
		methods++
		for seed := range uint64(15) {
			h.room.seed = 1000 * seed
			args := arguments(client.Type(), seed)
			call := append([]reflect.Value{reflect.ValueOf(t.Context())}, args...)
			h.room.asked = nil
			got := values(client.Call(call))
			if diff := cmp.Diff([]heard{{name, values(args)}}, h.room.asked, cmp.AllowUnexported(heard{})); diff != "" {
				t.Fatalf("%s: the room heard something else:\n%s", name, diff)
			}
			if diff := cmp.Diff(values(direct.Call(call)), got); diff != "" {
				t.Fatalf("%s: the room said something else:\n%s", name, diff)
			}
		}
	})
	if methods < 40 {
		t.Errorf("only %d methods", methods)
	}
}

// A list of nothing stays what it was: none, or nil.
func TestEmptyLists(t *testing.T) {
	t.Parallel()
	for _, want := range [][]paymux.Key{nil, {}} {
		h := newHouse(t, 0, func(r *room) accessrpc.Node {
			n := r.node()
			n.Merchants = keysOnly{r, want}
			return n
		})
		if got, err := h.Keys(t.Context(), "mer_1"); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%#v came as %#v, %v", want, got, err)
		}
	}
}

type keysOnly struct {
	*room
	keys []paymux.Key
}

func (k keysOnly) Keys(context.Context, paymux.MerchantID) ([]paymux.Key, error) { return k.keys, nil }

func TestErrorsAreTheNodes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0, (*room).node)
	for _, want := range []error{
		paymux.NotFound, paymux.ErrStale, paymux.ErrKeyTaken, paymux.ErrOrderTaken, paymux.Errorf(paymux.StateConflict, "It is disabled.").At("endpoint"),
		fmt.Errorf("commit: %w", paymux.ErrKeyTaken), fmt.Errorf("load: %w", paymux.NotFound), errors.Join(paymux.ErrStale, paymux.Errorf(paymux.Unavailable, "Later.")),
	} {
		h.room.err = want
		eachMethod(h, func(name string, client, _ reflect.Value) {
			out := client.Call(append([]reflect.Value{reflect.ValueOf(t.Context())}, arguments(client.Type(), 1)...))
			got, _ := out[len(out)-1].Interface().(error)
			for _, is := range []error{paymux.NotFound, paymux.ErrStale, paymux.ErrKeyTaken, paymux.ErrOrderTaken, paymux.StateConflict, paymux.Unavailable, rpc.ErrNotTaken} {
				if errors.Is(want, is) != errors.Is(got, is) {
					t.Errorf("%s: %v came as %v", name, want, got)
				}
			}
			for _, o := range out[:len(out)-1] {
				if !o.IsZero() {
					t.Errorf("%s: beside the error there is %v", name, o)
				}
			}
		})
	}
}

// reads are the methods whose repeat does nothing twice; all others change something.
const reads = " Payment Payments Operations RefundByID Refunds Timeline Find Methods Key KeyByDigest Revision Merchant Merchants Keys Endpoint Endpoints " +
	"FailingEndpoints Link Links Event Events Newest CountReplay Replay Notifications Attempts Idempotency BuriedTasks Statuses Statistics Ready " +
	"RuleSetStatus RuleSetVersions RuleSetVersion RuleSetDrafts RuleSetDraft LintRuleSet SimulateRouting ReplayRouting ExplainRouting RoutingHealth RoutingQuotas "

func TestLostCalls(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0, (*room).node)
	eachMethod(h, func(name string, client, _ reflect.Value) {
		began, end := make(chan struct{}), make(chan struct{})
		ended := make(chan error, 1)
		h.room.do = func(ctx context.Context) error {
			close(began)
			<-end
			ended <- ctx.Err()
			return nil
		}
		ctx, leave := context.WithTimeout(t.Context(), time.Hour)
		go func() { <-began; leave() }()
		out := client.Call(append([]reflect.Value{reflect.ValueOf(ctx)}, arguments(client.Type(), 1)...))
		close(end)
		var err *paymux.Error
		if last, _ := out[len(out)-1].Interface().(error); !errors.As(last, &err) || err.RetryAfter == 0 {
			t.Fatalf("%s: %v", name, last)
		}
		want := paymux.OutcomeUnknown
		if strings.Contains(reads, " "+name+" ") {
			want = paymux.Unavailable
		}
		if err.Code != want {
			t.Errorf("%s: a lost answer is %v, want %s", name, err, want)
		}
		if err := <-ended; err != nil {
			t.Errorf("%s: the work was ended: %v", name, err)
		}
	})
	h.room.do = nil
	h.room.asked = nil
	if err := h.server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	eachMethod(h, func(name string, client, _ reflect.Value) {
		out := client.Call(append([]reflect.Value{reflect.ValueOf(t.Context())}, arguments(client.Type(), 1)...))
		var err *paymux.Error
		if last, _ := out[len(out)-1].Interface().(error); !errors.As(last, &err) || err.Code != paymux.Unavailable || err.RetryAfter == 0 {
			t.Errorf("%s: what nobody takes is %v", name, last)
		}
	})
	if len(h.room.asked) > 0 {
		t.Errorf("a stopped node heard %v", h.room.asked)
	}
}

// A change that was begun has no deadline; a question ends with its caller's patience.
func TestOnlyChangesOutliveTheirCallers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0, (*room).node)
	eachMethod(h, func(name string, client, _ reflect.Value) {
		limited := false
		h.room.do = func(ctx context.Context) error { _, limited = ctx.Deadline(); return nil }
		client.Call(append([]reflect.Value{reflect.ValueOf(t.Context())}, arguments(client.Type(), 1)...))
		if read := strings.Contains(reads, " "+name+" "); limited != read {
			t.Errorf("%s: it has a deadline: %v", name, limited)
		}
	})
}

func TestWhatIsNotCompleteIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0, (*room).node)
	whole := h.room.node()
	for i := range reflect.TypeOf(whole).NumField() {
		node := whole
		reflect.ValueOf(&node).Elem().Field(i).SetZero()
		name := reflect.TypeOf(whole).Field(i).Name
		if err := accessrpc.Serve(h.server, "other", node); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	for _, name := range []string{"", "a.b", "*"} {
		if _, err := accessrpc.NewClient(h.front, name); err == nil {
			t.Errorf("a client of region %q", name)
		}
		if err := accessrpc.Serve(h.server, name, whole); err == nil {
			t.Errorf("a server of region %q", name)
		}
	}
	if err := accessrpc.Serve(rpc.NewServer(rpc.Config{Conn: h.front}), "other", whole); err == nil {
		t.Error("a server that would lose errors is taken")
	}
}
