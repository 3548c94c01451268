package relay_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

const editable = `
regions: [{name: east, number: 1, countries: [CN]}, {name: west, number: 2, countries: [DE]}, {name: north, number: 3, countries: [DE]}]
rules:
  - {name: pinned, merchants: [mer_1, mer_2], to: [{region: east}]}
  - {name: alone, merchants: [mer_3], to: [{region: north}]}
  - {name: by country, by: client}
  - {name: rest, to: [{region: east, weight: 1}, {region: west, weight: 3}]}
`

// again reads what a list would be written as.
func again(t *testing.T, l *relay.List) *relay.List {
	t.Helper()
	text, err := l.Document()
	if err != nil {
		t.Fatal(err)
	}
	return list(t, string(text))
}

func TestMovedMerchantsGoThereAndBack(t *testing.T) {
	t.Parallel()
	before := list(t, editable)
	goes := func(l *relay.List, m paymux.MerchantID) string {
		return relay.PlanOf(l).Decide(relay.Request{Merchant: m, Service: paymux.ServicePay, Country: "CN"}, well).To
	}
	for _, step := range []struct {
		what string
		edit func(*relay.List) *relay.List
		want map[paymux.MerchantID]string
	}{
		{"nothing", func(l *relay.List) *relay.List { return l }, map[paymux.MerchantID]string{"mer_1": "east", "mer_3": "north", "mer_4": "east"}},
		{"one with a rule", func(l *relay.List) *relay.List { return l.Move("west", "mer_1") }, map[paymux.MerchantID]string{"mer_1": "west", "mer_2": "east", "mer_4": "east"}},
		{"one without", func(l *relay.List) *relay.List { return l.Move("west", "mer_4") }, map[paymux.MerchantID]string{"mer_1": "west", "mer_4": "west", "mer_5": "east"}},
		{"on", func(l *relay.List) *relay.List { return l.Move("north", "mer_1", "mer_3") }, map[paymux.MerchantID]string{"mer_1": "north", "mer_3": "north", "mer_4": "west"}},
		{"twice", func(l *relay.List) *relay.List { return l.Move("north", "mer_1") }, map[paymux.MerchantID]string{"mer_1": "north", "mer_3": "north", "mer_4": "west"}},
		{"back", func(l *relay.List) *relay.List { return l.Unmove("mer_1", "mer_4") }, map[paymux.MerchantID]string{"mer_1": "east", "mer_3": "north", "mer_4": "east"}},
	} {
		before = again(t, step.edit(before))
		for m, want := range step.want {
			if got := goes(before, m); got != want {
				t.Errorf("%s: %s goes to %s, not %s", step.what, m, got, want)
			}
		}
	}
}

func TestMoveLeavesTheListItWasGiven(t *testing.T) {
	t.Parallel()
	l := list(t, editable)
	l.Move("west", "mer_1", "mer_3")
	l.Unmove("mer_1")
	l.Weigh("east", 7)
	if diff := cmp.Diff(list(t, editable), l, cmpopts.IgnoreUnexported(relay.List{})); diff != "" {
		t.Error(diff)
	}
}

func TestWeights(t *testing.T) {
	t.Parallel()
	l, ok := list(t, editable).Weigh("west", 0)
	if !ok {
		t.Fatal("no such region")
	}
	l = again(t, l)
	if l.Regions[1].Weight != 0 || l.Rules[3].To[1].Weight != 0 || l.Rules[0].To[0].Weight != 1 {
		t.Errorf("%+v", l)
	}
	if _, ok := l.Weigh("south", 1); ok {
		t.Error("a region that is not there has a weight")
	}
}
