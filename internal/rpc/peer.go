package rpc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Peers are the servers of a group one by one, as a caller knows them. Safe for concurrent use.
type Peers interface {
	// Pick draws the one to ask next; ok is false where it is not known who is there: then the group is asked.
	Pick() (peer string, ok bool)
	// Gone reports whether a peer that was picked is known not to be there any more.
	Gone(peer string) bool
}

// ErrGone: whoever took the request up is gone, or the connection was lost while its answer was waited for. No answer will
// come; what became of the request is not known.
var ErrGone = errors.New("rpc: nobody is there any more to answer")

// pingHeader marks a question whether somebody is there, which is answered at once whatever else is under way.
const pingHeader = "Paymux-Ping"

// alone is the subject on which one server of a group alone is asked what the group is asked on subject.
func alone(subject, peer string) string { return subject + ".at." + peer }

const (
	// firstLook is how long an answer is waited for before anybody asks whether it can still come, and lookEvery how often then.
	firstLook = time.Second
	lookEvery = 500 * time.Millisecond
	// misses is how often in a row nobody must be there: a server that changes its connection is away for a moment, and answers afterwards.
	misses = 2
)

// await waits for the answer to m, as long as one can come: peer is who has it, empty where that is not known.
func (c *Client) await(ctx context.Context, m *nats.Msg, peer string) (*nats.Msg, error) {
	connected := c.connection()
	waiting, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	look := time.AfterFunc(firstLook, func() { c.watch(waiting, m.Subject, peer, connected, giveUp) })
	defer look.Stop()
	answer, err := c.Conn.RequestMsgWithContext(waiting, m)
	if err != nil && ctx.Err() == nil && waiting.Err() != nil {
		err = context.Cause(waiting)
	}
	return answer, err
}

// watch gives the waiting up once no answer can come any more.
func (c *Client) watch(waiting context.Context, subject, peer string, connected uint64, giveUp context.CancelCauseFunc) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := c.look(waiting, subject, peer, connected); err != nil {
			giveUp(err)
			return
		}
		select {
		case <-waiting.Done():
			return
		case <-tick.C:
		}
	}
}

// look reports why no answer can come; nil: one may. A connection that was lost takes with it where answers were to go.
func (c *Client) look(ctx context.Context, subject, peer string, connected uint64) error {
	switch {
	case !c.Conn.IsConnected() || c.connection() != connected:
		return fmt.Errorf("%w: the connection to NATS was lost", ErrGone)
	case peer == "":
		return nil
	case c.Peers.Gone(peer), c.missed(ctx, subject, peer):
		return fmt.Errorf("%w: %s", ErrGone, peer)
	}
	return nil
}

// sights are what was last found out about peers. Many requests may wait for one peer: it is asked for all of them at once.
type sights struct {
	mu sync.Mutex // guards of and what is in it
	of map[string]*sight
}

type sight struct {
	asked  time.Time
	missed int // in a row
}

// forgetAfter is how long a peer that nobody waits for is remembered.
const forgetAfter = time.Minute

// due reports whether a peer has to be asked, which is the caller's to do then, and whether it is known to be gone.
func (s *sights) due(peer string, now time.Time) (ask, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of[peer]
	if p == nil {
		maps.DeleteFunc(s.of, func(_ string, old *sight) bool { return now.Sub(old.asked) > forgetAfter })
		p = &sight{}
		if s.of == nil {
			s.of = map[string]*sight{}
		}
		s.of[peer] = p
	}
	switch ago := now.Sub(p.asked); {
	case ago < lookEvery*4/5:
		return false, p.missed >= misses
	case ago > 3*lookEvery: // nobody has waited for it meanwhile: it may have come back
		p.missed = 0
	}
	p.asked = now
	return true, false
}

// note remembers whether a peer was there, and reports whether it is known to be gone.
func (s *sights) note(peer string, there bool) (gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of[peer]
	if p == nil {
		return false // forgotten meanwhile
	}
	if p.missed++; there {
		p.missed = 0
	}
	return p.missed >= misses
}

// missed asks whether a peer is there, unless somebody has just done so, and reports whether it is gone. Who does not
// answer in time may be busy or frozen: that proves nothing, only that nobody listens does.
func (c *Client) missed(ctx context.Context, subject, peer string) bool {
	ask, gone := c.sights.due(peer, time.Now())
	if !ask {
		return gone
	}
	limited, cancel := context.WithTimeout(ctx, lookEvery)
	defer cancel()
	_, err := c.Conn.RequestMsgWithContext(limited, &nats.Msg{Subject: subject, Header: nats.Header{pingHeader: {"1"}}})
	return c.sights.note(peer, !errors.Is(err, nats.ErrNoResponders))
}
