package access

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/histogram"
)

// Kinds of requests that are told apart beside merchants' service types.
const (
	loadBatch    = "batch" // each item of which counts against its own service type, and not here
	loadOperator = "operator"
	loadPublic   = "public"
	loadCallback = "callback"
)

// load counts what the front door is asked, without a lock, a map or a merchant.
type load struct {
	under   atomic.Int64
	kinds   []string
	counts  []kindLoad     // by kind
	refused []atomic.Int64 // by code
}

type kindLoad struct {
	classes [6]atomic.Int64 // by the first digit of the status
	took    histogram.Histogram
}

func newLoad() *load {
	l := &load{kinds: []string{loadCallback, loadBatch, loadOperator, loadPublic}, refused: make([]atomic.Int64, len(catalogue))}
	for _, s := range paymux.ServiceTypes() {
		l.kinds = append(l.kinds, string(s))
	}
	l.counts = make([]kindLoad, len(l.kinds))
	return l
}

// of is the place of a route's kind.
func (l *load) of(r *route) int {
	kind := string(r.service)
	switch {
	case r.who == operators:
		kind = loadOperator
	case r.who == everyone:
		kind = loadPublic
	case kind == "":
		kind = loadBatch
	}
	return slices.Index(l.kinds, kind)
}

// count takes a request that has ended. How long a stream was open is not how long anybody waited.
func (l *load) count(c *call, a *answer, took time.Duration) {
	k := &l.counts[0] // a callback
	if c.route != nil {
		k = &l.counts[c.route.load]
	}
	k.classes[min(max(a.status/100, 0), 5)].Add(1)
	if a.follow == nil {
		k.took.Observe(took)
	}
	l.refuse(a)
}

// refuse counts an answer that is an error, by its code.
func (l *load) refuse(a *answer) {
	if a.err == nil {
		return
	}
	code := asError(a.err).Code
	if i := slices.IndexFunc(catalogue, func(e entry) bool { return e.Code == code }); i >= 0 {
		l.refused[i].Add(1)
	}
}

// Load is what the front door has been asked so far.
type Load struct {
	UnderWay int64 // requests, streams among them
	Streams  int   // of events, open
	Kinds    []KindLoad
	Refused  map[paymux.Code]int64 // requests answered with an error
}

// KindLoad is one service type's part, or that of callbacks, batches, operators or what everybody may see.
type KindLoad struct {
	Kind    string
	Classes map[string]int64 // "2xx"
	Took    histogram.Counts // streams are not in it
}

// Load tells what was asked.
func (s *Server) Load() Load {
	out := Load{UnderWay: s.load.under.Load(), Streams: s.streams.count(), Refused: map[paymux.Code]int64{}}
	for i, kind := range s.load.kinds {
		k := KindLoad{Kind: kind, Classes: map[string]int64{}, Took: s.load.counts[i].took.Counts()}
		for class := range s.load.counts[i].classes {
			if n := s.load.counts[i].classes[class].Load(); n > 0 {
				k.Classes[string(rune('0'+class))+"xx"] = n
			}
		}
		if len(k.Classes) > 0 {
			out.Kinds = append(out.Kinds, k)
		}
	}
	for i := range s.load.refused {
		if n := s.load.refused[i].Load(); n > 0 {
			out.Refused[catalogue[i].Code] = n
		}
	}
	return out
}

// count is how many streams are open.
func (s *streams) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range s.open {
		n += of
	}
	return n
}
