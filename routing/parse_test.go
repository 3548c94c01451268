package routing_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"github.com/paymux/paymux/routing"
)

// one begins a static rule on line 2 whose condition is on line 3.
const one = all + "static: [{name: s, use: [a],\n  when: "

func TestFaultsSayWhereAndWhatToDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text  string
		line  int
		path  string
		words string // of message and remedy
	}{
		"empty":                       {"", 1, "", "It is empty"},
		"only a comment":              {"# rules\n\n", 1, "", "It is empty"},
		"no YAML":                     {"name: x\nstatic: [", 2, "", "Write YAML or JSON"},
		"two documents":               {all + "---\nname: b\n", 2, "", "second document"},
		"not a mapping":               {"- a\n", 1, "", "mapping"},
		"null":                        {"null", 1, "", "mapping"},
		"unknown member":              {all + "statics: []\n", 2, "statics", "Known are static"},
		"a member twice":              {all + "name: a\nname: b\n", 3, "name", "twice"},
		"a name of nothing":           {all + "name: ''\n", 2, "name", "1 to 100 characters"},
		"a name that is a number":     {all + "name: 5\n", 2, "name", "Put it in quotes"},
		"a name with a line break":    {all + "name: \"a\\nb\"\n", 2, "name", "no line breaks"},
		"a name too long":             {all + "name: " + strings.Repeat("名", 101) + "\n", 2, "name", "1 to 100"},
		"time zone":                   {all + "time_zone: Asia/Shangai\n", 2, "time_zone", "Asia/Shanghai"},
		"time zone of the machine":    {all + "time_zone: Local\n", 2, "time_zone", "IANA"},
		"a group of nobody":           {all + "groups: {g: []}\n", 2, "groups.g", "empty"},
		"a group of no merchant":      {all + "groups: {g: [acme]}\n", 2, "groups.g[0]", "mer_"},
		"a merchant twice":            {all + "groups: {g: [mer_1, mer_1]}\n", 2, "groups.g[1]", "twice"},
		"an area of no country":       {all + "areas: {east: [CN, XX]}\n", 2, "areas.east[1]", `"XX" is not known`},
		"an area like a country":      {all + "areas: {CN: [CN]}\n", 2, "areas.CN", "two capital letters"},
		"an area in an area":          {all + "areas:\n  east: [CN]\n  world: [east]\n", 4, "areas.world[0]", "not known"},
		"a rule without name":         {all + "static: [{use: [a]}]\n", 2, "static[0]", "It has no name"},
		"a rule without accounts":     {all + "static: [{name: s}]\n", 2, "static[0]", "use or channels"},
		"an account twice in a rule":  {all + "static: [{name: s, use: [a, a]}]\n", 2, "static[0].use[1]", "twice"},
		"no feature":                  {all + "static: [{name: s, use: [a], needs: [refunds]}]\n", 2, "static[0].needs[0]", "Write one of refund"},
		"no order":                    {all + "static: [{name: s, use: [a], order: dynamical}]\n", 2, "static[0].order", "dynamic, listed"},
		"final that is a word":        {all + "static: [{name: s, use: [a], final: maybe}]\n", 2, "static[0].final", "true or false"},
		"a designation without one":   {all + "designated: [{name: d}]\n", 2, "designated[0]", "It has no account"},
		"neither split nor score":     {all + "dynamic: [{name: r}]\n", 2, "dynamic[0]", "a split or a score"},
		"split and score":             {all + "dynamic: [{name: r, split: {a: 1}, score: {success: 1}}]\n", 2, "dynamic[0]", "one of them"},
		"no weight":                   {all + "dynamic: [{name: r, split: {a: -1}}]\n", 2, "dynamic[0].split.a", "0 to 1e+06"},
		"a weight of words":           {all + "dynamic: [{name: r, split: {a: half}}]\n", 2, "dynamic[0].split.a", `"half" will not do`},
		"weights of nothing":          {all + "dynamic: [{name: r, split: {a: 0}}]\n", 2, "dynamic[0].split", "Nobody has a share"},
		"a score of nothing":          {all + "dynamic: [{name: r, score: {success: 0}}]\n", 2, "dynamic[0].score", "Nothing has a weight"},
		"exploring half":              {all + "dynamic: [{name: r, score: {success: 1}, explore: 0.5}]\n", 2, "dynamic[0].explore", "0 to 0.2"},
		"exploring with percent sign": {all + "dynamic: [{name: r, score: {success: 1}, explore: 5%}]\n", 2, "dynamic[0].explore", "0 to 0.2"},
		"a wrong merchant":            {one + "{merchants: [MER_1]}}]\n", 3, "static[0].when.merchants[0]", "mer_"},
		"an unknown group":            {one + "{groups: [g]}}]\n", 3, "static[0].when.groups[0]", `no group "g"`},
		"an unknown method":           {one + "{methods: [cards]}}]\n", 3, "static[0].when.methods[0]", "Write one of card"},
		"an unknown currency":         {one + "{currencies: [RMB]}}]\n", 3, "static[0].when.currencies[0]", "known, such as"},
		"amounts of no currency":      {one + "{amounts: {RMB: {min: 1}}}}]\n", 3, "static[0].when.amounts.RMB", "not known"},
		"an amount of words":          {one + "{amounts: {CNY: {min: 1 yuan}}}}]\n", 3, "static[0].when.amounts.CNY.min", "whole number from 0"},
		"an amount in major units":    {one + "{amounts: {CNY: {min: 9.99}}}}]\n", 3, "static[0].when.amounts.CNY.min", "whole number"},
		"an amount with a leading 0":  {one + "{amounts: {CNY: {min: 0100}}}}]\n", 3, "static[0].when.amounts.CNY.min", "whole number"},
		"an amount below 0":           {one + "{amounts: {CNY: {max: -1}}}}]\n", 3, "static[0].when.amounts.CNY.max", "from 0"},
		"an amount too large":         {one + "{amounts: {CNY: {max: 1000000000000}}}}]\n", 3, "static[0].when.amounts.CNY.max", "to 999999999999"},
		"amounts the wrong way":       {one + "{amounts: {CNY: {min: 5, max: 4}}}}]\n", 3, "static[0].when.amounts.CNY", "max not below min"},
		"an unknown country":          {one + "{client: [UK]}}]\n", 3, "static[0].when.client[0]", `"UK" is not known`},
		"an unknown area":             {one + "{object: [asia]}}]\n", 3, "static[0].when.object[0]", "neither a country nor an area"},
		"a network in capitals":       {one + "{networks: [Visa]}}]\n", 3, "static[0].when.networks[0]", "lower case"},
		"a BIN too short":             {one + "{bins: [42424]}}]\n", 3, "static[0].when.bins[0]", "six to eight digits"},
		"BINs of two lengths":         {one + "{bins: [424242-4242429]}}]\n", 3, "static[0].when.bins[0]", "same length"},
		"BINs the wrong way":          {one + "{bins: [424243-424242]}}]\n", 3, "static[0].when.bins[0]", "no range"},
		"an hour of one digit":        {one + "{hours: [{from: 8:00}]}}]\n", 3, "static[0].when.hours[0].from", "08:00"},
		"an hour of nobody":           {one + "{hours: [{from: 24:01}]}}]\n", 3, "static[0].when.hours[0].from", "08:00"},
		"hours without length":        {one + "{hours: [{from: 08:00, to: 08:00}]}}]\n", 3, "static[0].when.hours[0]", "No time is between"},
		"a day in full":               {one + "{hours: [{days: [monday]}]}}]\n", 3, "static[0].when.hours[0].days[0]", "Write one of mon"},
		"metadata of no value":        {one + "{metadata: {k: []}}}]\n", 3, "static[0].when.metadata.k", "empty"},
		"metadata that is one word":   {one + "{metadata: {k: x}}}]\n", 3, "static[0].when.metadata.k", "Write a list"},
		"manual in quotes":            {one + "{manual: 'true'}}]\n", 3, "static[0].when.manual", "true or false"},
		"any that is no list":         {one + "{any: {methods: [card]}}}]\n", 3, "static[0].when.any", "Write a list"},
		"a fault deep within":         {one + "{any: [{not: {methods: [cash]}}]}}]\n", 3, "static[0].when.any[0].not.methods[0]", "card"},
		"too deep":                    {one + strings.Repeat("{not: ", 40) + "{}" + strings.Repeat("}", 40) + "}]\n", 3, "static[0].when" + strings.Repeat(".not", 17), "nested too deep"},
		"an account's country":        {all + "accounts: [{name: a, country: EU}]\n", 2, "accounts[0].country", "not known"},
		"a priority of 0":             {all + "accounts: [{name: a, priority: 0}]\n", 2, "accounts[0].priority", "from 1"},
		"a quota without a name":      {all + "accounts: [{name: a, quotas: [{count: 5}]}]\n", 2, "accounts[0].quotas[0]", "no name"},
		"a quota of no currency":      {all + "accounts: [{name: a, quotas: [{name: q, amount: 5}]}]\n", 2, "accounts[0].quotas[0]", "an amount with its currency"},
		"a fee of 101 percent":        {all + "accounts: [{name: a, fees: [{percent: 101}]}]\n", 2, "accounts[0].fees[0].percent", "0 to 100"},
		"a fee with percent sign":     {all + "accounts: [{name: a, fees: [{percent: 2.9%}]}]\n", 2, "accounts[0].fees[0].percent", "0 to 100"},
		"a fee the wrong way":         {all + "accounts: [{name: a, fees: [{min: 5, max: 4}]}]\n", 2, "accounts[0].fees[0]", "min and max"},
		"no fallback":                 {"name: x\n", 1, "", "It has no fallback"},
		"a fallback of nobody":        {"fallback: {use: []}\n", 1, "fallback.use", "empty"},
		"health of words":             {all + "health: {window: long}\n", 2, "health.window", "90s"},
		"health without length":       {all + "health: {window: ''}\n", 2, "health.window", "90s"},
		"health of a number":          {all + "health: {window: 90}\n", 2, "health.window", "quotes"},
		"a probe of nothing":          {all + "health: {probe: 0}\n", 2, "health.probe", "0.001 to 1"},
		"it recovers before it fails": {all + "health: {fail: 0.9, recover: 0.8}\n", 2, "health.recover", "larger"},
		"an alias":                    {all + "groups: {g: &m [mer_1], h: *m}\n", 2, "groups.h", "Write a list"},
		"JSON":                        {"{\n \"fallback\": {\"all\": true},\n\t\"static\": [\n{\"name\": \"s\", \"use\": [1]}]}", 4, "static[0].use[0]", "quotes"},
		"JSON of null":                {"{\"fallback\": {\"all\": true},\n\"static\": null}", 2, "static", "Write a list"},
	} {
		_, err := routing.Parse([]byte(c.text))
		var faults routing.Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found := false
		for _, f := range faults {
			if f.Remedy == "" || f.Message == "" || f.Code == "" || f.Line == 0 {
				t.Errorf("%s: %+v lacks something", name, f)
			}
			found = found || f.Line == c.line && f.Path == c.path && strings.Contains(f.Message+" "+f.Remedy, c.words)
		}
		if !found {
			t.Errorf("%s: %v\nwant line %d, %s, %q", name, err, c.line, c.path, c.words)
		}
	}
}

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"bytes":  all + "#" + strings.Repeat("x", 8<<20),
		"rules":  all + "static:\n" + strings.Repeat("- {name: s, use: [a]}\n", 20_001),
		"values": one + "{metadata: {k: [" + strings.Repeat("x,", 1001) + "]}}}]\n",
	} {
		if _, err := routing.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), "At most") {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}

// Who writes a hundred things wrong hears of so many at most, and soon.
func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(all + "groups:\n")
	for i := range 50_000 {
		fmt.Fprintf(&b, "  g%d: no list\n", i)
	}
	var faults routing.Faults
	if _, err := routing.Parse([]byte(b.String())); !errors.As(err, &faults) || len(faults) > 100 {
		t.Errorf("%d faults", len(faults))
	}
}

func TestCountriesAreThoseOfTheStandard(t *testing.T) {
	t.Parallel()
	// 249 in the standard, Kosovo and "unknown".
	if n := len(routing.Countries()); n != 251 {
		t.Errorf("%d countries", n)
	}
	for _, c := range routing.Countries() {
		if r, err := language.ParseRegion(c); c != routing.Unknown && (err != nil || !r.IsCountry() || r.Canonicalize().String() != c) {
			t.Errorf("%s is not what is called so elsewhere: %v, %v", c, r, err)
		}
	}
}
