package sandbox

import (
	"bytes"
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// sender delivers notes when they are due, each until it is acknowledged. One
// goroutine waits for the earliest; at most limit others send.
type sender struct {
	client    *http.Client
	log       *slog.Logger
	now       func() time.Time
	backoff   []time.Duration
	signer    func(account string) signer
	settle    func(context.Context, note) error
	delivered func(context.Context, outcome) error
	slots     chan struct{}
	wake      chan struct{}

	mu      sync.Mutex // guards all below
	waiting notes
	cancel  context.CancelFunc
	stopped bool
	wg      sync.WaitGroup
}

// giveUp is how often a note is tried before it is left.
const giveUp = 200

func newSender(c Config, settle func(context.Context, note) error, delivered func(context.Context, outcome) error, signer func(string) signer) *sender {
	return &sender{
		client: c.Client, log: c.Log, now: c.Now, backoff: c.Backoff, settle: settle, delivered: delivered, signer: signer,
		slots: make(chan struct{}, c.Senders), wake: make(chan struct{}, 1),
	}
}

func (s *sender) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil || s.stopped {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.wg.Go(func() { s.run(ctx) })
}

func (s *sender) stop() {
	s.mu.Lock()
	s.stopped = true
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *sender) enqueue(fresh []note) {
	s.mu.Lock()
	for _, n := range fresh {
		heap.Push(&s.waiting, n)
	}
	s.mu.Unlock()
	s.nudge()
}

func (s *sender) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run hands due notes to senders until ctx ends.
func (s *sender) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		n, pause, ok := s.next()
		if !ok {
			timer.Reset(pause)
			select {
			case <-ctx.Done():
				return
			case <-s.wake:
			case <-timer.C:
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case s.slots <- struct{}{}:
		}
		s.wg.Go(func() {
			defer func() { <-s.slots }()
			s.attempt(ctx, n)
		})
	}
}

// next takes the earliest note that is due, or tells how long to wait for one.
func (s *sender) next() (n note, pause time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return note{}, time.Hour, false
	}
	if pause = s.waiting[0].Due.Sub(s.now()); pause > 0 {
		return note{}, pause, false
	}
	return heap.Pop(&s.waiting).(note), 0, true
}

// attempt carries out a note, or puts it back for later.
func (s *sender) attempt(ctx context.Context, n note) {
	err := s.carryOut(ctx, n)
	if err == nil || ctx.Err() != nil {
		return
	}
	n.attempts++
	s.log.Info("sandbox: notification not delivered", "operation", string(n.Operation), "attempt", n.attempts, "error", err)
	if n.attempts >= giveUp {
		err = s.delivered(ctx, outcome{Note: n.ID})
		s.log.Warn("sandbox: notification given up", "operation", string(n.Operation), "error", err)
		return
	}
	n.Due = s.now().Add(s.backoff[min(n.attempts, len(s.backoff))-1])
	s.enqueue([]note{n})
}

func (s *sender) carryOut(ctx context.Context, n note) error {
	if n.Settle {
		return s.settle(ctx, n)
	}
	acknowledged := 0
	var last letter
	for _, m := range n.Messages {
		if !m.Replay {
			var err error
			if last, err = s.write(ctx, n.Account, &m); err != nil {
				return err
			}
		}
		err := s.post(ctx, n.URL, last)
		if err != nil && !m.once() {
			return err
		}
		if err == nil {
			acknowledged++
		}
	}
	return s.delivered(ctx, outcome{Note: n.ID, Delivered: acknowledged})
}

// letter is a message as it is sent.
type letter struct {
	body  []byte
	proof string
}

// staleness is how long ago a stale message was signed.
const staleness = time.Hour

func (s *sender) write(ctx context.Context, account string, m *message) (letter, error) {
	body, err := json.Marshal(&m.Report)
	if err != nil {
		return letter{}, err
	}
	signer, at := s.signer(account), s.now()
	if m.Forged {
		signer = ownSecret("not the secret")
	}
	if m.Stale {
		at = at.Add(-staleness)
	}
	proof, err := sign(ctx, signer, at, body)
	return letter{body, proof}, err
}

// post sends one message; anything but a 2xx answer is an error.
func (s *sender) post(ctx context.Context, url string, l letter) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(l.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "paymux-sandbox/1")
	req.Header.Set(signatureHeader, l.proof)
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("answered %s", resp.Status)
	}
	return nil
}

// delivered writes down that a note is done.
func (i *Institution) delivered(ctx context.Context, o outcome) error {
	return i.change(ctx, func(d *draft) error {
		d.entry.Done = append(d.entry.Done, o)
		return nil
	})
}

// notes is a heap, earliest first.
type notes []note

func (n notes) Len() int           { return len(n) }
func (n notes) Less(a, b int) bool { return n[a].Due.Before(n[b].Due) }
func (n notes) Swap(a, b int)      { n[a], n[b] = n[b], n[a] }
func (n *notes) Push(x any)        { *n = append(*n, x.(note)) }
func (n *notes) Pop() any {
	old := *n
	last := old[len(old)-1]
	old[len(old)-1] = note{}
	*n = old[:len(old)-1]
	return last
}
