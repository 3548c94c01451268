package payment

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// Change is everything one step of a payment makes durable, all of it or
// nothing (money rule 7). Parts that are empty are left alone.
type Change struct {
	// Payment is the payment as it is to be. Version 1 inserts it; otherwise it
	// replaces the row whose version is Payment.Version-1.
	Payment    paymux.Payment
	New        []paymux.Operation // to insert
	Operations []paymux.Operation // to replace, by ID
	NewRefunds []paymux.Refund
	Refunds    []paymux.Refund     // to replace, by ID
	Disputes   []paymux.Dispute    // to insert or replace, by ID
	Begin      *paymux.Idempotency // to insert; its Answer may be there already
	Finish     *paymux.Idempotency // whose Answer to set
	Events     []paymux.Event
	// Tasks to insert. One that is there by Kind, Ref and Lane is replaced, its ID
	// included, so that a worker which still holds the old one settles nothing.
	Tasks []queue.Task
	Drop  []TaskRef     // to delete, if there
	Hops  []paymux.Hop  // to append to the payment's timeline
	Link  paymux.LinkID // whose newest payment this is
	Facts []paymux.Fact // to be counted later, by monitor
	// Reserve is room to take in quotas, and Release room to give back, which has no limit and never takes a counter
	// below nothing. Neither has two of one key.
	Reserve, Release []paymux.Reservation
}

// TaskRef names tasks by what they are about.
type TaskRef struct{ Kind, Ref string }

// Record is a payment with what belongs to it, read in one snapshot.
type Record struct {
	Payment    paymux.Payment
	Operations []paymux.Operation // oldest first
}

// Store keeps payments. All lists are newest first unless said otherwise. What is
// not there is an error that is paymux.NotFound. Safe for concurrent use.
type Store interface {
	// Commit makes a change durable and returns when it is. Errors: paymux.ErrStale,
	// paymux.ErrKeyTaken, paymux.ErrOrderTaken, paymux.ErrQuotaFull; any other means the outcome of the commit is not known.
	Commit(ctx context.Context, c *Change) error
	Record(ctx context.Context, id paymux.PaymentID) (Record, error)
	// RecordOf finds the payment of an operation.
	RecordOf(ctx context.Context, id paymux.OperationID) (Record, error)
	Payments(ctx context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error)
	Refund(ctx context.Context, id paymux.RefundID) (paymux.Refund, error)
	Refunds(ctx context.Context, f paymux.RefundFilter) ([]paymux.Refund, error)
	// Idempotency finds what was kept of a request.
	Idempotency(ctx context.Context, merchant paymux.MerchantID, key string) (paymux.Idempotency, error)
	// Hops returns the payment's own hops, oldest first. Creation and operations carry
	// theirs themselves, notifications have their log.
	Hops(ctx context.Context, id paymux.PaymentID) ([]paymux.Hop, error)
	// Notified returns the attempts to deliver the payment's events, those of its refunds and disputes included, oldest first.
	Notified(ctx context.Context, id paymux.PaymentID) ([]paymux.Attempt, error)
	// Dispute finds a dispute by the institution's ID of the case.
	Dispute(ctx context.Context, account, channelID string) (paymux.Dispute, error)
	// Quotas returns what has been taken of an account's quotas on a day, or of all accounts' where it is empty, in the order of their keys.
	Quotas(ctx context.Context, day int32, account string) ([]paymux.QuotaUsed, error)
}
