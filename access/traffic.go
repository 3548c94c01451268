package access

import (
	"hash/maphash"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/paymux/paymux"
)

const (
	trafficShards = 64
	trafficSlots  = 10      // parts of a window
	shardCounters = 1 << 14 // counters in one shard before the idle are looked for, and others dropped
	sweepEvery    = time.Minute
	defaultPolicy = "default"
)

// Quota is where a merchant stands with one service type, for the headers of
// draft-ietf-httpapi-ratelimit-headers.
type Quota struct {
	Policy    string // the service type, or "default" where the platform's limit applies
	Requests  int    // allowed within the window
	Seconds   int    // the window
	Remaining int
	Reset     int // seconds until more is allowed than is now
	Refused   bool
}

// Header sets RateLimit-Policy and RateLimit, and Retry-After on a refusal. A zero Quota sets nothing.
func (q Quota) Header(h http.Header) {
	if q.Policy == "" {
		return
	}
	var b [64]byte
	policy := append(append(append(b[:0], '"'), q.Policy...), `";q=`...)
	policy = append(strconv.AppendInt(policy, int64(q.Requests), 10), ";w="...)
	h["Ratelimit-Policy"] = []string{string(strconv.AppendInt(policy, int64(q.Seconds), 10))}
	limit := append(append(append(b[:0], '"'), q.Policy...), `";r=`...)
	limit = append(strconv.AppendInt(limit, int64(q.Remaining), 10), ";t="...)
	h["Ratelimit"] = []string{string(strconv.AppendInt(limit, int64(q.Reset), 10))}
	if q.Refused {
		h["Retry-After"] = []string{strconv.Itoa(q.Reset)}
	}
}

type trafficKey struct {
	merchant paymux.MerchantID
	service  paymux.ServiceType
}

// Take counts one request of a merchant for a service type against its threshold (A6). Above it, the
// error has Code RateLimited; the Quota is there either way. A refused request is not counted.
func (a *Authenticator) Take(merchant paymux.MerchantID, service paymux.ServiceType, policy paymux.Policy) (Quota, error) {
	limit, name := a.limit, defaultPolicy
	for _, l := range policy.TrafficLimit {
		if l.Service == service && l.Requests > 0 && l.Seconds > 0 {
			limit, name = l, string(service)
		}
	}
	left, reset, ok := a.traffic.take(trafficKey{merchant, service}, limit, a.now())
	q := Quota{
		Policy: name, Requests: limit.Requests, Seconds: limit.Seconds,
		Remaining: left, Reset: seconds(reset), Refused: !ok,
	}
	if ok {
		return q, nil
	}
	err := paymux.Errorf(paymux.RateLimited, "More than %d requests of the service type %q within %d seconds. Wait %d seconds.", limit.Requests, service, limit.Seconds, q.Reset)
	err.RetryAfter = q.Reset
	return q, err
}

// seconds rounds up, to at least one.
func seconds(d time.Duration) int {
	return max(1, int((d+time.Second-1)/time.Second))
}

// traffic counts by key, in shards, so that no lock is shared by all keys.
type traffic[K comparable] struct {
	seed   maphash.Seed
	shards [trafficShards]trafficShard[K]
}

type trafficShard[K comparable] struct {
	mu       sync.Mutex
	counters map[K]*counter
	swept    time.Time
}

// counter is a sliding window in slots. What is allowed never exceeds the limit in any window: the
// slot that is only partly over counts whole.
type counter struct {
	slots  [trafficSlots + 1]int
	newest int64 // number of the newest slot since 1970
	width  time.Duration
	sum    int
}

func newTraffic[K comparable]() *traffic[K] {
	t := &traffic[K]{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].counters = make(map[K]*counter)
	}
	return t
}

// take counts one, if the limit leaves room. left is what remains afterwards, reset when the oldest counted ones leave the window.
func (t *traffic[K]) take(key K, limit paymux.Limit, now time.Time) (left int, reset time.Duration, ok bool) {
	s := t.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counters[key]
	if c == nil {
		s.makeRoom(now)
		c = &counter{}
		s.counters[key] = c
	}
	c.advance(limit, now)
	if ok = c.sum < limit.Requests; ok {
		c.slots[c.newest%int64(len(c.slots))]++
		c.sum++
	}
	return max(0, limit.Requests-c.sum), c.reset(now), ok
}

// full reports whether take would refuse, and for how long. It counts nothing.
func (t *traffic[K]) full(key K, limit paymux.Limit, now time.Time) (wait time.Duration, full bool) {
	s := t.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counters[key]
	if c == nil {
		return 0, false
	}
	c.advance(limit, now)
	return c.reset(now), c.sum >= limit.Requests
}

func (t *traffic[K]) shard(key K) *trafficShard[K] {
	return &t.shards[maphash.Comparable(t.seed, key)%trafficShards]
}

// advance forgets the slots that left the window. A clock that steps back changes nothing; a changed window starts anew.
func (c *counter) advance(limit paymux.Limit, now time.Time) {
	width := time.Duration(limit.Seconds) * time.Second / trafficSlots
	if width != c.width {
		*c = counter{width: width}
	}
	number := now.UnixNano() / int64(width)
	if c.newest == 0 {
		c.newest = number
	}
	for n := int64(0); n < int64(len(c.slots)) && c.newest < number; n++ {
		c.newest++
		i := c.newest % int64(len(c.slots))
		c.sum -= c.slots[i]
		c.slots[i] = 0
	}
	c.newest = max(c.newest, number)
}

func (c *counter) reset(now time.Time) time.Duration {
	for age := int64(trafficSlots); age >= 0; age-- {
		number := c.newest - age
		if number >= 0 && c.slots[number%int64(len(c.slots))] > 0 {
			return time.Duration(number+trafficSlots+1)*c.width - time.Duration(now.UnixNano())
		}
	}
	return 0
}

func (c *counter) idle(now time.Time) bool {
	return now.UnixNano()/int64(c.width)-c.newest > trafficSlots
}

// makeRoom forgets idle counters now and then, and some other one when a shard is full.
func (s *trafficShard[K]) makeRoom(now time.Time) {
	if now.Sub(s.swept) >= sweepEvery {
		s.swept = now
		for key, c := range s.counters {
			if c.idle(now) {
				delete(s.counters, key)
			}
		}
	}
	for key := range s.counters {
		if len(s.counters) < shardCounters {
			return
		}
		delete(s.counters, key)
	}
}
