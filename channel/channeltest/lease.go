package channeltest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/channelrpc"
)

// leasePrefix is where NATS repeats what the registry has been told of a channel's instances.
const leasePrefix = "paymux.registry.instances.gateway."

// leases are what is heard of a channel's instances.
type leases struct {
	mu    sync.Mutex // guards what follows
	times map[string][]time.Time
	last  map[string][]byte
	news  chan struct{} // closed and replaced with every renewal
}

// follow begins to listen, until the part ends.
func follow(t T, conn *nats.Conn, name string) *leases {
	t.Helper()
	l := &leases{times: map[string][]time.Time{}, last: map[string][]byte{}, news: make(chan struct{})}
	sub, err := conn.Subscribe(leasePrefix+name+".*", l.hear)
	if err != nil {
		t.Fatalf("listen to the registry: %v", err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() }) // fails where the connection has ended
	return l
}

func (l *leases) hear(m *nats.Msg) {
	id := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times[id], l.last[id] = append(l.times[id], time.Now()), m.Data
	close(l.news)
	l.news = make(chan struct{})
}

// of is what was heard of one instance.
func (l *leases) of(id string) (times []time.Time, last []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.times[id]), l.last[id]
}

// until waits for news that make come true; false: they did not come in time.
func (l *leases) until(limit time.Duration, come func() bool) bool {
	enough := time.After(limit)
	for {
		l.mu.Lock()
		news := l.news
		l.mu.Unlock()
		if come() {
			return true
		}
		select {
		case <-news:
		case <-enough:
			return false
		}
	}
}

const (
	renewals  = 3               // watched
	renewedIn = 3 * time.Second // at the latest: the contract's 2 s, and what a busy machine adds
	codesIn   = 10 * time.Second
)

// lease wants the instance's lease renewed in time, true and in its place.
func (w *wire) lease(t T, l *leases) {
	l.until(renewals*renewedIn, func() bool { times, _ := l.of(w.ID); return len(times) >= renewals })
	times, last := l.of(w.ID)
	if len(times) < renewals {
		t.Fatalf("the lease gateway.%s.%s was renewed %d times in %s; renew it every 2 s", w.caps.Name, w.ID, len(times), renewals*renewedIn)
	}
	for i, at := range times[1:] {
		if gap := at.Sub(times[i]); gap > renewedIn {
			t.Errorf("%s passed between two renewals of the lease; renew it every 2 s", gap.Round(time.Millisecond))
		}
	}
	conforms(t, "Lease", last)
	var is channelrpc.Lease
	if err := json.Unmarshal(last, &is); err != nil {
		t.Fatalf("the lease: %v", err)
	}
	if is.ID != w.ID || is.Role != "gateway" || is.Name != w.caps.Name {
		t.Errorf("the lease says id %q, role %q, name %q; its key is gateway.%s.%s", is.ID, is.Role, is.Name, w.caps.Name, w.ID)
	}
	if is.Version != is.Detail.Version || is.Name != is.Detail.Name {
		t.Errorf("the lease is of %s %s, its detail of %s %s", is.Name, is.Version, is.Detail.Name, is.Detail.Version)
	}
	if is.State != "ready" && is.State != "starting" && is.State != "draining" {
		t.Errorf("state %q is none of starting, ready and draining", is.State)
	}
	if is.Weight <= 0 {
		t.Errorf("weight %d: it would be given nothing", is.Weight)
	}
	t.Run("unknown_codes", func(t T) { w.unknownCodes(t, l) })
}

// unknownCodes wants a code that the package does not know to be counted in some instance's lease.
func (w *wire) unknownCodes(t T, l *leases) {
	if !w.kit || w.bench.s.Unknown == nil {
		notChecked(t, "codes nobody knows: the kit has no payment that is answered with one")
		return
	}
	r, err := w.bench.channel.Do(w.bench.context(t), w.bench.payment(t, *w.bench.s.Unknown, false))
	if err != nil || r.State != paymux.OpUnknown || r.Code == "" {
		t.Fatalf("a code nobody knows is answered state %q, code %q, error %v; want unknown and the code", r.State, r.Code, err)
	}
	if !l.until(codesIn, func() bool { return l.counts(r.Code) }) {
		t.Errorf("code %q is in no lease's unknown_codes after %s", r.Code, codesIn)
	}
}

// counts reports whether an instance has counted a code.
func (l *leases) counts(code string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(slices.Collect(maps.Values(l.last)), func(body []byte) bool {
		var is channelrpc.Lease
		return json.Unmarshal(body, &is) == nil && is.Detail.UnknownCodes[code] > 0
	})
}
