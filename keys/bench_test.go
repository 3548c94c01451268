package keys_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
)

// BenchmarkUse is what a use costs with its durable row in the audit, by 64 callers at a time.
func BenchmarkUse(b *testing.B) {
	for _, kind := range []keys.Kind{keyring.HMAC, keyring.Ed25519, keyring.RSA} {
		b.Run(string(kind), func(b *testing.B) {
			s := newHouse(b).open(b)
			made(b, s, "key", kind)
			user, message := s.As("gateway"), make([]byte, 600)
			b.SetParallelism(max(1, 64/runtime.GOMAXPROCS(0)))
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if _, err := user.Sign(context.Background(), "key", "", message); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "uses/s")
		})
	}
}

// BenchmarkVerifyAudit is what a row of the audit costs to verify.
func BenchmarkVerifyAudit(b *testing.B) {
	s := newHouse(b).open(b)
	made(b, s, "key", keyring.HMAC)
	user := s.As("gateway")
	rows := 20_000
	done := make(chan error, 64)
	for c := range 64 {
		go func() {
			var err error
			for i := range rows / 64 {
				if _, e := user.Sign(context.Background(), "key", "", fmt.Append(nil, c, i)); e != nil {
					err = e
				}
			}
			done <- err
		}()
	}
	for range 64 {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	began := time.Now()
	var seen int64
	for b.Loop() {
		r, err := s.VerifyAudit(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		seen += r.Rows
	}
	b.ReportMetric(float64(seen)/time.Since(began).Seconds(), "rows/s")
}
