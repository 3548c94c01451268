package sandbox_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

// served is a bank with a socket of its own, as in a process of its own.
func served(t *testing.T) (bank *sandbox.Institution, socket *sandbox.Listener, down <-chan struct{}) {
	t.Helper()
	socket, err := sandbox.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{}, 1)
	bank = institution(t, sandbox.Config{Client: newInbox().client(), Refuse: func(pause time.Duration) error {
		defer func() { begun <- struct{}{} }()
		return socket.Refuse(pause)
	}})
	mux := http.NewServeMux()
	mux.Handle("/sandbox/v1/", bank.Wire())
	mux.Handle("/sandbox/api/", bank.API())
	server := &http.Server{Handler: mux}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(socket) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return bank, socket, begun
}

// Down for a while means that connections are really refused, kept ones included, and that it comes back by itself.
func TestOutage(t *testing.T) {
	t.Parallel()
	bank, socket, down := served(t)
	base := "http://" + socket.Addr().String()
	ch := openWire(t, channel.Config{Account: "test", Client: &http.Client{Transport: &http.Transport{}}, Options: map[string]string{
		"base_url": base, "api_key": wireKey.Reveal(), "callback_secret": secret.Reveal(),
	}})
	paid := payOp(paymux.Card, card("4242424242424242"), 1250)
	if _, err := ch.Do(t.Context(), paid); err != nil {
		t.Fatal(err)
	}
	told, err := http.Post(base+"/sandbox/api/outage", "application/json", strings.NewReader(`{"for_ms":500}`))
	if err != nil {
		t.Fatal(err)
	}
	defer told.Body.Close()
	if body, err := io.ReadAll(told.Body); err != nil || told.StatusCode != http.StatusOK || string(body) != `{"for_ms":500}` {
		t.Fatalf("the control's own answer: %s %s, %v", told.Status, body, err)
	}
	<-down // the answer comes first, the outage after it
	if err := socket.Refuse(time.Millisecond); err == nil {
		t.Error("down twice")
	}
	kept := payOp(paymux.Card, card("4242424242424242"), 1250)
	if r, err := ch.Do(t.Context(), kept); err == nil {
		t.Errorf("over a connection kept from before: %+v", r)
	}
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	r, err := ch.Do(t.Context(), op)
	if outcome(r, err) != "not sent" {
		t.Errorf("over a new one, which is refused: %+v, %v", r, err)
	}
	for _, down := range []channel.Operation{kept, op} {
		if _, booked := bank.Charge(down.ID); booked {
			t.Error("booked while it is down")
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); err != nil; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come back: %v", err)
		}
		r, err = ch.Do(t.Context(), op)
	}
	if charge, _ := bank.Charge(op.ID); r.State != paymux.OpSucceeded || charge.Effects != 1 {
		t.Errorf("after it is back: %s, %d effects", r.State, charge.Effects)
	}
}

func TestListenerEnds(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]bool{"open": false, "while refusing": true} {
		socket, err := sandbox.Listen(t.Context(), "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if refuse {
			if err := socket.Refuse(time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		ended := make(chan error, 1)
		go func() { _, err := socket.Accept(); ended <- err }()
		for range 2 {
			if err := socket.Close(); err != nil {
				t.Errorf("%s: close: %v", name, err)
			}
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: accept ended with %v", name, err)
		}
	}
}
