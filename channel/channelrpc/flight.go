package channelrpc

import (
	"context"
	"errors"
	"sync"

	"github.com/paymux/paymux"
)

// flights are the operations under way, so that none is under way twice.
type flights struct {
	mu    sync.Mutex // guards under
	under map[paymux.OperationID]*flight
}

type flight struct {
	landed chan struct{} // closed when result and err are there
	result Result
	err    error
}

func newFlights() *flights { return &flights{under: map[paymux.OperationID]*flight{}} }

// join carries out an operation, or waits for the outcome of the same one that is under way.
func (f *flights) join(ctx context.Context, id paymux.OperationID, do func(context.Context) (Result, error)) (Result, error) {
	f.mu.Lock()
	if other := f.under[id]; other != nil {
		f.mu.Unlock()
		return other.wait(ctx)
	}
	own := &flight{landed: make(chan struct{})}
	f.under[id] = own
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.under, id)
		f.mu.Unlock()
		close(own.landed)
	}()
	own.err = errPanicked // unless do returns
	own.result, own.err = do(ctx)
	return own.result, own.err
}

func (f *flight) wait(ctx context.Context) (Result, error) {
	select {
	case <-f.landed:
		return f.result, f.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

var errPanicked = errors.New("channelrpc: the channel panicked; the outcome is not known")
