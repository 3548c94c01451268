package channeltest

import (
	"regexp"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/keyring"
)

var (
	driverName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	optionName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// driver checks what the driver says about itself.
func (b *bench) driver(t T) {
	d := &b.s.Driver
	if !driverName.MatchString(d.Name) || d.Title == "" {
		t.Errorf("name %q must be lower case letters and digits, title %q must not be empty", d.Name, d.Title)
	}
	if d.TimeLimit <= 0 || d.TimeLimit > 5*time.Minute {
		t.Errorf("time limit %v: a call must end", d.TimeLimit)
	}
	if len(d.Methods) == 0 {
		t.Error("no methods")
	}
	for _, m := range d.Methods {
		if !slices.Contains(paymux.MethodTypes(), m) {
			t.Errorf("method %q is not in the vocabulary", m)
		}
		if !slices.ContainsFunc(b.s.Payers, func(p Payer) bool { return p.Method.Type == m }) {
			notChecked(t, "method "+string(m)+": the subject has no payer for it")
		}
	}
	b.currencies(t)
	b.features(t)
	b.options(t)
}

func (b *bench) currencies(t T) {
	d := &b.s.Driver
	for _, c := range d.Currencies {
		if !c.Valid() {
			t.Errorf("currency %q is unknown", c)
		}
	}
	for c, exp := range d.Exponents {
		if !c.Valid() || exp < 0 || exp > 4 {
			t.Errorf("exponent %d of currency %q", exp, c)
		}
		if exp == c.Exponent() {
			t.Errorf("exponent of %s is listed and is no different from ISO 4217", c)
		}
	}
	for _, c := range []paymux.Currency{"JPY", "USD", "KWD"} {
		want, deviates := d.Exponents[c]
		if !deviates {
			want = c.Exponent()
		}
		if got := d.Exponent(c); got != want {
			t.Errorf("Exponent(%s) = %d, want %d", c, got, want)
		}
	}
}

func (b *bench) features(t T) {
	f := b.s.Driver.Features
	if f.PartialRefund && !f.Refund || (f.PartialCapture || f.MultiCapture) && !f.ManualCapture {
		t.Errorf("features contradict each other: %+v", f)
	}
	if !slices.Contains(b.s.Driver.Methods, paymux.Card) && (f.CardNumbers || f.CardTokens) {
		t.Error("takes card numbers or tokens, but not the method card")
	}
}

func (b *bench) options(t T) {
	d := &b.s.Driver
	required := map[string]string{}
	seen := map[string]bool{}
	for _, o := range d.Options {
		if !optionName.MatchString(o.Name) || o.Help == "" || seen[o.Name] {
			t.Errorf("option %q must be snake_case, listed once, and have a help text", o.Name)
		}
		if o.Kind != "" && (!o.Secret || !slices.Contains(keyring.Kinds(), o.Kind)) {
			t.Errorf("key option %q must be a secret and of a known kind, not %q", o.Name, o.Kind)
		}
		if o.Secret && o.Default != "" {
			t.Errorf("secret option %q has a default", o.Name)
		}
		seen[o.Name] = true
		if o.Required {
			required[o.Name] = "x"
		}
	}
	if err := d.Check(map[string]string{"no_such_option": "x"}); err == nil {
		t.Error("Check passes an option the driver does not have")
	}
	for name := range required {
		left := map[string]string{}
		for other, text := range required {
			if other != name {
				left[other] = text
			}
		}
		if d.Check(left) == nil {
			t.Errorf("Check passes although option %s is missing", name)
		}
	}
	if _, err := d.Open(channel.Config{Account: "empty", Options: nil, Client: b.s.Config.Client, Log: b.s.Config.Log, Now: b.s.Config.Now}); err == nil && len(required) > 0 {
		t.Error("Open passes although required options are missing")
	}
}
