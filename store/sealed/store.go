// Package sealed is a store whose engine never sees a secret in clear: merchants' shared keys and endpoints'
// signing secrets are encrypted on the way in and decrypted on the way out, with data keys that the key service wraps.
// Whoever has the database, its files or a dump has nothing to sign with.
//
// It asks the key service for data keys, never for a value: while the service is away, all that was opened once goes on.
// What cannot be opened is paymux.Unavailable, and becomes available by itself. It refuses a value that
// was changed, or that belongs to another row. Values in clear are read as they are, for they are older than this
// package, and sealed when they are written next, or by Reseal.
//
// Start reading at Store, then text.go for what rests and ring.go for the data keys.
package sealed

import (
	"context"
	"log/slog"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/directory"
	"github.com/paymux/paymux/keys"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/replay"
	"github.com/paymux/paymux/rulebook"
)

// Backing is what the rooms ask of a store, sealed or not.
type Backing interface {
	payment.Store
	queue.Store
	queue.Leases
	notify.Store
	notify.Log
	notify.Replays
	access.Directory
	access.Merchants
	access.Endpoints
	access.Links
	access.Events
	access.Answers
	monitor.Store
	directory.Store
	rulebook.Store
	replay.Store
	PruneIdempotency(ctx context.Context, before time.Time, limit int) (int, error)
	PruneEvents(ctx context.Context, before time.Time, limit int) (int, error)
	PruneQuotas(ctx context.Context, before time.Time, limit int) (int, error)
	Close() error
}

// Engine is what is wrapped.
type Engine interface {
	Backing
	Keyring
	Rows
}

// Keyring keeps wrapped data keys. It has to be shared by all processes of a region, and
// backed up together with what is sealed.
type Keyring interface {
	// DataKeys lists all, oldest first.
	DataKeys(ctx context.Context) ([]paymux.DataKey, error)
	// AddDataKey keeps one more. One of its ID must not be there.
	AddDataKey(ctx context.Context, k paymux.DataKey) error
	// RewrapDataKey puts now's wrapping in the place of was's, unless that has been replaced meanwhile.
	RewrapDataKey(ctx context.Context, was, now paymux.DataKey) (replaced bool, err error)
}

// Rows are the rows that have secrets, as the engine has them: what Reseal walks through.
type Rows interface {
	// KeysAfter lists keys of all merchants by their ID, upwards, at most limit.
	KeysAfter(ctx context.Context, after paymux.KeyID, limit int) ([]paymux.Key, error)
	EndpointsAfter(ctx context.Context, after paymux.EndpointID, limit int) ([]paymux.Endpoint, error)
	// ReplaceShared puts now in the place of a key's secret, unless that is no longer was. Revision does not rise: it is the
	// same secret.
	ReplaceShared(ctx context.Context, id paymux.KeyID, was, now paymux.Secret) (replaced bool, err error)
	ReplaceSecrets(ctx context.Context, id paymux.EndpointID, was, now []paymux.SigningSecret) (replaced bool, err error)
	// Scrub writes the tables of keys and endpoints anew, so that no earlier text of theirs is left in the engine's files: engines only
	// unlink what is replaced. Others wait meanwhile, about a second for 100,000 rows.
	Scrub(ctx context.Context) error
}

// KeyService is the key service as a node uses it, under the name of a caller that it knows by other means:
// keys.User and keysrpc.Client are ones.
type KeyService interface {
	Encrypt(ctx context.Context, key keys.Name, keyID string, plain, nonce, associated []byte) ([]byte, error)
	Decrypt(ctx context.Context, key keys.Name, sealed, nonce, associated []byte) ([]byte, error)
}

// Config wires a Store. Every field is required but Keyring.
type Config struct {
	Engine  Engine
	Service KeyService
	// Wrapper is the key service's key, of kind aes-gcm, that data keys are wrapped with. The caller needs encrypt and decrypt.
	Wrapper keys.Name
	Region  string  // a data key opens in its own region only; never changes
	Keyring Keyring // nil: the engine
	Now     func() time.Time
	Log     *slog.Logger
}

// Store is an engine with sealed secrets. Safe for concurrent use.
type Store struct {
	backing // what has no secrets goes straight through; house_test.go sees to it that nothing else does

	rows   Rows
	ring   *ring
	opened *opened
	log    *slog.Logger
}

type backing = Backing

// New returns a Store. It asks nobody for anything: see Warm.
func New(c Config) *Store {
	if c.Keyring == nil {
		c.Keyring = c.Engine
	}
	return &Store{backing: c.Engine, rows: c.Engine, ring: newRing(c), opened: newOpened(mostOpened), log: c.Log}
}

// Warm opens the data keys there are, so that the first requests need not wait for it. An error says which
// secrets cannot be read for now; the store goes on trying by itself.
func (s *Store) Warm(ctx context.Context) error { return s.ring.warm(ctx) }

// Close closes the engine, too. It may be called twice.
func (s *Store) Close() error {
	s.ring.stop()
	return s.backing.Close()
}

// open returns a secret in clear. Errors: paymux.Unavailable, ErrWrong.
func (s *Store) open(ctx context.Context, at place, text paymux.Secret) (paymux.Secret, error) {
	if !isSealed(text) {
		return text, nil
	}
	if clear, ok := s.opened.find(at, text); ok {
		return clear, nil
	}
	id, body, err := parse(text)
	if err != nil {
		return "", err
	}
	k, err := s.ring.find(ctx, id)
	if err != nil {
		return "", err
	}
	plain, err := k.aead.Open(nil, nil, body, at.associated())
	if err != nil {
		return "", ErrWrong
	}
	s.opened.keep(at, text, paymux.Secret(plain))
	return paymux.Secret(plain), nil
}

// seal returns a secret as it is to rest. No secret stays none. Errors: paymux.Unavailable.
func (s *Store) seal(ctx context.Context, at place, clear paymux.Secret) (paymux.Secret, error) {
	if clear == "" {
		return "", nil
	}
	k, err := s.ring.newest(ctx)
	if err != nil {
		return "", err
	}
	text := k.seal(at, clear)
	s.opened.keep(at, text, clear)
	return text, nil
}
