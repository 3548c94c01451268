package relay_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wire"
	"github.com/paymux/paymux/relay"
)

// house is regions, a directory, a list and a journal, for any number of frontends. It lives in a synctest bubble.
type house struct {
	t       testing.TB
	sites   []*site
	dir     *directory
	lists   *lists
	journal *book
}

func newHouse(t testing.TB, regions int) *house {
	h := &house{t: t, dir: &directory{changed: make(chan struct{})}, lists: &lists{changed: make(chan struct{})}, journal: &book{rows: map[string]row{}}}
	for i := range regions {
		h.sites = append(h.sites, &site{number: paymux.Region(i + 1), name: string(rune('a' + i)), began: map[string]int{}})
	}
	h.show(nil)
	h.assign(evenly(regions))
	return h
}

// evenly is a list over regions of the same weight.
func evenly(regions int) string {
	text, to := "regions:\n", ""
	for i := range regions {
		text += fmt.Sprintf("- {name: %c, number: %d}\n", 'a'+i, i+1)
		to += fmt.Sprintf("{region: %c},", 'a'+i)
	}
	return text + "rules:\n- {name: rest, to: [" + to + "]}\n"
}

// show puts the regions into the directory, changed by change.
func (h *house) show(change func(*relay.Region)) {
	var all []relay.Region
	for _, s := range h.sites {
		g := relay.Region{Number: s.number, Name: s.name, Weight: 1, Node: s}
		if change != nil {
			change(&g)
		}
		all = append(all, g)
	}
	h.dir.set(all)
}

func (h *house) assign(text string) {
	h.t.Helper()
	l := list(h.t, text)
	h.lists.set(l)
}

// open is one more frontend, with a line of its own to the journal.
func (h *house) open(change ...func(*relay.Config)) *relay.Relay {
	h.t.Helper()
	c := relay.Config{Directory: h.dir, Lists: h.lists, Journal: &line{book: h.journal}, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&c)
	}
	r, err := relay.Open(c)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { h.close(r) })
	return r
}

func (h *house) close(r *relay.Relay) {
	if err := r.Stop(context.Background()); err != nil {
		h.t.Error(err)
	}
}

// settled waits until keys may leave their homes: the journal is new to everybody.
func settled() { time.Sleep(time.Minute) }

// home is where a merchant's payments go when all is well.
func (h *house) home(merchant paymux.MerchantID) *site {
	name := relay.PlanOf(h.lists.List()).Home(relay.Request{Merchant: merchant, Service: paymux.ServicePay})
	for _, s := range h.sites {
		if s.name == name {
			return s
		}
	}
	h.t.Fatalf("there is no region %q", name)
	return nil
}

// others are the regions but one.
func (h *house) others(but *site) []*site {
	return slices.DeleteFunc(slices.Clone(h.sites), func(s *site) bool { return s == but })
}

// began are the regions that have begun a key.
func (h *house) began(key string) (names []string) {
	for _, s := range h.sites {
		s.mu.Lock()
		if s.began[key] > 0 {
			names = append(names, s.name)
		}
		s.mu.Unlock()
	}
	return names
}

func pay(merchant paymux.MerchantID, key string) paymux.CreatePayment {
	return paymux.CreatePayment{Caller: paymux.Caller{
		Merchant: merchant, Idempotency: key, Hops: []paymux.Hop{{At: time.Now(), Kind: paymux.HopAPI, Text: "asked"}},
	}}
}

// site is a region's node.
type site struct {
	number paymux.Region
	name   string

	mu    sync.Mutex
	slow  func() time.Duration
	down  bool // takes nothing
	deaf  bool // begins, and its answers are lost
	sick  bool // answers that it cannot
	began map[string]int
	asked int

	stranger bool // of notifications
	last     paymux.CreatePayment
	bare     int // sent without the journal
}

var (
	errUntaken = &paymux.Error{Code: paymux.Unavailable, Message: "No node takes it.", RetryAfter: 1, Err: rpc.ErrNotTaken}
	errLost    = paymux.Errorf(paymux.OutcomeUnknown, "It may have happened.").Because(wire.ErrLost)
	errSick    = paymux.Errorf(paymux.Unavailable, "The store did not confirm the change.")
)

func (s *site) set(down, deaf, sick bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down, s.deaf, s.sick = down, deaf, sick
}

func (s *site) hear() error {
	if s.slow != nil {
		time.Sleep(s.slow())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	switch {
	case s.down:
		return errUntaken
	case s.deaf:
		return errLost
	case s.sick:
		return errSick
	}
	return nil
}

func (s *site) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *site) Create(_ context.Context, q paymux.CreatePayment) (paymux.Reply, error) {
	err := s.hear()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last = q; err == nil || !errors.Is(err, errUntaken) {
		if n := len(q.Hops); n > 0 && strings.Contains(q.Hops[n-1].Text, "the journal of keys is away") {
			s.bare++
		}
		s.began[q.Idempotency]++ // sick or deaf, its store may have it
	}
	return paymux.Reply{Object: []byte(s.name)}, err
}

func (s *site) verb() (paymux.Reply, error) { return paymux.Reply{Object: []byte(s.name)}, s.hear() }
func (s *site) Confirm(context.Context, paymux.ConfirmPayment) (paymux.Reply, error) {
	return s.verb()
}
func (s *site) Capture(context.Context, paymux.CapturePayment) (paymux.Reply, error) {
	return s.verb()
}
func (s *site) Cancel(context.Context, paymux.CancelPayment) (paymux.Reply, error) { return s.verb() }
func (s *site) Refund(context.Context, paymux.CreateRefund) (paymux.Reply, error)  { return s.verb() }
func (s *site) Sync(context.Context, paymux.SyncPayment) (paymux.Reply, error)     { return s.verb() }
func (s *site) Callback(context.Context, paymux.CallbackRequest) (paymux.CallbackAck, error) {
	if s.stranger {
		return paymux.CallbackAck{}, paymux.Errorf(paymux.NotFound, "There is no such operation.")
	}
	return paymux.CallbackAck{}, s.hear()
}

// directory is a relay.Directory that tests change.
type directory struct {
	mu      sync.Mutex
	regions []relay.Region
	changed chan struct{}
	stale   bool
}

func (d *directory) set(regions []relay.Region) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.regions = regions
	close(d.changed)
	d.changed = make(chan struct{})
}

func (d *directory) Regions() []relay.Region {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.regions
}

func (d *directory) Changed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changed
}

func (d *directory) Stale() (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Time{}, d.stale
}

// lists is a relay.Lists that tests change.
type lists struct {
	mu      sync.Mutex
	list    *relay.List
	changed chan struct{}
}

func (l *lists) set(list *relay.List) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if list != nil && l.list != nil {
		list.Version, list.Since = l.list.Version+1, time.Now()
	}
	l.list = list
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *lists) List() *relay.List {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.list
}

func (l *lists) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

type row struct {
	body []byte
	rev  uint64
}

// book is the journal that all frontends share.
type book struct {
	mu   sync.Mutex
	rows map[string]row
	rev  uint64
	down bool
	puts int // of keys
	gets int
}

func (b *book) set(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

// lose forgets everything.
func (b *book) lose() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows, b.rev = map[string]row{}, 0
}

func (b *book) used() (puts, gets int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.puts, b.gets
}

// has is what the journal says of a key.
func (b *book) has(q paymux.CreatePayment) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.rows[relay.EntryName(q.Merchant, q.Idempotency)].body)
}

// hall is where frontends hear each other.
type hall struct {
	mu    sync.Mutex
	seats map[string]*seat
}

// seat is one frontend's. Who is cut off hears nobody and is not heard.
type seat struct {
	hall   *hall
	id     string
	cut    bool
	answer func(string, []byte) []byte
}

func (h *hall) sit(id string) *seat {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seats == nil {
		h.seats = map[string]*seat{}
	}
	h.seats[id] = &seat{hall: h, id: id}
	return h.seats[id]
}

func (s *seat) set(cut bool) {
	s.hall.mu.Lock()
	defer s.hall.mu.Unlock()
	s.cut = cut
}

func (s *seat) Others() (ids []string, known bool) {
	s.hall.mu.Lock()
	defer s.hall.mu.Unlock()
	for id := range s.hall.seats {
		if id != s.id {
			ids = append(ids, id)
		}
	}
	return ids, true
}

func (s *seat) Ask(ctx context.Context, question []byte) map[string][]byte {
	s.hall.mu.Lock()
	ask := map[string]func(string, []byte) []byte{}
	for id, other := range s.hall.seats {
		if id != s.id && !s.cut && !other.cut && other.answer != nil {
			ask[id] = other.answer
		}
	}
	s.hall.mu.Unlock()
	answers := map[string][]byte{}
	for id, answer := range ask {
		answers[id] = answer(s.id, question)
	}
	if len(answers) < len(s.hall.seats)-1 {
		<-ctx.Done()
	}
	return answers
}

func (s *seat) Serve(answer func(string, []byte) []byte) (stop func(), err error) {
	s.hall.mu.Lock()
	defer s.hall.mu.Unlock()
	s.answer = answer
	return func() {}, nil
}

// line is a frontend's connection to the journal.
type line struct {
	book *book
	mu   sync.Mutex
	cut  bool
	slow func() time.Duration // what a question takes
}

var errNoLine = errors.New("the journal is away")

func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
}

func (l *line) open() bool {
	if l.slow != nil {
		time.Sleep(l.slow())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.book.mu.Lock()
	defer l.book.mu.Unlock()
	return !l.cut && !l.book.down
}

func (l *line) Get(_ context.Context, name string) ([]byte, uint64, error) {
	if !l.open() {
		return nil, 0, errNoLine
	}
	l.book.mu.Lock()
	defer l.book.mu.Unlock()
	if strings.HasPrefix(name, "k.") {
		l.book.gets++
	}
	r, ok := l.book.rows[name]
	if !ok {
		return nil, 0, relay.ErrNotWritten
	}
	return r.body, r.rev, nil
}

func (l *line) Put(_ context.Context, name string, body []byte, was uint64) (uint64, error) {
	if !l.open() {
		return 0, errNoLine
	}
	l.book.mu.Lock()
	defer l.book.mu.Unlock()
	if strings.HasPrefix(name, "k.") {
		l.book.puts++
	}
	if l.book.rows[name].rev != was {
		return 0, relay.ErrRewritten
	}
	l.book.rev++
	l.book.rows[name] = row{body, l.book.rev}
	return l.book.rev, nil
}
