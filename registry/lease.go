package registry

import "context"

// Lease keeps one instance in the registry. Safe for concurrent use.
type Lease struct{}

// Register puts an instance into the registry and keeps it there until Release: it is renewed every third of
// the TTL, over restarts of NATS and the loss of the bucket. Zero Since becomes now, empty State [Starting].
//
// It waits for the registry's answer until ctx ends, at most a third of the TTL. A registry that is away is no error: the
// lease goes on trying. Errors: ErrBadName, a Detail that is not JSON, and a stopped registry.
func (r *Registry) Register(ctx context.Context, i Instance) (*Lease, error) { return nil, nil }

// Instance is what is announced now.
func (l *Lease) Instance() Instance { return Instance{} }

// Update changes what is announced, and announces it at once. ID, role and name stay what they are.
// change runs under the lease's lock and must not call the lease.
func (l *Lease) Update(change func(*Instance)) {}

// Held reports whether the registry has heard of the instance within the last TTL.
func (l *Lease) Held() bool { return false }

// Release takes the instance out of the registry, so that nobody sends it anything from now on. It waits for the registry's answer
// until ctx ends; one that did not hear of it forgets the instance after the TTL. It may be called twice.
func (l *Lease) Release(ctx context.Context) error { return nil }
