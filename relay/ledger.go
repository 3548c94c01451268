package relay

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"
)

// Timing is how patient the relay is. Zeros take the defaults. It is the same at all frontends.
type Timing struct {
	// Probe is how often the journal is looked at. Default: 500 ms.
	Probe time.Duration
	// Answer is how long the journal is waited for. Default: 1 s.
	Answer time.Duration
	// Patience is how long the journal has to be away before new keys are sent without it: long enough for
	// all frontends to notice, four Probes or more. Default: 2 s.
	Patience time.Duration
	// Settle is for how long after the journal came back no key leaves its home: long enough for all
	// frontends to have written what they sent meanwhile. Default: 5 s. After a loss of the journal it is six times as long.
	Settle time.Duration
	// Horizon is how long after its first request a merchant may repeat one, at most what the journal keeps. Default: 24 h.
	Horizon time.Duration
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		is   *time.Duration
		want time.Duration
	}{{&t.Probe, 500 * time.Millisecond}, {&t.Answer, time.Second}, {&t.Patience, 2 * time.Second}, {&t.Settle, 5 * time.Second}, {&t.Horizon, 24 * time.Hour}} {
		if *d.is == 0 {
			*d.is = d.want
		}
	}
	return t
}

// markEvery is how exactly it is written down when keys last left a home.
const markEvery = time.Minute

// ledger is the journal as this process uses it: what it knows of the journal's health, and what it has to tell it.
// docs/regions.md says why its rules keep a key from reaching two regions.
type ledger struct {
	Timing
	journal Journal
	council Council // nil: there is no other frontend
	strict  bool    // nothing is sent that the journal does not have
	now     func() time.Time
	log     *slog.Logger
	claims  *claims
	meter   journalMeter

	mu      sync.Mutex // guards what follows; taken after a claim's
	away    time.Time  // since when the journal does not answer; zero: it does
	heard   time.Time  // when the newest question was asked that it answered
	mute    bool       // what it did not take was a writing: a reading proves nothing
	lost    bool       // what is remembered has to be told to a new journal
	owed    bool       // and what is remembered of homes
	seen    bool       // it has answered, with its marks
	marks   marks
	rev     uint64
	epoch   int                  // counts the journals that there were
	settled time.Time            // from then on all that was done without it, or before it was lost, is written in it
	started time.Time            // from then on this process knows what there is to know
	knew    map[string]time.Time // since when this process knows that keys leave a home
	agreed  time.Time            // until then, no other frontend lets keys leave their homes
	asking  bool                 // others were asked for that, and have not all heard that it is over
	pending map[string]time.Time // who was promised that here, and until when it is waited for

	marking latch // one writes marks at a time
}

func newLedger(c *Config) *ledger {
	return &ledger{
		Timing: c.Timing.withDefaults(), journal: c.Journal, council: c.Council, strict: c.Strict, now: c.Now, log: c.Log, claims: newClaims(), knew: map[string]time.Time{}, pending: map[string]time.Time{}, marking: newLatch(),
	}
}

var errAway = errors.New("relay: the journal does not answer")

// get asks the journal and notes whether it answered.
func (l *ledger) get(ctx context.Context, name string) ([]byte, uint64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Answer)
	defer cancel()
	began := l.now()
	body, rev, err := l.journal.Get(ctx, name)
	l.meter.count(false, l.now().Sub(began), err)
	l.note(began, false, err)
	return body, rev, err
}

func (l *ledger) put(ctx context.Context, name string, body []byte, was uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Answer)
	defer cancel()
	began := l.now()
	rev, err := l.journal.Put(ctx, name, body, was)
	l.meter.count(true, l.now().Sub(began), err)
	l.note(began, true, err)
	return rev, err
}

// note learns from a question that was asked at began. An absence that another frontend may have used
// to send keys without the journal, and without asking here, is followed by a time in which none leaves its home.
func (l *ledger) note(began time.Time, wrote bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && !errors.Is(err, ErrNotWritten) && !errors.Is(err, ErrRewritten) {
		if l.away.IsZero() && began.Before(l.heard) {
			return // it answered a later question
		}
		l.mute = l.mute || wrote
		if l.away.IsZero() {
			l.away = began
			l.log.Warn("the journal of idempotency keys does not answer", "error", err)
		}
		return
	}
	if began.After(l.heard) {
		l.heard = began
	}
	if l.away.IsZero() || began.Before(l.away) || l.mute && !wrote {
		return
	}
	now := l.now()
	if l.council == nil && now.Sub(l.away) >= l.Patience/2 { // otherwise who sends without it asks here first, and is waited for
		l.settleUntil(now.Add(l.Settle))
	}
	l.log.Info("the journal of idempotency keys answers again", "after", now.Sub(l.away))
	l.away, l.mute = time.Time{}, false
}

// settleUntil keeps keys at home until then. mu is held.
func (l *ledger) settleUntil(t time.Time) {
	if t.After(l.settled) {
		l.settled = t
	}
}

// bare reports whether keys of a home may be sent there without the journal. Elsewhere nobody sends them then, for lack of a
// journal or because all frontends have agreed on it, and nobody has within the horizon: this process would know.
func (l *ledger) bare(home string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	return !l.strict && l.seen && !l.away.IsZero() && now.Sub(l.away) >= l.Patience && l.agrees() &&
		!l.hasLeft(home) && !l.claims.full()
}

// hopeless says that the journal has been away for long: its return is noticed without those who ask for payments waiting for its answer.
func (l *ledger) hopeless() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.away.IsZero() && l.now().Sub(l.away) >= 2*l.Patience {
		return errAway
	}
	return nil
}

// left reports whether keys have left a home within the horizon.
func (l *ledger) left(home string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hasLeft(home)
}

// hasLeft is left. mu is held.
func (l *ledger) hasLeft(home string) bool {
	return l.now().Sub(l.marks.Left[home]) <= l.Horizon+markEvery
}

// leave reports whether keys may leave a home, after telling all frontends that they do. The first
// one waits until they have heard. The error says why not.
func (l *ledger) leave(ctx context.Context, home string) error {
	if err := l.await(ctx, true); err != nil {
		return err
	}
	if err := l.mark(ctx, home); err != nil {
		return err
	}
	l.mu.Lock()
	wait := l.knew[home].Add(l.Probe + l.Probe/2).Sub(l.now())
	l.mu.Unlock()
	if pause(ctx, wait); ctx.Err() != nil {
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unsettled()
}

var errUnsettled = errors.New("relay: the journal has not been whole for long enough")

// unsettled says why keys may not leave their homes. mu is held.
func (l *ledger) unsettled() error {
	if err := l.unsound(); err != nil || !l.now().Before(l.started) {
		return err
	}
	return errUnsettled
}

// unsound says why a key that is not in the journal may still have been sent. mu is held.
func (l *ledger) unsound() error {
	switch {
	case !l.away.IsZero():
		return errAway
	case !l.seen || l.now().Before(l.settled) || l.awaited():
		return errUnsettled
	}
	return nil
}

// await waits for what will be settled soon: who pays had rather wait a few seconds than ask again. leaving: as for keys that
// leave their home. The error says why they may not.
func (l *ledger) await(ctx context.Context, leaving bool) error {
	for {
		l.mu.Lock()
		err, until := l.unsound(), l.settled
		if leaving {
			err = l.unsettled()
			if l.started.After(until) {
				until = l.started
			}
		}
		wait, seen := until.Sub(l.now()), l.seen
		l.mu.Unlock()
		if !seen && err == errUnsettled { // this process has just begun
			if err := l.read(ctx); err != nil {
				return err
			}
			continue
		}
		if !errors.Is(err, errUnsettled) || wait <= 0 || wait > l.Settle {
			return err
		}
		if pause(ctx, wait); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// mark writes down that keys leave a home, where that was not done within the last minute.
func (l *ledger) mark(ctx context.Context, home string) error {
	if err := l.marking.take(ctx); err != nil {
		return err
	}
	defer l.marking.release()
	l.mu.Lock()
	err, fresh := l.unsettled(), l.now().Sub(l.marks.Left[home]) < markEvery
	l.mu.Unlock()
	if err != nil || fresh {
		return err
	}
	return l.write(ctx, func(m *marks) {
		m.Left[home] = l.now().UTC()
	})
}

// write changes the marks. It reads them first: revisions start again in a new journal, so an old one proves little.
func (l *ledger) write(ctx context.Context, change func(*marks)) error {
	for {
		if err := l.read(ctx); err != nil {
			return err
		}
		l.mu.Lock()
		next, was := l.marks, l.rev
		next.Left, next.Written = maps.Clone(next.Left), l.now().UTC()
		l.mu.Unlock()
		if next.Left == nil {
			next.Left = map[string]time.Time{}
		}
		for home, at := range next.Left {
			if l.now().Sub(at) > l.Horizon+markEvery {
				delete(next.Left, home)
			}
		}
		change(&next)
		rev, err := l.put(ctx, marksName, encode(next), was)
		if errors.Is(err, ErrRewritten) && ctx.Err() == nil {
			continue
		}
		if err == nil {
			l.learn(next, rev)
		}
		return err
	}
}

// learn takes marks.
func (l *ledger) learn(m marks, rev uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.seen && !m.Began.Equal(l.marks.Began) {
		l.epoch++
		l.lost = true
		l.log.Error("the journal of idempotency keys was lost and begun again", "began", m.Began)
		l.settleUntil(now.Add(6 * l.Settle))
	}
	if !l.seen {
		l.started = now.Add(l.Settle)
		l.settleUntil(m.Began.Add(l.Settle))
	}
	l.remember(&m)
	l.seen, l.marks, l.rev = true, m, rev
	for home := range l.knew {
		if now.Sub(m.Left[home]) > l.Horizon {
			delete(l.knew, home)
		}
	}
	for home, at := range m.Left {
		if l.knew[home].IsZero() && now.Sub(at) <= l.Horizon {
			l.knew[home] = now
		}
	}
}

// remember adds to marks what only this process still knows, because the journal was lost. mu is held.
func (l *ledger) remember(m *marks) {
	l.owed = false
	for home, at := range l.marks.Left {
		if l.now().Sub(at) > l.Horizon+markEvery || !m.Left[home].Before(at) {
			continue
		}
		if m.Left = maps.Clone(m.Left); m.Left == nil {
			m.Left = map[string]time.Time{}
		}
		m.Left[home], l.owed = at, true
	}
}
