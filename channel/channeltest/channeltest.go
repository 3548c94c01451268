// Package channeltest is the suite every channel must pass: what the contract in
// package channel promises about money, idempotency, errors and callbacks, asked of a
// real implementation in front of an institution, its mock server, or one that pretends.
//
// A channel's own test is a few lines: fill in a [Subject], call [Run]. What a Subject
// leaves empty is not checked, and the suite logs it, so that nothing looks
// tested that was not.
package channeltest

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Subject is a channel under test and the means to make its institution do things.
type Subject struct {
	Driver channel.Driver
	Config channel.Config // Account and Options; Keys (those the options spell out), Client, Log and Now are filled in when nil

	// Payers are the ways to pay; at least one a method of the driver.
	Payers []Payer
	// Declines are payments the institution refuses.
	Declines []Decline
	// Unknown is a payment answered with a code that the channel cannot know.
	Unknown *Request
	// Callbacks makes the institution's notifications; needed where Features.Callbacks is set.
	Callbacks *Callbacks
	// Faults are accounts whose institution misbehaves; HTTPFaults makes them for channels that speak HTTP.
	Faults *Faults
	// Effects counts how often an operation took effect at the institution. Nil: cannot be told.
	Effects func(op paymux.OperationID) int
	// Stateless institutions (mock servers with canned answers) remember nothing:
	// outcomes are only checked to be of the right kind.
	Stateless bool

	// Quiet leaves the callback URL out of operations, where nobody would hear the institution's notifications.
	Quiet bool

	// ReturnURL, CallbackURL and PageURL are put into operations; they have defaults.
	ReturnURL, CallbackURL, PageURL string
}

// Request is one payment to be made.
type Request struct {
	Name   string // of the subtest; empty: the method
	Method paymux.Method
	Card   *paymux.CardDetails
	Money  paymux.Money // zero: 12.50 in the driver's first currency, or CNY
	// Arrange, if set, readies the institution just before the payment is sent and may change it.
	Arrange func(t T, op *channel.Operation)
}

// Payer is a way of paying that succeeds.
type Payer struct {
	Request
	// State is what Do must answer: pending, or succeeded (authorized where Manual is tested).
	State paymux.OperationState
	// Action is the next action a pending answer must ask for.
	Action paymux.NextActionType
	// Complete does what the payer has to do. Nil: a pending payment stays so.
	Complete func(t T, op channel.Operation)
	// Manual: the suite reserves with it too, and captures, cancels and releases.
	Manual bool
}

// Decline is a payment the institution refuses.
type Decline struct {
	Request
	Code paymux.DeclineCode
	// Complete, if set, is what the payer does before the refusal.
	Complete func(t T, op channel.Operation)
	// Retryable: the channel must say that another channel may be tried.
	Retryable bool
}

// Check checks everything the subject gives it the means to check, and reports to t.
func Check(t T, s Subject) {
	t.Helper()
	check(t, s)
}

func check(t T, s Subject) *bench {
	t.Helper()
	s.fill(t)
	b := &bench{s: s, ids: paymux.NewIDs(randomKey(), 1, time.Now)}
	t.Run("driver", b.driver)
	b.channel = b.open(t, s.Config)
	t.Run("pay", b.pay)
	t.Run("decline", b.declines)
	t.Run("unknown_code", b.unknownCode)
	t.Run("query_absent", b.queryAbsent)
	t.Run("cancel_unpaid", b.cancelUnpaid)
	t.Run("capture", b.capture)
	t.Run("refund", b.refund)
	t.Run("callback", b.callbacks)
	t.Run("statement", b.statement)
	t.Run("canceled_context", b.canceledContext)
	t.Run("faults", b.faults)
	return b
}

// bench holds what one run works with.
type bench struct {
	s       Subject
	ids     *paymux.IDs
	channel channel.Channel
}

func (s *Subject) fill(t T) {
	t.Helper()
	if s.Config.Client == nil {
		s.Config.Client = http.DefaultClient
	}
	if s.Config.Log == nil {
		s.Config.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	if s.Config.Now == nil {
		s.Config.Now = time.Now
	}
	if s.Config.Account == "" {
		s.Config.Account = "test"
	}
	s.ReturnURL = orDefault(s.ReturnURL, "https://shop.example/return")
	s.CallbackURL = orDefault(s.CallbackURL, "https://pay.example/callbacks/"+s.Driver.Name+"/"+s.Config.Account)
	s.PageURL = orDefault(s.PageURL, "https://pay.example/pay/pay_test")
}

func orDefault(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

func randomKey() []byte {
	key := make([]byte, 32)
	rand.Read(key)
	return key
}

func (b *bench) open(t T, c channel.Config) channel.Channel {
	t.Helper()
	if err := b.s.Driver.Check(c.Options); err != nil {
		t.Fatalf("the subject's own options: %v", err)
	}
	if c.Keys == nil {
		keys, err := channel.FixedKeys(&b.s.Driver, c.Options)
		if err != nil {
			t.Fatalf("the subject's own keys: %v", err)
		}
		c.Keys = keys
	}
	ch, err := b.s.Driver.Open(c)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return ch
}

// context ends with the driver's time limit, as in production.
func (b *bench) context(t T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), b.s.Driver.TimeLimit)
	t.Cleanup(cancel)
	return ctx
}

func notChecked(t T, what string) {
	t.Helper()
	t.Logf("not checked: %s", what)
}
