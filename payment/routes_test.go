package payment_test

import (
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/routing"
)

// What routing is told of a card and a payer, and is written down: eight digits of the number at most, and no more of
// the payer than that it is the same one.
func TestWhatRoutingIsToldOfThePayer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{State: paymux.OpPending}, nil)
	marks := map[string]string{}
	for name, c := range map[string]struct {
		payer, number, bin, network string
	}{
		"visa":            {"", "4242424242424242", "42424242", "visa"},
		"mastercard":      {"", "2221000000000009", "22210000", "mastercard"},
		"a short number":  {"", "30569309025904", "305693", "diners"},
		"no such network": {"", "9999999999999995", "99999999", ""},
		"no number":       {"", "tok_1234", "", ""},
		"too short":       {"", "42424242", "", ""},
		"a known payer":   {"openid-1", "4242424242424242", "42424242", "visa"},
		"the same again":  {"openid-1", "2221000000000009", "22210000", "mastercard"},
		"nobody":          {},
	} {
		r := h.order(100)
		r.Method = paymux.Method{Type: paymux.Card, PayerID: c.payer}
		if c.number != "" {
			r.Card = &paymux.CardDetails{Number: paymux.Secret(c.number)}
		}
		made, _ := h.create(r)
		p := h.payment(made.ID)
		if made.Routing.Payer != "" {
			t.Errorf("%s: the merchant sees %q", name, made.Routing.Payer)
		}
		if p.Routing.BIN != c.bin || p.Routing.Network != c.network {
			t.Errorf("%s: told of %q, %q", name, p.Routing.BIN, p.Routing.Network)
		}
		if kept := string(p.AppendKept(nil)); c.number != "" && strings.Contains(kept, c.number) {
			t.Errorf("%s: kept %s", name, kept)
		}
		if (p.Routing.Payer == "") != (name == "nobody") {
			t.Errorf("%s: the payer is %q", name, p.Routing.Payer)
		}
		marks[name] = p.Routing.Payer
	}
	if marks["a known payer"] != marks["the same again"] || marks["a known payer"] == marks["visa"] || marks["visa"] == marks["mastercard"] {
		t.Errorf("payers are told apart as %v", marks)
	}
}

func TestRoutesAreJoinedAnewWhenAccountsOrRulesChange(t *testing.T) {
	t.Parallel()
	driver := &channel.Driver{Name: "bank", Methods: paymux.MethodTypes(), Features: features}
	set := func(names ...string) *channel.Accounts {
		var list []*channel.Account
		for _, name := range names {
			list = append(list, &channel.Account{Name: name, Driver: driver, Methods: driver.Methods})
		}
		return channel.NewAccounts(list...)
	}
	rules := func(f routing.Fallback) *routing.Program {
		p, err := routing.Compile(&routing.RuleSet{Fallback: f})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	accounts, program := set("a", "b"), rules(routing.Fallback{All: true})
	r := &payment.Routes{Accounts: func() *channel.Accounts { return accounts }, Program: func() *routing.Program { return program }}
	want := func(order string) {
		t.Helper()
		view := r.View()
		d := view.Decide(&routing.Request{Method: paymux.Card, Money: paymux.Money{Amount: 1, Currency: "CNY"}, Manual: true})
		if got := strings.Join(d.Order, " "); got != order || r.View() != view {
			t.Errorf("order %q, want %q", got, order)
		}
	}
	want("a b")
	accounts = set("c", "a", "b")
	want("c a b")
	program = rules(routing.Fallback{Use: []string{"b"}})
	want("b")
	plain := *driver
	plain.Features.ManualCapture = false
	driver = &plain
	accounts = set("b")
	want("")
}
