package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Times of a seat. A holder that dies is replaced within silence and two looks after its last renewal: 2 s.
const (
	renewEvery = 500 * time.Millisecond // by its holder
	lookEvery  = 250 * time.Millisecond // at it, by the others
	silence    = 1500 * time.Millisecond
	seatAnswer = time.Second // how long the registry's answer is waited for
)

// Seat is what one of several processes has at a time, such as the place of the primary among frontends. It is a flag
// that its holder rewrites twice a second. Another process takes it when it has seen no rewriting for 1.5 s by its own clock,
// and only by writing over the revision it has seen: clocks of different machines are never compared.
//
// It steers; it excludes nothing. For a moment two processes may believe that they hold it (one was frozen, or a
// writing's answer was lost), and while the registry is away, whoever held it goes on and nobody takes it. What two
// processes must never do at once needs something else. Safe for concurrent use.
type Seat struct {
	r     *Registry
	flags *Settings
	key   string
	own   string // who this process is
	end   chan struct{}
	done  chan struct{}
	once  sync.Once

	mu      sync.Mutex // guards what follows
	holder  string
	changed chan struct{}
	err     error // of the end

	// The rest belongs to run alone.
	rev     uint64    // that was seen, or written, last
	since   time.Time // rev is the newest; zero: the registry has been away, which proves nothing
	renewed time.Time
	away    bool
}

// seated is a seat's flag.
type seated struct {
	Holder string `json:"holder"` // its ID; empty: it was left
}

// Contend takes part in holding the seat that is the flag of this key, as own, an ID that nobody else has, until Release. It
// returns at once, holding nothing. Errors: ErrBadName; a stopped registry.
func (r *Registry) Contend(key, own string) (*Seat, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if !token(own) {
		return nil, fmt.Errorf("%w: %q for seat %s", ErrBadName, own, key)
	}
	s := &Seat{
		r: r, flags: r.Flags(), key: key, own: own,
		end: make(chan struct{}), done: make(chan struct{}), changed: make(chan struct{}),
	}
	if !r.adopt(s, s.Release) {
		return nil, errStopped
	}
	go s.run()
	return s, nil
}

// Held reports whether this process has the seat.
func (s *Seat) Held() bool { return s.Holder() == s.own }

// Holder is who has the seat, as far as this process knows; empty: nobody that it knows of.
func (s *Seat) Holder() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holder
}

// Changed returns a channel that is closed at the next change of Holder. Take it before reading.
func (s *Seat) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Release leaves the seat, so that another takes it at once, and contends no more. It waits until ctx ends. It may be called twice.
func (s *Seat) Release(ctx context.Context) error {
	s.once.Do(func() { close(s.end) })
	select {
	case <-s.done:
	case <-ctx.Done():
		return fmt.Errorf("registry: leave seat %s: %w", s.key, ctx.Err())
	}
	s.r.forget(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Seat) run() {
	defer close(s.done)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		s.step()
		select {
		case <-s.end:
			s.leave()
			return
		case <-tick.C:
		}
	}
}

func (s *Seat) step() {
	ctx, cancel := context.WithTimeout(context.Background(), seatAnswer)
	defer cancel()
	if !s.Held() {
		s.look(ctx)
	} else if s.r.Now().Sub(s.renewed) >= renewEvery-lookEvery/2 {
		s.renew(ctx)
	}
}

// renew rewrites the flag. A registry that is away changes nothing: nobody else can write there either, or else the
// next writing will tell.
func (s *Seat) renew(ctx context.Context) {
	err := s.write(ctx, s.own)
	s.note(err)
	if errors.Is(err, ErrConflict) {
		s.since = time.Time{}
		s.look(ctx)
	}
}

// look reads the flag, and takes the seat where it is free or its holder silent.
func (s *Seat) look(ctx context.Context) {
	d, err := s.flags.Get(ctx, s.key)
	if errors.Is(err, ErrNotFound) {
		d, err = Document{}, nil
	}
	if s.note(err); err != nil {
		s.since = time.Time{} // a silence in which nobody could be heard is none
		return
	}
	var is seated
	_ = json.Unmarshal(d.Value, &is) // what cannot be read is held by nobody
	now := s.r.Now()
	if s.since.IsZero() || d.Version != s.rev {
		s.rev, s.since = d.Version, now
	}
	s.become(is.Holder)
	if is.Holder == "" || is.Holder != s.own && now.Sub(s.since) >= silence {
		s.take(ctx)
	}
}

// take writes over the revision that was seen. Of several who do, one succeeds.
func (s *Seat) take(ctx context.Context) {
	before := s.Holder()
	if err := s.write(ctx, s.own); err == nil {
		s.become(s.own)
		s.r.Log.Info("seat taken", "seat", s.key, "as", s.own, "before", before)
	} // otherwise the next look tells who was first, or that the answer was lost
}

func (s *Seat) write(ctx context.Context, holder string) error {
	value, err := json.Marshal(seated{holder})
	if err != nil {
		return err
	}
	d, err := s.flags.Put(ctx, Document{Key: s.key, Version: s.rev, Value: value, Who: s.own})
	if err == nil {
		s.rev, s.renewed = d.Version, s.r.Now()
	}
	return err
}

// become remembers who has the seat.
func (s *Seat) become(holder string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if holder == s.holder {
		return
	}
	if s.holder == s.own {
		s.r.Log.Warn("seat lost", "seat", s.key, "as", s.own, "to", holder)
	}
	s.holder = holder
	close(s.changed)
	s.changed = make(chan struct{})
}

// note logs where it changes whether the registry answers.
func (s *Seat) note(err error) {
	if away := err != nil && !errors.Is(err, ErrConflict); away != s.away {
		s.away = away
		if away {
			s.r.Log.Warn("who has the seat cannot be asked; all stays as it is", "seat", s.key, "holder", s.Holder(), "error", err)
		}
	}
}

// leave gives the seat back.
func (s *Seat) leave() {
	if !s.Held() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), seatAnswer)
	defer cancel()
	err := s.write(ctx, "")
	s.mu.Lock()
	s.err, s.holder = err, ""
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
}
