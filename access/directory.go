package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/httpsig"
)

const (
	directoryShards = 16
	pollEvery       = time.Second            // between looks at the directory's revision
	pollTime        = 500 * time.Millisecond // a look may take
	fetchTime       = 5 * time.Second        // reading one key may take
	unknownFor      = 2 * time.Second        // an unknown key stays unknown
	retryAfter      = time.Second            // a directory that failed is left alone
)

// credentialID is what a request names its key by: its ID, or the digest of a bearer secret.
type credentialID struct {
	key    paymux.KeyID
	digest [sha256.Size]byte
}

// credential is a key with its merchant, ready for use. It is never changed.
type credential struct {
	key              paymux.Key
	merchant         paymux.Merchant
	verifier         httpsig.Verifier // nil for bearer keys and for a key that can not be read
	merchantNetworks networks
	keyNetworks      networks
}

func newCredential(k paymux.Key, m paymux.Merchant) *credential {
	c := &credential{key: k, merchant: m, merchantNetworks: parseNetworks(m.Policy.Addresses), keyNetworks: parseNetworks(k.Addresses)}
	switch k.Kind {
	case paymux.KeyHMAC:
		if secret, err := base64.StdEncoding.DecodeString(k.Shared.Reveal()); err == nil && len(secret) > 0 {
			c.verifier = httpsig.NewHMAC(secret)
		}
	case paymux.KeyEd25519, paymux.KeyRSA:
		if kind, v, err := publicVerifier(k.Public); err == nil && kind == k.Kind {
			c.verifier = v
		}
	}
	return c
}

// directory keeps credentials in memory. A change of the source is seen within about a second; while
// the source fails, what is kept stays in use.
type directory struct {
	source     Directory
	now        func() time.Time
	seed       maphash.Seed
	room       int          // credentials in one shard
	generation atomic.Int64 // of what is kept; rises when all of it is to be read again
	revision   atomic.Int64
	polled     atomic.Int64 // Unix nanoseconds
	shards     [directoryShards]directoryShard
}

type directoryShard struct {
	mu      sync.RWMutex
	slots   map[credentialID]slot
	flights map[credentialID]*flight
}

type slot struct {
	credential *credential // nil: there is none
	generation int64
	until      int64 // Unix nanoseconds: of an unknown one, or of one that could not be read again, when to ask next
}

// flight is one reading that many may wait for.
type flight struct {
	done       chan struct{}
	credential *credential
	err        error
}

func newDirectory(source Directory, room int, now func() time.Time) *directory {
	d := &directory{source: source, now: now, seed: maphash.MakeSeed(), room: max(1, room/directoryShards)}
	for i := range d.shards {
		d.shards[i].slots = make(map[credentialID]slot)
		d.shards[i].flights = make(map[credentialID]*flight)
	}
	return d
}

func (d *directory) invalidate() { d.generation.Add(1) }

// cached returns a credential that needs no reading, or nil.
func (d *directory) cached(ctx context.Context, id credentialID) *credential {
	d.poll(ctx)
	s := d.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if kept, ok := s.slots[id]; ok && d.usable(kept) {
		return kept.credential
	}
	return nil
}

func (d *directory) usable(kept slot) bool {
	now := d.now().UnixNano()
	if kept.credential == nil {
		return now < kept.until && kept.generation == d.generation.Load()
	}
	return kept.generation == d.generation.Load() || now < kept.until
}

// find returns a credential, reading it where it must; those who ask at the same time wait for one
// reading. Errors: NotFound, Unavailable.
func (d *directory) find(ctx context.Context, id credentialID) (*credential, error) {
	s := d.shard(id)
	s.mu.Lock()
	if kept, ok := s.slots[id]; ok && d.usable(kept) {
		s.mu.Unlock()
		return found(kept.credential)
	}
	f, under := s.flights[id]
	if !under {
		f = &flight{done: make(chan struct{}), err: unavailable(errors.New("the reading was given up"))}
		s.flights[id] = f
	}
	s.mu.Unlock()
	if !under {
		d.read(ctx, s, id, f)
	}
	select {
	case <-f.done:
		return f.credential, f.err
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
}

func found(c *credential) (*credential, error) {
	if c == nil {
		return nil, paymux.NotFound
	}
	return c, nil
}

func unavailable(err error) error {
	return paymux.Errorf(paymux.Unavailable, "Keys can not be looked up just now. Try again in a moment.").Because(err)
}

// read asks the source, detached from the request that happened to be first.
func (d *directory) read(ctx context.Context, s *directoryShard, id credentialID, f *flight) {
	defer func() {
		s.mu.Lock()
		delete(s.flights, id)
		s.mu.Unlock()
		close(f.done)
	}()
	generation := d.generation.Load()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	c, err := d.fetch(ctx, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := d.now()
	switch kept := s.slots[id]; {
	case err == nil:
		f.credential, f.err = c, nil
		s.keep(id, slot{credential: c, generation: generation}, d.room)
	case errors.Is(err, paymux.NotFound):
		f.err = paymux.NotFound
		s.keep(id, slot{generation: generation, until: now.Add(unknownFor).UnixNano()}, d.room)
	case kept.credential != nil:
		kept.until = now.Add(retryAfter).UnixNano()
		s.slots[id] = kept
		f.credential, f.err = kept.credential, nil
	default:
		f.err = unavailable(err)
	}
}

func (d *directory) fetch(ctx context.Context, id credentialID) (*credential, error) {
	var key paymux.Key
	var merchant paymux.Merchant
	var err error
	if id.key != "" {
		key, merchant, err = d.source.Key(ctx, id.key)
	} else {
		key, merchant, err = d.source.KeyByDigest(ctx, id.digest[:])
	}
	if err != nil {
		return nil, err
	}
	return newCredential(key, merchant), nil
}

// keep makes room by dropping some other slot: whoever is dropped is read again.
func (s *directoryShard) keep(id credentialID, kept slot, room int) {
	if _, there := s.slots[id]; !there {
		for other := range s.slots {
			if len(s.slots) < room {
				break
			}
			delete(s.slots, other)
		}
	}
	s.slots[id] = kept
}

// poll looks at the source's revision at most once a second. One request does so, the others go
// on with what is there.
func (d *directory) poll(ctx context.Context) {
	now, last := d.now().UnixNano(), d.polled.Load()
	if since := now - last; since >= 0 && since < int64(pollEvery) || !d.polled.CompareAndSwap(last, now) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pollTime)
	defer cancel()
	revision, err := d.source.Revision(ctx)
	if err == nil && d.revision.Swap(revision) != revision {
		d.invalidate()
	}
}

func (d *directory) shard(id credentialID) *directoryShard {
	return &d.shards[maphash.Comparable(d.seed, id)%directoryShards]
}
