package relay_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

// BenchmarkCreate is what the relay adds to a new payment: with one region, and with two, a list of seven rules and a
// journal that takes no time.
func BenchmarkCreate(b *testing.B) {
	instant := node{create: func(paymux.CreatePayment) (paymux.Reply, error) { return paymux.Reply{}, nil }}
	one, err := relay.New([]relay.Region{{Number: 1, Name: "local", Weight: 1, Node: instant}})
	if err != nil {
		b.Fatal(err)
	}
	h := newHouse(b, 4)
	h.assign(atlas)
	h.old()
	h.show(func(g *relay.Region) {
		g.Name, g.Node = []string{"", "asia", "europe", "europe-2", "spare"}[g.Number], instant
	})
	for name, r := range map[string]*relay.Relay{"one region": one, "list and journal": h.open()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				q := pay("mer_1", fmt.Sprint("k", n))
				q.Client.Country = "BR"
				if _, err := r.Create(context.Background(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRegions is what a frontend pays for news of one of a thousand nodes: ten replicas each of a hundred regions.
func BenchmarkRegions(b *testing.B) {
	of := &instances{}
	for n := range 1000 {
		name := fmt.Sprintf("region-%02d", n/10)
		of.list = append(of.list, replica(b, name, fmt.Sprint("node-", n), paymux.Region(n/10), nil))
	}
	dir := relay.NewRegistered(of, func(string) (relay.Node, bool, error) { return node{}, false, nil }, slog.New(slog.DiscardHandler))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		of.list = slices.Clone(of.list)
		of.list[n%1000].Usage = n
		if len(dir.Regions()) != 100 {
			b.Fatal("regions are missing")
		}
	}
}

// BenchmarkHundredRegions is what choosing among them adds to a new payment.
func BenchmarkHundredRegions(b *testing.B) {
	instant := node{create: func(paymux.CreatePayment) (paymux.Reply, error) { return paymux.Reply{}, nil }}
	var regions []relay.Region
	for n := range 100 {
		regions = append(regions, relay.Region{Number: paymux.Region(n), Name: fmt.Sprintf("region-%02d", n), Weight: 1, Node: instant})
	}
	r, err := relay.New(regions)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, err := r.Create(context.Background(), pay(paymux.MerchantID(fmt.Sprint("mer_", n)), fmt.Sprint("k", n))); err != nil {
			b.Fatal(err)
		}
	}
}
