package rollout_test

import (
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Calls are counted by channel, whether it is in this process or elsewhere, and whatever comes and goes.
func TestCallsAreCountedByChannel(t *testing.T) {
	t.Parallel()
	own := *bank
	own.Name = "own"
	y := newYard(t, &channel.Account{Name: "here", Driver: &own, Channel: &parcel{answer: paid}, Methods: own.Methods})
	_, first := y.start("1.0.0", paid)
	y.until("the package is known", y.sees(1))
	for range 3 {
		if _, err := y.pay(); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	y.until("the package is gone", y.sees(0))
	y.start("1.1.0", paid)
	y.until("another is known", y.sees(1))
	if _, err := y.pay(); err != nil {
		t.Fatal(err)
	}
	if _, err := y.channels.Accounts().Named("here").Do(t.Context(), channel.Operation{ID: "op_1", Kind: paymux.Pay}); err != nil {
		t.Fatal(err)
	}
	meters := y.channels.Meters()
	for name, want := range map[string]int64{"bank": 4, "own": 1} {
		m := meters[name]
		if m == nil || len(m.Calls()) != 1 || m.Calls()[0].Outcomes["succeeded"] != want {
			t.Errorf("%s: %+v, want %d calls", name, m.Calls(), want)
		}
	}
}
