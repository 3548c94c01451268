package test_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/all"
)

// letter is a callback as it is posted.
type letter struct {
	header http.Header
	body   []byte
	query  string // of the URL
}

// lie is how a claim that a payment succeeded differs from what its institution would say of it, signed now with
// its key. The zero value is the claim well made.
type lie struct {
	amount    int64
	currency  paymux.Currency
	age       time.Duration
	stranger  bool // signed with a key that nobody here knows
	foreign   bool // made by the institution for another merchant
	malformed bool // authentic, and not of the documented form
}

// of is what the claim says was paid.
func (l lie) of(p *paymux.Payment) paymux.Money {
	m := paymux.Money{Amount: p.Amount, Currency: p.Currency}
	if l.amount != 0 {
		m.Amount = l.amount
	}
	if l.currency != "" {
		m.Currency = l.currency
	}
	return m
}

func (l lie) at() time.Time { return time.Now().Add(-l.age) }

// asking is how an institution is asked about what a callback states and nobody asked for.
type asking int

const (
	byQuery   asking = iota // at once, after the callback was refused
	onTheSpot               // by the channel, which believes no body
	never                   // it has no such interface: its next notification is its word
)

// forger makes an institution's notifications, genuine and false.
type forger struct {
	*institution
	lines []string          // of its gateway's configuration
	twin  map[string]string // options by which the account <channel>-twin differs

	come      func(*paymux.Payment) error // what the payer does before paying; nil: nothing
	genuine   func(*paymux.Payment) letter
	claim     func(*paymux.Payment, lie) letter
	elsewhere func(*paymux.Payment) letter // what is posted to the twin's URL
	misstated func(*paymux.Payment) letter // asked onTheSpot: states another amount of what was paid
	unsign    func(letter) letter
	alter     func(letter) letter
	stale     time.Duration // longer than its notifications are taken

	keyed     bool // a key of the key service is needed to judge what is genuine
	asked     asking
	ackStatus int
	ackBody   string
	says      map[string]string // by attack, where it is not as everywhere
	lacks     map[string]string // by attack: why it has no such notification
	more      []attack
}

// number is a payment's order number at institutions.
func number(p *paymux.Payment) string { return paymux.OrderNumber(string(p.LatestOperation)) }

// without leaves out a header.
func without(name string) func(letter) letter {
	return func(l letter) letter {
		l.header = l.header.Clone()
		l.header.Del(name)
		return l
	}
}

// replacing changes a body that was signed. It has to have what is replaced.
func replacing(t *testing.T, old, new string) func(letter) letter {
	return func(l letter) letter {
		if !bytes.Contains(l.body, []byte(old)) {
			t.Errorf("there is no %s in %s", old, l.body)
		}
		l.body = bytes.ReplaceAll(l.body, []byte(old), []byte(new))
		return l
	}
}

// encode is v as JSON.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// edited is a JSON object with other members.
func edited(object []byte, members map[string]any) []byte {
	var all map[string]any
	if err := json.Unmarshal(object, &all); err != nil {
		panic(err)
	}
	maps.Copy(all, members)
	return encode(all)
}

// open starts the gateway of two accounts at an institution: what is genuine for one is not for the other. Their keys
// are in the key service.
func (c *court) open(f *forger) {
	c.t.Helper()
	main := c.keep(f.channel, "", f.options)
	twin := maps.Clone(main)
	maps.Copy(twin, f.twin)
	maps.Copy(twin, c.keep(f.channel, "twin-", f.twin))
	g := c.gateway(f.channel, "1.0.0", f.lines, accountLine(f.channel, "main", main), accountLine(f.channel, "twin", twin))
	g.env = slices.Concat(g.env, f.env)
	c.gateways[f.channel] = g
	g.start()
}

func accountLine(channel, name string, options map[string]string) string {
	return string(encode(map[string]any{"name": channel + "-" + name, "channel": channel, "options": options}))
}

// keep puts the keys among an account's options into the key service, and names them instead.
func (c *court) keep(channel, prefix string, options map[string]string) map[string]string {
	c.t.Helper()
	kept := maps.Clone(options)
	for _, d := range all.Drivers(all.Env{RemoteSandbox: true}) {
		for _, o := range d.Options {
			if d.Name != channel || o.Kind == "" || options[o.Name] == "" {
				continue
			}
			name := channel + "-" + prefix + strings.ReplaceAll(o.Name, "_", "-")
			c.run("keys", "import", name, write(c.t, c.dir, name+".key", options[o.Name]), "--kind", string(o.Kind), "--activate", "--owner", channel,
				"--caller", "gateway-"+channel, "-c", c.dir+"/keys.yaml")
			kept[o.Name] = "key:" + name
		}
	}
	return kept
}
