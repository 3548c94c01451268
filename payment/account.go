package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// account finds an account for what a merchant asks.
func (s *Service) account(name string) (*channel.Account, error) {
	a := s.Accounts().Named(name)
	if a == nil {
		return nil, paymux.Errorf(paymux.Unavailable, "The account %q that carries this payment is not configured here.", name)
	}
	return a, nil
}

// carrier is the account an operation was given to. Where nobody serves it any more, or not
// yet, it is one that cannot be reached: what is to be done there is kept and tried again.
func (s *Service) carrier(op *paymux.Operation) *channel.Account {
	if a := s.Accounts().Named(op.Account); a != nil {
		return a
	}
	return &channel.Account{
		Name: op.Account, Channel: unserved{},
		Driver: &channel.Driver{Name: op.Channel, TimeLimit: 30 * time.Second, Features: channel.Features{Query: true}},
	}
}

// unserved is a channel that nobody serves.
type unserved struct{}

var errUnserved = errors.New("nobody serves this account")

func (unserved) Do(context.Context, channel.Operation) (channel.Result, error) {
	return channel.Result{}, fmt.Errorf("%w: %w", channel.ErrNotSent, errUnserved)
}

func (unserved) Query(context.Context, channel.Operation) (channel.Result, error) {
	return channel.Result{}, errUnserved
}

func (unserved) Callback(context.Context, channel.CallbackRequest) (channel.Callback, error) {
	return channel.Callback{}, errUnserved
}

func (unserved) Statement(context.Context, time.Time) ([]channel.StatementLine, error) {
	return nil, errUnserved
}
