package routing

import (
	"maps"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// inputs are a request as rules compare it.
type inputs struct {
	r        *Request
	merchant merchant
	method   uint32
	currency uint32
	client   uint32
	object   uint32
	network  uint32
	amount   int64
	bin      bounds
	carded   bool     // bin is known
	asked    Features // of whoever carries it
	day      int      // of the week, Sunday is 0
	minute   int      // of the day
	date     int32    // days since 1970
}

// read looks everything up once. What object is comes later, where a rule asks for it.
func (p *Program) read(r *Request) (in inputs) {
	in.r, in.amount = r, r.Money.Amount
	in.merchant = p.words.merchants[r.Merchant]
	in.method = p.words.methods[r.Method]
	in.currency = p.words.currencies[r.Money.Currency]
	in.client = countryNumber(country(r.Client))
	if r.Network != "" {
		in.network = p.words.networks[r.Network]
	}
	if r.BIN != "" {
		in.bin, in.carded = binBounds(r.BIN)
	}
	for _, need := range [...]struct {
		is bool
		of Feature
	}{{r.Manual, ManualCapture}, {r.CardToken, CardTokens}, {r.CardNumber, CardNumbers}} {
		if need.is {
			in.asked |= need.of.bit()
		}
	}
	if p.clocked {
		at := r.At.In(p.zone)
		hour, minute, _ := at.Clock()
		in.day, in.minute, in.date = int(at.Weekday()), hour*60+minute, dateOf(at)
	}
	return in
}

// dateOf is the number of days since 1970 where t is.
func dateOf(t time.Time) int32 {
	_, offset := t.Zone()
	seconds := t.Unix() + int64(offset)
	return int32((seconds - (seconds%86400+86400)%86400) / 86400)
}

// condition is a Condition made of numbers.
type condition struct {
	merchants, classes       few
	methods, currencies      some
	clients, objects, brands some
	manual                   *bool
	amounts                  []amounts
	bins                     []bounds
	hours                    []span
	metadata                 []entry
	any                      []*condition
	not                      *condition
}

// amounts is a range of a currency's.
type amounts struct {
	currency uint32
	Range
}

// entry is what metadata has to have under a key.
type entry struct {
	key    string
	values []string
	any    bool
}

func (w *words) condition(c *Condition) *condition {
	out := &condition{
		merchants: fewOf(len(c.Merchants) > 0, w.ids(c.Merchants)), classes: fewOf(len(c.Groups) > 0, w.group(c.Groups)),
		methods:    someOf(len(c.Methods) > 0, numbers(w.methods, c.Methods)),
		currencies: someOf(len(c.Currencies) > 0, numbers(w.currencies, c.Currencies)), brands: someOf(len(c.Networks) > 0, numbers(w.networks, c.Networks)),
		clients: someOf(len(c.Client) > 0, w.places(c.Client)), objects: someOf(len(c.Object) > 0, w.places(c.Object)),
		manual: c.Manual, amounts: w.amounts(c.Amounts), hours: spans(c.Hours), metadata: entries(c.Metadata),
	}
	for _, b := range c.BINs {
		of, _ := b.bounds() // check has seen that it can be read
		out.bins = append(out.bins, of)
	}
	for i := range c.Any {
		out.any = append(out.any, w.condition(&c.Any[i]))
	}
	if c.Not != nil {
		out.not = w.condition(c.Not)
	}
	return out
}

func (w *words) ids(list []paymux.MerchantID) []uint32 {
	ids := make([]uint32, 0, len(list))
	for _, m := range list {
		ids = append(ids, w.merchant(m))
	}
	return ids
}

func (w *words) amounts(of map[paymux.Currency]Range) (list []amounts) {
	for _, currency := range slices.Sorted(maps.Keys(of)) {
		list = append(list, amounts{number(w.currencies, currency), of[currency]})
	}
	return list
}

func spans(windows []Window) (list []span) {
	for _, w := range windows {
		s, _ := w.span() // check has seen that it can be read
		list = append(list, s)
	}
	return list
}

func entries(metadata map[string][]string) (list []entry) {
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		list = append(list, entry{key, metadata[key], slices.Contains(metadata[key], "*")})
	}
	return list
}

// met reports whether everything holds.
func (c *condition) met(in *inputs) bool {
	return c.merchants.has(in.merchant.id) && c.classes.has(in.merchant.class) && c.methods.has(in.method) &&
		c.currencies.has(in.currency) && c.clients.has(in.client) && c.objects.has(in.object) && c.brands.has(in.network) &&
		(c.manual == nil || *c.manual == in.r.Manual) && c.finer(in)
}

// finer is what an index does not know exactly: amounts, card numbers, hours, metadata, and conditions inside.
func (c *condition) finer(in *inputs) bool {
	return amongAmounts(c.amounts, in) && amongBINs(c.bins, in) && openAt(c.hours, in) && c.told(in) && c.anyMet(in) &&
		(c.not == nil || !c.not.met(in))
}

// amongAmounts wants the currency listed, if any is.
func amongAmounts(list []amounts, in *inputs) bool {
	for i := range list {
		if list[i].currency == in.currency {
			return list[i].Has(in.amount)
		}
	}
	return len(list) == 0
}

func amongBINs(list []bounds, in *inputs) bool {
	for i := range list {
		if in.carded && list[i].holds(in.bin) {
			return true
		}
	}
	return len(list) == 0
}

func openAt(list []span, in *inputs) bool {
	for i := range list {
		if list[i].holds(in.day, in.minute) {
			return true
		}
	}
	return len(list) == 0
}

func (c *condition) told(in *inputs) bool {
	for i := range c.metadata {
		e := &c.metadata[i]
		if value, ok := in.r.Metadata[e.key]; !ok || !e.any && !slices.Contains(e.values, value) {
			return false
		}
	}
	return true
}

func (c *condition) anyMet(in *inputs) bool {
	for _, one := range c.any {
		if one.met(in) {
			return true
		}
	}
	return len(c.any) == 0
}
