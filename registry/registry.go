// Package registry is where the processes of a deployment find each other and what
// they share: live instances that disappear by themselves when they die, settings with
// versions, and flags. It lives in JetStream buckets of the NATS everybody is connected to anyway.
//
// Whoever reads keeps what it knows while the registry is away, and says since when; nobody has
// to wait for it to start. Nothing money depends on is here. It refuses names that
// would not be one token of a subject. Start reading at Instance, then Register and Watch.
package registry

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Buckets, as they are called in NATS. A key K of bucket B is the subject $KV.B.K.
const (
	InstancesBucket = "instances" // <role>.<name>.<id>; in memory, entries live for one TTL
	SettingsBucket  = "settings"  // documents with history; on disk
	FlagsBucket     = "flags"     // small words between replicas, such as route-change flags; on disk
	JournalBucket   = "journal"   // of the relay, which makes and reads it itself
)

// DefaultTTL is how long an instance that renews no more is still listed.
const DefaultTTL = 6 * time.Second

var (
	// ErrNotFound: there is no such document.
	ErrNotFound = errors.New("registry: not found")
	// ErrConflict: the document has another version than the one that was to be replaced. Read again and decide again.
	ErrConflict = errors.New("registry: the document has changed meanwhile")
	// ErrBadName: a role, name, ID or key that cannot be part of a subject.
	ErrBadName = errors.New("registry: not a name of letters, digits, - and _")
)

// Config sets a registry up. Conn is required.
type Config struct {
	Conn *nats.Conn
	// TTL is how long an instance lives without being renewed; it is renewed every third of it. The same
	// everywhere in a deployment: the bucket keeps the one it was made with (after a change, remove stream
	// KV_instances; it is made again). Zero: DefaultTTL.
	TTL time.Duration
	// Creates lets this process make buckets that are missing: nodes do, and whoever embeds NATS. Others wait for them.
	Creates bool
	// Replicas is how many servers of a cluster keep the buckets this process creates. Zero: 1.
	Replicas int
	// Cluster is the NATS cluster, of several that gateways join, in which this process creates them. Empty: its own.
	Cluster string
	Log     *slog.Logger
	Now     func() time.Time
}

// Registry is one process's access to the registry. Safe for concurrent use.
type Registry struct {
	Config
	made time.Time

	mu      sync.Mutex // guards what follows
	owned   map[any]func(context.Context) error
	stopped bool
}

// New returns a registry. It asks nothing of NATS, which may be away.
func New(c Config) *Registry {
	if c.TTL == 0 {
		c.TTL = DefaultTTL
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Registry{Config: c, made: c.Now(), owned: map[any]func(context.Context) error{}}
}

func (r *Registry) instances() kind {
	return kind{name: InstancesBucket, storage: jetstream.MemoryStorage, history: 1, life: r.TTL}
}

// adopt remembers something that Stop has to end; false: r is stopped already.
func (r *Registry) adopt(what any, end func(context.Context) error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped {
		r.owned[what] = end
	}
	return !r.stopped
}

func (r *Registry) forget(what any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.owned, what)
}

// troubled reports whether this process's own instances cannot be renewed. Then
// others cannot either, perhaps, and their silence proves nothing.
func (r *Registry) troubled() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for what := range r.owned {
		if l, ok := what.(*Lease); ok && l.troubled() {
			return true
		}
	}
	return false
}

// Stop ends every lease (as Release does), every directory and every view made from r, waiting
// until ctx ends. It may be called twice.
func (r *Registry) Stop(ctx context.Context) error {
	r.mu.Lock()
	r.stopped = true
	ends := slices.Collect(maps.Values(r.owned))
	r.mu.Unlock()
	var err error
	for _, end := range ends {
		err = errors.Join(err, end(ctx))
	}
	return err
}
