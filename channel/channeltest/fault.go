package channeltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/paymux/paymux/channel"
)

// Faults are accounts at the same institution over a line that is broken.
type Faults struct {
	Refused func(t T) channel.Config // connections are refused: nothing arrives
	Broken  func(t T) channel.Config // requests arrive, the answer is a server error
	Silent  func(t T) channel.Config // requests arrive, no answer comes
	// Sent counts requests on the line of the newest Broken account. Nil: cannot be told.
	Sent func() int
	// Mend repairs the line where the broken account is the good one with a switch thrown. Nil: nothing to do.
	Mend func(t T)
}

// HTTPFaults breaks the line of a channel that makes its calls with Config.Client.
func HTTPFaults(c channel.Config) *Faults {
	base := http.DefaultTransport
	if c.Client != nil && c.Client.Transport != nil {
		base = c.Client.Transport
	}
	var sent atomic.Int64
	over := func(line roundTripper) channel.Config {
		broken := c
		broken.Client = &http.Client{Transport: line}
		return broken
	}
	return &Faults{
		Refused: func(T) channel.Config {
			return over(func(r *http.Request) (*http.Response, error) {
				return nil, fmt.Errorf("dial tcp %s: connect: %w", r.URL.Host, syscall.ECONNREFUSED)
			})
		},
		Broken: func(T) channel.Config {
			sent.Store(0)
			return over(func(r *http.Request) (*http.Response, error) {
				sent.Add(1)
				if err := deliver(base, r); err != nil {
					return nil, err
				}
				return serverError(r), nil
			})
		},
		Silent: func(T) channel.Config {
			return over(func(r *http.Request) (*http.Response, error) {
				if err := deliver(base, r); err != nil {
					return nil, err
				}
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
		},
		Sent: func() int { return int(sent.Load()) },
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// deliver lets the institution have the request, and throws its answer away.
func deliver(base http.RoundTripper, r *http.Request) error {
	resp, err := base.RoundTrip(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return err
}

func serverError(r *http.Request) *http.Response {
	return &http.Response{
		Status: "500 Internal Server Error", StatusCode: http.StatusInternalServerError,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"text/plain"}},
		Body: io.NopCloser(strings.NewReader("out of order")), Request: r,
	}
}

func (b *bench) faults(t T) {
	f := b.s.Faults
	if f == nil || len(b.s.Payers) == 0 {
		notChecked(t, "broken lines: the subject has no faults")
		return
	}
	if f.Refused != nil {
		t.Run("refused", func(t T) {
			if err := b.doOver(t, f.Refused(t)); !errors.Is(err, channel.ErrNotSent) {
				t.Errorf("connection refused: %v, want ErrNotSent", err)
			}
		})
	}
	if f.Broken != nil {
		t.Run("server_error", func(t T) {
			if err := b.doOver(t, f.Broken(t)); err == nil || errors.Is(err, channel.ErrNotSent) {
				t.Errorf("server error after the request arrived: %v, want an error other than ErrNotSent", err)
			}
			if f.Sent != nil && f.Sent() != 1 {
				t.Errorf("%d requests were sent; a channel never resends by itself", f.Sent())
			}
		})
	}
	if f.Silent != nil {
		t.Run("no_answer", func(t T) {
			if err := b.doOver(t, f.Silent(t)); err == nil || errors.Is(err, channel.ErrNotSent) {
				t.Errorf("no answer: %v, want an error other than ErrNotSent", err)
			}
		})
	}
}

// doOver pays over a broken line. Where the institution can be asked, the operation
// is then found, or proven absent, over the good one, and a resend has no second effect.
func (b *bench) doOver(t T, c channel.Config) error {
	t.Helper()
	if c.Log == nil {
		c.Log = b.s.Config.Log
	}
	if c.Now == nil {
		c.Now = b.s.Config.Now
	}
	broken := b.open(t, c)
	op := b.payment(t, b.s.Payers[0].Request, false)
	ctx, cancel := context.WithTimeout(t.Context(), min(b.s.Driver.TimeLimit, 300*time.Millisecond))
	defer cancel()
	_, err := broken.Do(ctx, op)
	if b.s.Faults.Mend != nil {
		b.s.Faults.Mend(t)
	}
	if b.s.Stateless || !b.s.Driver.Features.Query {
		return err
	}
	if _, asked := b.channel.Query(b.context(t), op); errors.Is(err, channel.ErrNotSent) && !errors.Is(asked, channel.ErrAbsent) {
		t.Errorf("said not sent, and yet the institution knows the operation (query: %v)", asked)
	}
	b.repeat(t, op, b.do(t, op))
	if b.s.Effects != nil && b.s.Effects(op.ID) > 1 {
		t.Errorf("took effect %d times after a resend", b.s.Effects(op.ID))
	}
	return err
}

func (b *bench) canceledContext(t T) {
	if len(b.s.Payers) == 0 {
		notChecked(t, "canceled contexts")
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	op := b.payment(t, b.s.Payers[0].Request, false)
	if r, err := b.channel.Do(ctx, op); err == nil {
		t.Errorf("do with a canceled context answers %s", r.State)
	}
	if r, err := b.channel.Query(ctx, op); err == nil {
		t.Errorf("query with a canceled context answers %s", r.State)
	}
}
