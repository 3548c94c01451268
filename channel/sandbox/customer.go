package sandbox

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// customer is what the institution knows of one account there.
type customer struct {
	name           string
	methods        []paymux.MethodType
	magic          bool
	magicNothing   bool // amounts that ask for nothing to be done are heard
	notifyAnswered bool
	eager          bool
	signer         signer   // of notifications
	key            [32]byte // digest of what calls over the wire bear
	options        []string // those that are not secret, for the list of accounts
	faults         *atomic.Pointer[switches]
	script         *atomic.Pointer[script]
}

var methods = []paymux.MethodType{paymux.Card, paymux.WeChatPay, paymux.Alipay, paymux.PayPal, paymux.BankTransfer}

// customerOptions are what an account may be like at the institution.
func customerOptions() []channel.Option {
	return []channel.Option{
		{Name: "methods", Help: "Methods the account takes, separated by commas.", Default: join(methods)},
		{Name: "magic", Help: "on: the last two digits of an amount choose what happens (see the list of magic amounts). off: amounts mean nothing.", Default: "on"},
		{Name: "magic_503", Help: "on: amounts ending in 09 are answered 503 and those ending in 14 refused. off: they are taken, as on an account that others fail over to.", Default: "on"},
		{Name: "notify_answered", Help: "on: outcomes given in the answer to a call are notified, too. off: only outcomes that come later are.", Default: "on"},
		{Name: "eager_payers", Help: "on: payers pay within 0.1 s, without a page or an app. off: they wait to be played.", Default: "off"},
	}
}

// newCustomer reads the options, without the account's secrets.
func (i *Institution) newCustomer(name string, options map[string]string) (*customer, error) {
	d := &channel.Driver{Name: Name, Options: customerOptions()}
	if err := d.Check(options); err != nil {
		return nil, err
	}
	conf := channel.Config{Options: options}
	c := &customer{name: name, signer: ownSecret(i.secret), key: i.key, faults: &atomic.Pointer[switches]{}, script: &atomic.Pointer[script]{}}
	c.faults.Store(works)
	var err error
	c.methods, err = parseMethods(d.Option(conf, "methods"))
	for name, into := range map[string]*bool{"magic": &c.magic, "magic_503": &c.magicNothing, "notify_answered": &c.notifyAnswered, "eager_payers": &c.eager} {
		err = errors.Join(err, parseSwitch(name, d.Option(conf, name), into))
	}
	if err != nil {
		return nil, fmt.Errorf("channel %s, account %s: %w", Name, name, err)
	}
	for _, o := range d.Options {
		c.options = append(c.options, o.Name+"="+d.Option(conf, o.Name))
	}
	return c, nil
}

// admit puts a customer in the list, in place of an earlier one of the same name,
// whose switches and script outlive it.
func (i *Institution) admit(c *customer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if before := i.customers[c.name]; before != nil {
		c.faults, c.script = before.faults, before.script
	}
	i.customers[c.name] = c
}

// OpenAccount opens an account for calls over the wire, or changes the options of one.
// Beside the driver's options that are the institution's (methods, magic and so on) it may
// have a callback_secret and an api_key; without them the institution's own are used.
// Accounts are not in the book: open them after each start. Errors: paymux.InvalidRequest.
func (i *Institution) OpenAccount(name string, options map[string]string) error {
	if !plainName(name) {
		return paymux.Errorf(paymux.InvalidRequest, "%q is not a name of lower case letters, digits, - and _, 64 at most.", name).At("account")
	}
	visible := maps.Clone(options)
	secret, key := options[optionSecret], options[optionKey]
	delete(visible, optionSecret)
	delete(visible, optionKey)
	c, err := i.newCustomer(name, visible)
	if err != nil {
		return paymux.Errorf(paymux.InvalidRequest, "%v.", err).At("options")
	}
	if secret != "" {
		c.signer = ownSecret(secret)
	}
	if key != "" {
		c.key = sha256.Sum256([]byte(key))
	}
	i.admit(c)
	return nil
}

func plainName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// Accounts lists the open accounts by name.
func (i *Institution) Accounts() []string {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return slices.Sorted(maps.Keys(i.customers))
}

func (i *Institution) customer(name string) (*customer, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if c := i.customers[name]; c != nil {
		return c, nil
	}
	return nil, paymux.Errorf(paymux.NotFound, "The sandbox has no account %q.", name)
}

// magicOf is what a request's amount asks for.
func (c *customer) magicOf(r *request) Behaviour {
	if r.Kind != paymux.Pay || !c.magic || r.Amount < 0 {
		return ""
	}
	b := byDigits[r.Amount%100]
	if !c.magicNothing && (b == Unavailable || b == Refused) {
		return ""
	}
	return b
}

func parseMethods(list string) ([]paymux.MethodType, error) {
	var some []paymux.MethodType
	for _, name := range strings.Split(list, ",") {
		m := paymux.MethodType(strings.TrimSpace(name))
		if !slices.Contains(methods, m) {
			return nil, fmt.Errorf("option methods: %q is none of %s", m, join(methods))
		}
		some = append(some, m)
	}
	return some, nil
}

func parseSwitch(name, text string, into *bool) error {
	if text != "on" && text != "off" {
		return fmt.Errorf("option %s is on or off, not %q", name, text)
	}
	*into = text == "on"
	return nil
}

func join(some []paymux.MethodType) string {
	names := make([]string, len(some))
	for at, m := range some {
		names[at] = string(m)
	}
	return strings.Join(names, ",")
}
