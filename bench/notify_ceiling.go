package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
)

// knocking is a load of the ceiling: callers that each deliver as soon as the delivery before is answered.
type knocking struct {
	URLs    []string `json:"urls"`
	Secret  string   `json:"secret"`
	Callers int      `json:"callers"`
	ForMS   int64    `json:"for_ms"`
}

// knocked is what came of it.
type knocked struct {
	Delivered int64  `json:"delivered"`
	Failed    int64  `json:"failed"`
	FirstFail string `json:"first_fail"`
	Took      int64  `json:"took"` // nanoseconds
}

// serveNotifyCeiling is the barest honest program for the work of a delivery: a signed POST of the
// same body to the same sink over connections kept alive. It has no store, no queue, no retries and no log.
func serveNotifyCeiling(ctx context.Context, c child) error {
	d := newDraft()
	e := d.event(paymux.NewIDs(benchIDsKey, 1, time.Now), someMerchant)
	return c.serveControl(ctx, map[string]http.HandlerFunc{
		"/run": told(func(ctx context.Context, k knocking) (knocked, error) { return knock(ctx, k, e.Body) }),
	})
}

func knock(ctx context.Context, k knocking, body []byte) (knocked, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(k.Secret, "whsec_"))
	if err != nil {
		return knocked{}, fmt.Errorf("the secret is none")
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: k.Callers, DisableCompression: true}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(k.ForMS)*time.Millisecond)
	defer cancel()
	var next atomic.Int64
	var out counts
	var wg sync.WaitGroup
	began := time.Now()
	for range k.Callers {
		wg.Go(func() {
			mac := hmac.New(sha256.New, key)
			for ctx.Err() == nil {
				n := next.Add(1)
				out.add(1, 0, deliver(context.WithoutCancel(ctx), client, k.URLs[n%int64(len(k.URLs))], mac, n, body))
			}
		})
	}
	wg.Wait()
	return knocked{out.done.Load(), out.failed.Load(), out.first, int64(time.Since(began))}, nil
}

func deliver(ctx context.Context, client *http.Client, url string, mac hash.Hash, n int64, body []byte) error {
	id := fmt.Sprintf("evt_%026d", n)
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac.Reset()
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = http.Header{
		"Content-Type": {"application/json"},
		"User-Agent":   {"Paymux"},
		http.CanonicalHeaderKey(webhook.HeaderID):        {id},
		http.CanonicalHeaderKey(webhook.HeaderTimestamp): {stamp},
		http.CanonicalHeaderKey(webhook.HeaderSignature): {"v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the sink answered %s", answer.Status)
	}
	return nil
}
