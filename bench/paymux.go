package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// build makes the binary that is measured.
func build(ctx context.Context, binary string) error {
	out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/paymux/paymux/cmd/paymux").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return nil
}

const opsToken = "ops_bench_token_of_no_value_0123456789"

// startPaymux starts the real binary as an operator would, makes a merchant with
// a signing key through its interface, and shoots signed payments at it.
func (b *building) startPaymux(ctx context.Context, dir, database string) (*target, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	debug, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "paymux.yaml")
	if err := os.WriteFile(config, []byte(b.config(address, dir)), 0o600); err != nil {
		return nil, err
	}
	env := []string{"BENCH_OPS_TOKEN=" + opsToken, "BENCH_DATABASE=" + database, "GOGC=400"}
	s, err := launch(ctx, "http://"+address, "/readyz", env, b.binary, "serve", "-c", config, "--debug", debug)
	if err != nil {
		return nil, err
	}
	t := alone(s, "paymux", "http://"+debug, nil)
	if err := b.shopAt(ctx, t, s.url); err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}

// shopAt makes the merchant that shoots at a target.
func (b *building) shopAt(ctx context.Context, t *target, url string) error {
	shop, err := openShop(ctx, url)
	if err == nil && b.scenario == "cycle" {
		err = shop.receive(ctx)
	}
	if err != nil {
		return err
	}
	t.fire = shop.pay
	if shop.sink != nil {
		t.fire = shop.buy
	}
	t.channel = shop.channelTime
	return nil
}

func (b *building) config(address, dir string) string {
	return strings.Join([]string{
		"listen: " + address, "data_dir: " + dir, b.storeLine(dir), "ops_token: env:BENCH_OPS_TOKEN",
		"sandbox: {enabled: true, in_memory: true}", b.accountLine(),
		"access: {traffic_requests: 0}", "notify: {allow_networks: [127.0.0.0/8]}",
		"log: {level: warn, requests: false}", "",
	}, "\n")
}

func (b *building) storeLine(dir string) string {
	if b.store == "postgres" {
		return "store: {engine: postgres, url: env:BENCH_DATABASE}"
	}
	return "store: {engine: sqlite, path: " + filepath.Join(dir, "paymux.db") + "}"
}

func (b *building) accountLine() string {
	options := ""
	if b.scenario == "cycle" {
		options = ", options: {eager_payers: \"on\"}"
	}
	return "accounts: [{name: wallet, channel: sandbox, methods: [wechat_pay]" + options + "}]"
}

// shop is the merchant that pays.
type shop struct {
	url    string
	signer client.Signer
	admin  *client.Client
	http   *http.Client
	orders atomic.Int64
	sink   *sink
	mu     sync.Mutex
	sample []paymux.PaymentID // every hundredth payment, asked about afterwards
}

func openShop(ctx context.Context, url string) (*shop, error) {
	ops, err := client.New(client.Config{BaseURL: url, Key: opsToken})
	if err != nil {
		return nil, err
	}
	var merchant paymux.Merchant
	if err := ops.Call(ctx, http.MethodPost, "/ops/v1/merchants", map[string]any{"name": "Bench", "policy": map[string]any{"bearer": true}}, &merchant); err != nil {
		return nil, fmt.Errorf("make a merchant: %w", err)
	}
	var key client.KeyWithSecret
	keys := "/ops/v1/merchants/" + string(merchant.ID) + "/api_keys"
	if err := ops.Call(ctx, http.MethodPost, keys, map[string]any{"kind": paymux.KeyHMAC, "name": "bench"}, &key); err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	signer, err := client.SignHMAC(key.ID, key.Secret, time.Now)
	if err != nil {
		return nil, err
	}
	admin, err := client.New(client.Config{BaseURL: url, Signer: signer})
	return &shop{url: url, signer: signer, admin: admin, http: keepAlive()}, err
}

func keepAlive() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}, Timeout: 30 * time.Second}
}

// pay makes one payment; the amount ends in no magic digits.
func (s *shop) pay(ctx context.Context, _ int) error {
	_, err := s.order(ctx)
	return err
}

// order makes one payment and returns its ID.
func (s *shop) order(ctx context.Context) (paymux.PaymentID, error) {
	n := s.orders.Add(1)
	body := paymentBody(n)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/payments", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", fmt.Sprintf("bench-%d-%d", rand.Uint64(), n))
	if err := s.signer.Sign(r, body); err != nil {
		return "", err
	}
	answer, err := created(s.http, r)
	if err != nil {
		return "", err
	}
	id := idIn(answer)
	if n%100 == 0 {
		s.mu.Lock()
		s.sample = append(s.sample, id)
		s.mu.Unlock()
	}
	return id, nil
}

// idIn cuts the ID out of an answer, whose first field it is; decoding it all would be the load generator's cost.
func idIn(answer []byte) paymux.PaymentID {
	_, rest, _ := bytes.Cut(answer, []byte(`"id":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	return paymux.PaymentID(id)
}

// channelTime is the median time the institution took for the sampled payments'
// calls, in milliseconds: the channel's share of what clients saw.
func (s *shop) channelTime(ctx context.Context) (float64, error) {
	var took []int64
	for _, id := range s.sample {
		ops, err := s.admin.Operations(ctx, id)
		if err != nil {
			return 0, err
		}
		took = append(took, ops[0].AnswerMS)
	}
	if len(took) == 0 {
		return 0, nil
	}
	slices.Sort(took)
	return float64(took[len(took)/2]), nil
}

func paymentBody(n int64) []byte {
	return fmt.Appendf(nil, `{"amount":1250,"currency":"CNY","merchant_order_id":"A-%d","description":"Two hundred grams of tea from the mountain behind the house",`+
		`"payment_method":{"type":"wechat_pay"},"return_url":"https://shop.example/orders/A-%d","metadata":{"sku":"tea","basket":"b-%d"}}`, n, n, n)
}

// created sends a request and returns the answer, which has to be 201.
func created(c *http.Client, r *http.Request) ([]byte, error) {
	answer, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return text, err
}

// startCeiling starts this program again, as the ceiling.
func (b *building) startCeiling(ctx context.Context, _, database string) (*target, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s, err := launch(ctx, "http://"+address, "/livez", []string{"GOGC=400"}, self, "ceiling", "--store", b.store, "--database", database, "--listen", address)
	if err != nil {
		return nil, err
	}
	c, orders := keepAlive(), &atomic.Int64{}
	return alone(s, "ceiling", s.url, func(ctx context.Context, _ int) error {
		n := orders.Add(1)
		body := paymentBody(n)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/payments", bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Signature", ceilingSignature(body))
		r.Header.Set("Idempotency-Key", fmt.Sprintf("bench-%d-%d", rand.Uint64(), n))
		_, err = created(c, r)
		return err
	}), nil
}
