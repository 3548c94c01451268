package test_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// The disk fills up under load: nothing is accepted that could not be kept, and once there is room again
// everything that was accepted is delivered, with hardly a repeat.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "sqlite")
	disk := filepath.Join(p.dir, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	p.store = "store: {engine: sqlite, path: " + filepath.Join(disk, "paymux.db") + "}"
	// A file system of its own, which only this process sees.
	p.wrap = []string{"unshare", "--mount", "--map-root-user", "sh", "-c", `mount -t tmpfs -o size=48m tmpfs "$0" && exec "$@"`, disk}
	p.start()
	api, key := p.merchant(nil)
	c := &customer{key: key, receiver: newReceiver(t)}
	e, err := api.CreateEndpoint(t.Context(), client.EndpointRequest{URL: c.receiver.URL})
	if err != nil {
		t.Fatal(err)
	}
	c.receiver.trust(e.Secret.Reveal())

	sold, refused := 0, 0
	sell := func(n int) {
		for range n {
			_, err := api.CreatePayment(t.Context(), client.PaymentRequest{
				Amount: 1000, Currency: "CNY", MerchantOrderID: fmt.Sprint("order-", sold+refused),
				PaymentMethod: &client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Number: goodCard, ExpMonth: 12, ExpYear: 2040, CVC: "123"}},
			})
			var answer *client.Error
			switch {
			case err == nil:
				sold++
			case errors.As(err, &answer) && answer.Status >= http.StatusInternalServerError:
				refused++
			default:
				t.Fatalf("sale: %v", err)
			}
		}
	}
	sell(50)
	filler := filepath.Join("/proc", fmt.Sprint(p.cmd.Process.Pid), "root", disk, "filler")
	fill(t, filler)
	for refused < 5 && sold < 20_000 { // the log on disk has room that is used again, for a while
		sell(1)
	}
	if refused == 0 {
		t.Error("a full disk refuses nothing")
	}
	<-time.After(3 * time.Second) // what was delivered meanwhile cannot be noted down, and is not delivered again for it
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	p.await("selling again", 30*time.Second, func() bool { before := sold; sell(1); return sold > before })
	sell(20)

	committed := map[string]bool{}
	done := func() bool {
		clear(committed)
		for e, err := range api.Events(t.Context(), client.EventQuery{Type: paymux.PaymentSucceeded}) {
			if err != nil {
				t.Fatal(err)
			}
			committed[string(e.ID)] = true
		}
		return len(committed) >= sold && c.receiver.hasAll(committed)
	}
	p.await("everything accepted told", 60*time.Second, done)
	if repeats := c.receiver.check(t, committed); repeats > 0 {
		t.Errorf("%d of %d events were repeated", repeats, len(committed))
	}
}

// fill writes a file until there is no room for more.
func fill(t *testing.T, name string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, size := range []int{1 << 20, 4096, 1} {
		block := make([]byte, size)
		for err = nil; err == nil; {
			_, err = file.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}
