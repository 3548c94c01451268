// Package registry is where the processes of a deployment find each other and what
// they share: live instances that disappear by themselves when they die, settings with
// versions, and flags. It lives in JetStream buckets of the NATS everybody is connected to anyway.
//
// Whoever reads keeps what it knows while the registry is away, and says since when; nobody has
// to wait for it to start. Nothing money depends on is here. It refuses names that
// would not be one token of a subject. Start reading at Instance, then Register and Watch.
package registry

import (
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// Buckets, as they are called in NATS. A key K of bucket B is the subject $KV.B.K.
const (
	InstancesBucket = "instances" // <role>.<name>.<id>; in memory, entries live for one TTL
	SettingsBucket  = "settings"  // documents with history; on disk
	FlagsBucket     = "flags"     // small words between replicas, such as route-change flags; on disk
	JournalBucket   = "journal"   // of the relay; in memory
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
	// everywhere in a deployment. Zero: DefaultTTL.
	TTL time.Duration
	// Replicas is how many servers of a cluster keep the buckets this process creates. Zero: 1.
	Replicas int
	Log      *slog.Logger
	Now      func() time.Time
}

// Registry is one process's access to the registry. Safe for concurrent use.
type Registry struct {
	Config
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
	return &Registry{Config: c}
}

// Stop ends every lease (as Release does), every directory and every view made from r. It may be called twice.
func (r *Registry) Stop() {}
