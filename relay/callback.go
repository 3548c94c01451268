package relay

import (
	"context"
	"errors"

	"github.com/paymux/paymux"
)

// Callback takes an institution's notification to the region that knows its
// operation (A17). Only the channel can read which one that is, so regions that
// have the account are asked in turn until one believes it.
func (r *Relay) Callback(ctx context.Context, q paymux.CallbackRequest) (ack paymux.CallbackAck, err error) {
	for i := range r.regions {
		ack, err = r.regions[i].Node.Callback(ctx, q)
		if err == nil || !errors.Is(err, paymux.NotFound) && !errors.Is(err, paymux.CallbackRefused) {
			return ack, err
		}
	}
	return ack, err
}
