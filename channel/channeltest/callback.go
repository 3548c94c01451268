package channeltest

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Callbacks makes the institution's notifications, as they would arrive. The suite
// tampers with the first kind itself.
type Callbacks struct {
	// Success is an authentic notification that op, a paid pay operation, succeeded.
	Success func(t T, op channel.Operation) channel.CallbackRequest
	// Stale is the same, authentically signed long ago. Nil: the institution does not date its signatures.
	Stale func(t T, op channel.Operation) channel.CallbackRequest
	// Malformed is authentic and not of the documented form.
	Malformed func(t T) channel.CallbackRequest
	// Unknown is authentic and says something the channel cannot know: of op, or of nothing it has heard of.
	Unknown func(t T, op channel.Operation) channel.CallbackRequest
	// Unsigned: bodies are not covered by a signature (the channel asks back instead).
	Unsigned bool
}

func (b *bench) callbacks(t T) {
	c := b.s.Callbacks
	if !b.s.Driver.Features.Callbacks {
		if _, err := b.channel.Callback(b.context(t), channel.CallbackRequest{}); !errors.Is(err, channel.ErrUnsupported) {
			t.Errorf("callback: %v, want ErrUnsupported as the features say", err)
		}
		return
	}
	t.Run("empty", func(t T) {
		b.disbelieved(t, channel.CallbackRequest{Channel: b.s.Driver.Name, Account: b.s.Config.Account, Method: http.MethodPost, URL: b.s.CallbackURL})
	})
	if c == nil || c.Success == nil {
		notChecked(t, "callbacks: the subject makes none")
		return
	}
	op, r, ok := b.paid(t)
	if !ok {
		notChecked(t, "callbacks: no payer of the subject can finish a payment")
		return
	}
	t.Run("authentic", func(t T) { b.authentic(t, op, r) })
	t.Run("tampered", func(t T) { b.tampered(t, op) })
	t.Run("stale", func(t T) {
		if c.Stale == nil {
			notChecked(t, "stale callbacks")
			return
		}
		b.disbelieved(t, c.Stale(t, op), channel.ErrStale)
	})
	t.Run("malformed", func(t T) {
		if c.Malformed == nil {
			notChecked(t, "malformed callbacks")
			return
		}
		b.disbelieved(t, c.Malformed(t), channel.ErrMalformed)
	})
	t.Run("unknown_code", func(t T) {
		if c.Unknown == nil {
			notChecked(t, "callbacks with codes nobody knows")
			return
		}
		b.unknownNews(t, c.Unknown(t, op))
	})
}

func (b *bench) authentic(t T, op channel.Operation, paid channel.Result) {
	got, err := b.channel.Callback(b.context(t), b.s.Callbacks.Success(t, op))
	if err != nil {
		t.Fatalf("an authentic callback: %v", err)
	}
	if got.Operation != op.ID || got.Dispute != nil || got.ID == "" {
		t.Fatalf("callback is of operation %q, dispute %v, ID %q; want operation %s and an ID", got.Operation, got.Dispute, got.ID, op.ID)
	}
	if got.Result.State != paymux.OpSucceeded {
		t.Errorf("callback says %s, want succeeded", got.Result.State)
	}
	if got.Result.Money != op.Money {
		t.Errorf("callback states %s, want %s: it is compared before it is believed", got.Result.Money, op.Money)
	}
	if !b.s.Stateless && paid.ChannelID != got.Result.ChannelID {
		t.Errorf("callback names transaction %q, the answer named %q", got.Result.ChannelID, paid.ChannelID)
	}
}

// tampered changes an authentic callback in one place at a time.
func (b *bench) tampered(t T, op channel.Operation) {
	if b.s.Callbacks.Unsigned {
		notChecked(t, "tampered callbacks: bodies are not signed")
		return
	}
	good := b.s.Callbacks.Success(t, op)
	step := max(1, len(good.Body)/40)
	for at := 0; at < len(good.Body); at += step {
		bad := good
		bad.Body = bytes.Clone(good.Body)
		bad.Body[at] ^= 1
		b.disbelieved(t, bad, channel.ErrForged)
	}
	bad := good
	bad.Header = nil
	b.disbelieved(t, bad, channel.ErrForged)
	for name, values := range good.Header {
		bad := good
		bad.Header = maps.Clone(good.Header)
		bad.Header[name] = []string{spoil(values[0])}
		// Headers that are not part of the proof may change.
		if _, err := b.channel.Callback(b.context(t), bad); err != nil && !anySentinel(err) {
			t.Errorf("header %s spoiled: %v, want one of the contract's errors", name, err)
		}
	}
	if _, err := b.channel.Callback(b.context(t), good); err != nil {
		t.Errorf("the untouched callback is refused after the tampered ones: %v", err)
	}
}

func spoil(text string) string {
	return string(slices.Concat([]byte(text[:len(text)/2]), []byte("0"), []byte(text[len(text)/2:])))
}

// disbelieved wants req refused with one of the errors, or any of the contract's.
func (b *bench) disbelieved(t T, req channel.CallbackRequest, want ...error) {
	t.Helper()
	got, err := b.channel.Callback(b.context(t), req)
	if err == nil {
		t.Fatalf("believed a callback that is not to be believed: %+v", got)
	}
	if !anySentinel(err) {
		t.Fatalf("refused with %v; the contract knows ErrForged, ErrStale and ErrMalformed", err)
	}
	if len(want) > 0 && !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
		t.Fatalf("refused with %v, want %v", err, want)
	}
}

func anySentinel(err error) bool {
	return errors.Is(err, channel.ErrForged) || errors.Is(err, channel.ErrStale) || errors.Is(err, channel.ErrMalformed)
}

// unknownNews wants what nobody knows to be unknown, or of no interest, never an error.
func (b *bench) unknownNews(t T, req channel.CallbackRequest) {
	got, err := b.channel.Callback(b.context(t), req)
	if err != nil {
		t.Fatalf("an authentic callback with a code nobody knows is refused: %v", err)
	}
	if got.Operation != "" && got.Result.State != paymux.OpUnknown {
		t.Errorf("a code nobody knows is taken for %s", got.Result.State)
	}
}
