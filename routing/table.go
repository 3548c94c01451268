package routing

import (
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/document"
)

// How much a document may have. Whoever needs more has several rule sets in one.
const (
	maxDocument = 8 << 20 // bytes
	maxRules    = 20_000  // of a kind
	maxMembers  = 50_000  // merchants of a group
	maxListed   = 1_000   // anything else that is listed
	maxName     = 100     // characters
	maxQuotaSum = 1_000 * paymux.MaxAmount
)

// table is what a document may have, part by part: Parse reads by it, and Schema describes it.
type table struct {
	name      document.Value[string]
	merchant  document.Value[paymux.MerchantID]
	currency  document.Value[paymux.Currency]
	method    document.Value[paymux.MethodType]
	country   document.Value[string]
	area      document.Value[string]
	place     document.Value[string]
	network   document.Value[string]
	feature   document.Value[Feature]
	amounts   document.Value[map[paymux.Currency]Range]
	windows   document.Value[[]Window]
	condition document.Value[Condition]
}

func newTable() *table {
	t := &table{
		name:     document.Text[string](maxName),
		merchant: document.Form[paymux.MerchantID](paymux.PrefixMerchant+`[0-9A-Za-z_]{1,60}`, "Merchants' IDs begin with "+paymux.PrefixMerchant+"."),
		currency: document.Word("Currency", slices.Sorted(maps.Keys(paymux.Currencies()))...),
		method:   document.Word("Method", paymux.MethodTypes()...),
		country:  document.Word("Country", Countries()...),
		network:  document.Form[string](`[a-z0-9_]{2,30}`, "Write it in lower case, such as visa, mastercard, unionpay, amex or jcb."),
		feature:  document.Word("Feature", AllFeatures()...),
	}
	t.area = areaValue(t.name)
	t.place = placeValue(t.country, t.area)
	amount := document.Whole[int64](0, paymux.MaxAmount)
	t.amounts = document.Map(t.currency, document.Mapping("Range",
		document.In("min", "least amount, in minor units", amount, func(r *Range) *int64 { return &r.Min }),
		document.In("max", "greatest amount, in minor units; none without it", amount, func(r *Range) *int64 { return &r.Max }),
	), maxListed)
	t.windows = document.List(t.window(), maxListed)
	t.conditions()
	return t
}

// areaValue is the name of an area, which no country has.
func areaValue(name document.Value[string]) document.Value[string] {
	return document.Value[string]{
		Schema: func(d document.Definitions) document.Schema {
			s := name.Schema(d)
			s["not"] = document.Schema{"pattern": "^[A-Z]{2}$"}
			return s
		},
		Read: func(r *document.Reader, n *yaml.Node, path string) string {
			if isCountry(n.Value) {
				r.Fault(path, "Call it something else than two capital letters.", "An area cannot be called as a country is.")
			}
			return name.Read(r, n, path)
		},
	}
}

// placeValue is a country, or the name of an area.
func placeValue(country, area document.Value[string]) document.Value[string] {
	return document.Value[string]{
		Schema: func(d document.Definitions) document.Schema {
			return document.Schema{"anyOf": []any{country.Schema(d), area.Schema(d)}}
		},
		Read: func(r *document.Reader, n *yaml.Node, path string) string {
			if isCountry(n.Value) {
				return country.Read(r, n, path)
			}
			return area.Read(r, n, path)
		},
	}
}

func (t *table) window() document.Value[Window] {
	const remedy = "Write hours and minutes, such as 08:00."
	return document.Mapping("Window",
		document.In("from", "when it begins, such as 08:00; 00:00 without it", document.Form[string](`([01][0-9]|2[0-3]):[0-5][0-9]`, remedy), func(w *Window) *string { return &w.From }),
		document.In("to", "just before when it ends, such as 22:00; 24:00 without it; before from: the next day", document.Form[string](`([01][0-9]|2[0-3]):[0-5][0-9]|24:00`, remedy), func(w *Window) *string { return &w.To }),
		document.In("days", "weekdays on which it begins; every day without them", document.Set(document.Word("Weekday", Weekdays()...), 7), func(w *Window) *[]string { return &w.Days }),
	)
}

func (t *table) conditions() {
	inner := document.Inside(&t.condition, maxDepth)
	bin := document.Digits[BINRange](`[0-9]{6,8}|[0-9]{6}-[0-9]{6}|[0-9]{7}-[0-9]{7}|[0-9]{8}-[0-9]{8}`,
		"Write six to eight digits, or two such numbers of the same length: 400000-499999.", 100_000, 99_999_999)
	values := document.List(document.Bare[string](500), maxListed)
	t.condition = document.Mapping("Condition",
		document.In("merchants", "one of these merchants", document.Set(t.merchant, maxMembers), func(c *Condition) *[]paymux.MerchantID { return &c.Merchants }),
		document.In("groups", "a merchant of one of these groups", document.Set(t.name, maxListed), func(c *Condition) *[]string { return &c.Groups }),
		document.In("methods", "one of these payment methods", document.Set(t.method, maxListed), func(c *Condition) *[]paymux.MethodType { return &c.Methods }),
		document.In("currencies", "one of these currencies", document.Set(t.currency, maxListed), func(c *Condition) *[]paymux.Currency { return &c.Currencies }),
		document.In("amounts", "an amount within the range of its currency; a currency that is not listed does not match", t.amounts, func(c *Condition) *map[paymux.Currency]Range { return &c.Amounts }),
		document.In("client", "the payer's country: ISO 3166-1 codes, ZZ where unknown, or areas", document.Set(t.place, maxListed), func(c *Condition) *[]string { return &c.Client }),
		document.In("object", "the country of the designated account, or of all that take the payment", document.Set(t.place, maxListed), func(c *Condition) *[]string { return &c.Object }),
		document.In("networks", "card networks, in lower case", document.Set(t.network, maxListed), func(c *Condition) *[]string { return &c.Networks }),
		document.In("bins", "first six to eight digits of card numbers, or ranges of them", document.List(bin, maxListed), func(c *Condition) *[]BINRange { return &c.BINs }),
		document.In("hours", "times of day in the rule set's time zone", t.windows, func(c *Condition) *[]Window { return &c.Hours }),
		document.In("metadata", `each of these keys has one of the values; "*" is any`, document.Map(document.Text[string](40), values, 50), func(c *Condition) *map[string][]string { return &c.Metadata }),
		document.In("manual", "whether a later capture is needed", document.Pointer(document.Truth()), func(c *Condition) **bool { return &c.Manual }),
		document.In("any", "one of these conditions, too", document.List(inner, maxListed), func(c *Condition) *[]Condition { return &c.Any }),
		document.In("not", "and not this condition", document.Pointer(inner), func(c *Condition) **Condition { return &c.Not }),
	)
}
