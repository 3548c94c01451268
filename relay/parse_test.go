package relay_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paymux/paymux/relay"
)

func TestYAMLAndJSONAreTheSameList(t *testing.T) {
	t.Parallel()
	want := list(t, atlas)
	if want.Condition.Ratio != 0.85 || want.Regions[2].Weight != 3 || want.Rules[6].To[1].Weight != 70 || want.Rules[6].Rematch != relay.RematchAny {
		t.Errorf("read as %+v", want)
	}
	want.Condition.Ratio = 0 // not looked at, which is not the same as not said
	body, err := want.Document()
	if err != nil {
		t.Fatal(err)
	}
	indented, _ := json.MarshalIndent(want, "", "\t")
	for _, text := range []string{string(body), string(indented)} {
		if diff := cmp.Diff(want, list(t, text), cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(relay.List{})); diff != "" {
			t.Error(diff)
		}
	}
}

// base has two regions on lines 2 and 3; rules follow from line 5.
const base = `regions:
- {name: a, number: 1, countries: [CN]}
- {name: b, number: 2}
rules:
`

func TestFaultsSayWhereAndWhatToDo(t *testing.T) {
	t.Parallel()
	const rest = "- {name: rest, to: [{region: a}]}\n"
	for name, c := range map[string]struct {
		text  string
		line  int
		path  string
		words string // of message and remedy
	}{
		"empty":                   {"", 1, "", "It is empty"},
		"no YAML":                 {"regions: [", 0, "", "Write YAML or JSON"},
		"not a mapping":           {"- a\n", 1, "", "mapping"},
		"unknown member":          {"region: []\n" + base + rest, 1, "region", "Known are regions"},
		"unknown condition":       {base + rest + "condition: {trafic_ratio: 0.8}\n", 6, "condition.trafic_ratio", "traffic_ratio"},
		"twice":                   {base + rest + "rules: []\n", 6, "rules", "twice"},
		"no regions":              {"rules:\n" + rest, 0, "regions", "There are no regions"},
		"no number":               {"regions:\n- {name: a}\nrules:\n" + rest, 2, "regions[0]", "has no number"},
		"number too high":         {"regions:\n- {name: a, number: 4096}\nrules:\n" + rest, 2, "regions[0].number", "from 0 to 4095"},
		"number twice":            {"regions:\n- {name: a, number: 1}\n- {name: b, number: 1}\nrules:\n" + rest, 3, "regions[1]", "both have the number 1"},
		"name twice":              {"regions:\n- {name: a, number: 1}\n- {name: a, number: 2}\nrules:\n" + rest, 3, "regions[1]", "listed twice"},
		"a name with a dot":       {"regions:\n- {name: a.b, number: 1}\nrules:\n- {name: r, to: [{region: a.b}]}\n", 2, "regions[0]", "no dots"},
		"no country":              {"regions:\n- {name: a, number: 1, countries: [CHN]}\nrules:\n" + rest, 2, "regions[0].countries[0]", "ISO 3166-1"},
		"an area like a country":  {base + rest + "areas: {CN: [DE]}\n", 6, "areas.CN", "Call it something else"},
		"no rules":                {"regions:\n- {name: a, number: 1}\n", 0, "rules", "There are no rules"},
		"unknown region":          {base + "- {name: r, to: [{region: c}]}\n", 5, "rules[0].to[0]", `There is no region "c". List it under regions, or name one of a, b.`},
		"no default":              {base + "- {name: r, services: [pay], to: [{region: a}]}\n", 5, "rules[0]", "does not match everything"},
		"jurisdiction at the end": {base + "- {name: r, by: client}\n", 5, "rules[0]", "does not match everything"},
		"never reached":           {base + "- {name: r, to: [{region: a}]}\n- {name: s, services: [pay], to: [{region: b}]}\n" + rest, 6, "rules[1]", `the rule "r" before it`},
		"never reached by area": {base + "- {name: r, client: [east], to: [{region: a}]}\n- {name: s, client: [JP], services: [pay], to: [{region: b}]}\n" + rest + "areas: {east: [CN, JP]}\n",
			6, "rules[1]", `the rule "r" before it`},
		"weights of 0":         {base + "- {name: r, to: [{region: a, weight: 0}, {region: b, weight: 0}]}\n", 5, "rules[0].to", "All weights are 0"},
		"a weight below 0":     {base + "- {name: r, to: [{region: a, weight: -1}]}\n", 5, "rules[0].to[0].weight", "from 0 to"},
		"a weight of nothing":  {base + "- {name: r, to: [{region: a, weight: NaN}]}\n", 5, "rules[0].to[0].weight", "from 0 to"},
		"percent of 90":        {base + "- {name: r, to: [{region: a, weight: 50%}, {region: b, weight: 40%}]}\n", 5, "rules[0].to", "add up to 90 %"},
		"percent and not":      {base + "- {name: r, to: [{region: a, weight: 50%}, {region: b, weight: 50}]}\n", 5, "rules[0].to", "Some weights are percent"},
		"a region twice":       {base + "- {name: r, to: [{region: a}, {region: a}]}\n", 5, "rules[0].to[1]", "named twice"},
		"by and to":            {base + "- {name: r, by: client, to: [{region: a}]}\n" + rest, 5, "rules[0].by", "both by and to"},
		"by whom":              {base + "- {name: r, by: payer}\n" + rest, 5, "rules[0].by", "client, object"},
		"by without countries": {"regions:\n- {name: a, number: 1}\nrules:\n- {name: r, by: object}\n" + rest, 4, "rules[0].by", "no region has jurisdiction"[3:]},
		"nowhere":              {base + "- {name: r}\n" + rest, 5, "rules[0]", "sends nowhere"},
		"no name":              {base + "- {services: [pay], to: [{region: a}]}\n" + rest, 5, "rules[0]", "no name"},
		"a name twice":         {base + "- {name: rest, services: [pay], to: [{region: a}]}\n" + rest, 6, "rules[1]", "Two rules"},
		"no service":           {base + "- {name: r, services: [pays], to: [{region: a}]}\n" + rest, 5, "rules[0].services[0]", "pay, capture"},
		"no method":            {base + "- {name: r, methods: [cash], to: [{region: a}]}\n" + rest, 5, "rules[0].methods[0]", "card"},
		"no merchant":          {base + "- {name: r, merchants: [acme], to: [{region: a}]}\n" + rest, 5, "rules[0].merchants[0]", "mer_"},
		"no client":            {base + "- {name: r, client: [mars], to: [{region: a}]}\n" + rest, 5, "rules[0].client[0]", "area"},
		"nothing to match":     {base + "- {name: r, client: [], to: [{region: a}]}\n" + rest, 5, "rules[0].client", "nothing would ever match"},
		"no rematch":           {base + "- {name: r, rematch: often, to: [{region: a}]}\n", 5, "rules[0].rematch", "rule, never, any"},
		"a condition of 2":     {base + rest + "condition:\n  error_ratio: 2\n", 7, "condition.error_ratio", "from 0 to 1"},
		"an account twice":     {base + rest + "accounts:\n- {name: x}\n- {name: x}\n", 8, "accounts[1]", "listed twice"},
	} {
		_, err := relay.ParseList([]byte(c.text))
		var faults relay.Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found := false
		for _, f := range faults {
			if f.Remedy == "" || f.Message == "" {
				t.Errorf("%s: %+v has no remedy", name, f)
			}
			found = found || f.Line == c.line && f.Path == c.path && strings.Contains(f.Message+" "+f.Remedy, c.words)
		}
		if !found {
			t.Errorf("%s: %v\nwant line %d, %s, %q", name, err, c.line, c.path, c.words)
		}
	}
}

func FuzzParseList(f *testing.F) {
	f.Add(atlas)
	f.Add(base + "- {name: r, to: [{region: a, weight: 50%}]}\n")
	f.Add(`{"regions":[{"name":"a","number":1}],"rules":[{"name":"r","to":[{"region":"a"}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := relay.ParseList([]byte(text))
		if err != nil {
			if faults := (relay.Faults)(nil); !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("%v is no list of faults", err)
			}
			return
		}
		if d := relay.PlanOf(l).Decide(relay.Request{Merchant: "mer_1"}, well); d.To == "" {
			t.Fatalf("an accepted list sends nowhere: %+v", d)
		}
		body, err := l.Document()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := relay.ParseList(body); err != nil {
			t.Fatalf("what was accepted is refused as JSON: %v\n%s", err, body)
		}
	})
}
