package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/bench/tally"
	"github.com/paymux/paymux/internal/webhook"
)

// notifySink is all merchants' endpoints, as one process: /e/<n> is endpoint n. It notes when
// each delivery arrived and verifies the signature of every hundredth event. Endpoints that are to
// have trouble stand on a port of their own, which can be made slow or be closed.
type notifySink struct {
	secret  string
	journal *tally.Journal
	steady  []net.Listener // one a host, all on one port
	shaky   *shakyPort

	accepted [2]atomic.Int64 // answered with 200: steady, shaky
	mu       sync.Mutex
	bad      string // what was wrong with the first delivery that was refused
	badCount int
}

// sinkAddresses are where endpoints are.
type sinkAddresses struct {
	Steady []string `json:"steady"`
	Shaky  string   `json:"shaky"`
}

// sinkCount is how much has arrived.
type sinkCount struct {
	Steady   int64  `json:"steady"`
	Shaky    int64  `json:"shaky"`
	Bad      int    `json:"bad"`
	FirstBad string `json:"first_bad,omitempty"`
}

const verifyEvery = 100 // of events: verifying each would make the sink half of what is measured

// serveSink runs the sink until ctx ends.
func serveSink(ctx context.Context, c child, secret string, hosts, most int) error {
	k := &notifySink{secret: secret, journal: tally.NewJournal(most)}
	if err := k.listen(hosts); err != nil {
		return err
	}
	for _, l := range k.steady {
		go http.Serve(l, k.endpoint(&k.accepted[0], nil)) // ends with the process
	}
	addresses := sinkAddresses{Shaky: k.shaky.address}
	for _, l := range k.steady {
		addresses.Steady = append(addresses.Steady, l.Addr().String())
	}
	return c.serveControl(ctx, map[string]http.HandlerFunc{
		"/addresses": told(func(context.Context, struct{}) (sinkAddresses, error) { return addresses, nil }),
		"/count":     told(func(context.Context, struct{}) (sinkCount, error) { return k.count(), nil }),
		"/behave":    told(func(_ context.Context, b behaviour) (struct{}, error) { return struct{}{}, k.shaky.behave(b) }),
		"/journal":   journalOf(k.journal),
	})
}

func (k *notifySink) listen(hosts int) error {
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	k.steady = []net.Listener{first}
	port := first.Addr().(*net.TCPAddr).Port
	for i := 1; i < hosts; i++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.%d.%d:%d", 1+i/250, 1+i%250, port))
		if err != nil {
			return fmt.Errorf("listen on host %d of %d: %w", i+1, hosts, err)
		}
		k.steady = append(k.steady, l)
	}
	k.shaky = &shakyPort{}
	k.shaky.handler = k.endpoint(&k.accepted[1], k.shaky)
	k.shaky.address = "127.0.0.1:0"
	return k.shaky.open()
}

func (k *notifySink) count() sinkCount {
	k.mu.Lock()
	defer k.mu.Unlock()
	return sinkCount{Steady: k.accepted[0].Load(), Shaky: k.accepted[1].Load(), Bad: k.badCount, FirstBad: k.bad}
}

var errBodySize = errors.New("a body of 8 KiB or more")

func (k *notifySink) endpoint(accepted *atomic.Int64, port *shakyPort) http.Handler {
	buffers := sync.Pool{New: func() any { return new([8 << 10]byte) }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buffer := buffers.Get().(*[8 << 10]byte)
		n, err := readAll(r, buffer[:])
		at := time.Now()
		record, fault := k.look(r, buffer[:n], at)
		buffers.Put(buffer)
		if err := errors.Join(err, fault); err != nil {
			k.refuse(w, err)
			return
		}
		if port != nil && !port.wait(r.Context()) {
			return // the sender has given up
		}
		if err := k.journal.Add(record); err != nil {
			k.refuse(w, err)
			return
		}
		accepted.Add(1)
	})
}

// readAll fills a buffer with the body, which has to be shorter than the buffer.
func readAll(r *http.Request, buffer []byte) (n int, err error) {
	for n < len(buffer) {
		m, err := r.Body.Read(buffer[n:])
		n += m
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("read a delivery: %w", err)
		}
	}
	return n, errBodySize
}

func (k *notifySink) look(r *http.Request, body []byte, at time.Time) (tally.Record, error) {
	number, err := strconv.ParseUint(strings.TrimPrefix(r.URL.Path, "/e/"), 10, 32)
	if err != nil {
		return tally.Record{}, fmt.Errorf("no endpoint at %s", r.URL.Path)
	}
	id := r.Header.Get(webhook.HeaderID)
	key := tally.Key(id, uint32(number))
	if id == "" || key%verifyEvery == 0 {
		if err := webhook.Verify(k.secret, r.Header, body, at); err != nil {
			return tally.Record{}, err
		}
	}
	return tally.Record{Key: key, At: at.UnixNano(), Endpoint: uint32(number)}, nil
}

func (k *notifySink) refuse(w http.ResponseWriter, err error) {
	w.WriteHeader(http.StatusBadRequest)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.badCount++; k.bad == "" {
		k.bad = err.Error()
	}
}

// behaviour is how the endpoints on the shaky port answer: at once, late, or not at all.
type behaviour struct {
	DelayMS int64 `json:"delay_ms"`
	Refuse  bool  `json:"refuse"`
}

// shakyPort is a port whose endpoints have trouble when told to.
type shakyPort struct {
	handler http.Handler
	address string

	mu     sync.Mutex
	server *http.Server // nil while connections are refused
	delay  time.Duration
	healed chan struct{} // closed when those who wait need not wait any longer
}

func (p *shakyPort) open() error {
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		return fmt.Errorf("open the shaky port: %w", err)
	}
	p.address = l.Addr().String()
	p.server = &http.Server{Handler: p.handler}
	p.healed = make(chan struct{})
	go p.server.Serve(l) // ends with behave or the process
	return nil
}

// behave changes what the endpoints do. Those who wait for an answer have it, or are cut off.
func (p *shakyPort) behave(b behaviour) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = time.Duration(b.DelayMS) * time.Millisecond
	switch {
	case b.Refuse && p.server != nil:
		err := p.server.Close()
		p.server = nil
		return err
	case !b.Refuse && p.server == nil:
		return p.open()
	}
	close(p.healed)
	p.healed = make(chan struct{})
	return nil
}

// wait keeps a delivery waiting for as long as is due. It reports whether the sender still waits, too.
func (p *shakyPort) wait(ctx context.Context) bool {
	p.mu.Lock()
	delay, healed := p.delay, p.healed
	p.mu.Unlock()
	if delay == 0 {
		return true
	}
	late := time.NewTimer(delay)
	defer late.Stop()
	select {
	case <-late.C:
	case <-healed:
	case <-ctx.Done():
		return false
	}
	return true
}

// addressOf is the URL of endpoint n, among the steady or the shaky.
func (a *sinkAddresses) addressOf(n int, shaky bool) string {
	host := a.Shaky
	if !shaky {
		host = a.Steady[n%len(a.Steady)]
	}
	return "http://" + host + "/e/" + strconv.Itoa(n)
}

// urls are the endpoints' addresses, the last of them shaky.
func (a *sinkAddresses) urls(endpoints, shaky int) []string {
	list := make([]string, 0, endpoints)
	for n := range endpoints {
		list = append(list, a.addressOf(n, n >= endpoints-shaky))
	}
	return slices.Clip(list)
}
