package channel

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// Driver describes an institution and opens accounts there. It is a value in
// the catalogue (channel/all); forms, config checks, docs and redaction come from it.
type Driver struct {
	Name       string // lower case letters and digits; names the folder, too
	Title      string
	Options    []Option
	Methods    []paymux.MethodType
	Features   Features
	Currencies []paymux.Currency // empty: all
	// Exponents are the institution's decimals where they differ from ISO 4217.
	Exponents map[paymux.Currency]int
	// TimeLimit is how long a call may take; after it the outcome is unknown.
	TimeLimit time.Duration
	// Open returns an account. It checks its options and does no I/O to the institution.
	Open func(Config) (Channel, error)
}

// Features say what an institution can do. What is false answers ErrUnsupported.
type Features struct {
	ManualCapture  bool `json:"manual_capture"`
	PartialCapture bool `json:"partial_capture"`
	MultiCapture   bool `json:"multi_capture"` // several captures of one reservation
	Cancel         bool `json:"cancel"`        // of an unpaid or reserved payment
	Refund         bool `json:"refund"`
	PartialRefund  bool `json:"partial_refund"`
	Query          bool `json:"query"`
	Callbacks      bool `json:"callbacks"`
	Statement      bool `json:"statement"`
	CardNumbers    bool `json:"card_numbers"` // takes card numbers; only institutions that pretend do
	CardTokens     bool `json:"card_tokens"`
}

// Option is one setting of an account.
type Option struct {
	Name     string // snake_case
	Help     string
	Default  string
	Required bool
	Secret   bool
	// Kind makes the option a key: the account asks [Config.Keys] to use it and never sees it.
	// Its text in [Config.Options] says only whether there is one. Secret is set, too.
	Kind KeyKind
	// Check says what is wrong with a key that a configuration spells out, as far as its form tells;
	// its error never quotes the text. Nil: any text will do. One in the key service is checked when it is used.
	Check func(text string) error
}

// Config opens one account.
type Config struct {
	Account string            // its name, as in /callbacks/<channel>/<account>
	Options map[string]string // by Option.Name; checked by [Driver.Check]
	Keys    Keys              // for the options that have a Kind
	Client  *http.Client      // for calls to the institution; it never resends by itself
	Log     *slog.Logger
	Now     func() time.Time
}

// Option returns an option's text, or its default.
func (d *Driver) Option(c Config, name string) string {
	if v := c.Options[name]; v != "" {
		return v
	}
	for _, o := range d.Options {
		if o.Name == name {
			return o.Default
		}
	}
	return ""
}

// Check reports every option that is missing or that the driver does not have.
func (d *Driver) Check(options map[string]string) error {
	var faults []string
	for name := range options {
		if !slices.ContainsFunc(d.Options, func(o Option) bool { return o.Name == name }) {
			faults = append(faults, fmt.Sprintf("option %q is unknown (options: %s)", name, d.optionNames()))
		}
	}
	for _, o := range d.Options {
		if o.Required && options[o.Name] == "" {
			faults = append(faults, fmt.Sprintf("option %q is missing: %s", o.Name, o.Help))
		}
	}
	if faults == nil {
		return nil
	}
	slices.Sort(faults)
	return fmt.Errorf("channel %s: %s", d.Name, strings.Join(faults, "; "))
}

func (d *Driver) optionNames() string {
	names := make([]string, len(d.Options))
	for i, o := range d.Options {
		names[i] = o.Name
	}
	return strings.Join(names, ", ")
}

// Takes reports whether the institution handles a method in a currency.
func (d *Driver) Takes(method paymux.MethodType, currency paymux.Currency) bool {
	return slices.Contains(d.Methods, method) &&
		(len(d.Currencies) == 0 || slices.Contains(d.Currencies, currency))
}

// Exponent is the institution's number of decimals for a currency.
func (d *Driver) Exponent(c paymux.Currency) int {
	if e, ok := d.Exponents[c]; ok {
		return e
	}
	return c.Exponent()
}

// Account is an open account with what is known about it.
type Account struct {
	Name    string
	Driver  *Driver
	Channel Channel
	Methods []paymux.MethodType // a subset of the driver's
	// Down is why the account takes no new payments just now; empty: it does.
	// What is under way there is still asked about.
	Down string
}

// Takes reports whether the account handles a method in a currency.
func (a *Account) Takes(method paymux.MethodType, currency paymux.Currency) bool {
	return slices.Contains(a.Methods, method) && a.Driver.Takes(method, currency)
}

// Do calls the channel within its time limit.
func (a *Account) Do(ctx context.Context, op Operation) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, a.Driver.TimeLimit)
	defer cancel()
	return a.Channel.Do(ctx, op)
}

// Query asks the channel within its time limit.
func (a *Account) Query(ctx context.Context, op Operation) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, a.Driver.TimeLimit)
	defer cancel()
	return a.Channel.Query(ctx, op)
}
