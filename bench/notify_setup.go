package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/paymux/paymux"
)

// setup is what a run's database begins with.
type setup struct {
	URLs      []string `json:"urls"` // of the endpoints, by number
	Merchants int      `json:"merchants"`
	Secret    string   `json:"secret"` // one for all, so that the sink need not know which is whose
	RetrySecs []int    `json:"retry_seconds"`
}

const settingUp = 64 // merchants and endpoints made at a time

// setup makes the merchants and their endpoints; endpoint i belongs to merchant i mod Merchants.
func (n *notifyNode) setup(ctx context.Context, s setup) (cast, error) {
	now := time.Now().UTC()
	c := cast{}
	for range s.Merchants {
		c.Merchants = append(c.Merchants, paymux.MerchantID(n.ids.New(paymux.PrefixMerchant)))
	}
	for range s.URLs {
		c.Endpoints = append(c.Endpoints, paymux.EndpointID(n.ids.New(paymux.PrefixEndpoint)))
	}
	err := each(len(c.Merchants), func(i int) error {
		return n.store.CreateMerchant(ctx, paymux.Merchant{
			ID: c.Merchants[i], Object: "merchant", Name: fmt.Sprint("Bench ", i), Livemode: true, CreatedAt: now, UpdatedAt: now,
		})
	})
	if err != nil {
		return c, fmt.Errorf("make merchants: %w", err)
	}
	err = each(len(c.Endpoints), func(i int) error {
		return n.store.CreateEndpoint(ctx, paymux.Endpoint{
			ID: c.Endpoints[i], Object: "webhook_endpoint", Livemode: true, URL: s.URLs[i], Events: []paymux.EventType{},
			Status: paymux.EndpointEnabled, Signature: paymux.SignHMAC, Delivery: paymux.Delivery{RetrySeconds: s.RetrySecs},
			CreatedAt: now, UpdatedAt: now, Merchant: c.Merchants[i%len(c.Merchants)],
			Secrets: []paymux.SigningSecret{{Value: paymux.Secret(s.Secret)}},
		}, nil)
	})
	if err != nil {
		return c, fmt.Errorf("make endpoints: %w", err)
	}
	_, err = n.learn(ctx, c)
	return c, err
}

// learn tells a node whom to emit for.
func (n *notifyNode) learn(_ context.Context, c cast) (struct{}, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cast, n.lanes = c, make(map[string]uint32, len(c.Endpoints))
	for i, id := range c.Endpoints {
		n.lanes[string(id)] = uint32(i)
	}
	n.notifier.Invalidate()
	return struct{}{}, nil
}

// each does something for 0 to count-1, several at a time, and returns the first error.
func each(count int, do func(int) error) error {
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	numbers := make(chan int)
	for range settingUp {
		wg.Go(func() {
			for i := range numbers {
				if err := do(i); err != nil {
					once.Do(func() { first = err })
				}
			}
		})
	}
	for i := range count {
		numbers <- i
	}
	close(numbers)
	wg.Wait()
	return first
}
