package registry

import (
	"context"
	"errors"
	"time"
)

var (
	// errSilent: the registry can be read, but not written.
	errSilent = errors.New("this process's own instances cannot be renewed, so others' may not be either")
	// errStarting: it has not been asked yet.
	errStarting = errors.New("not asked yet")
)

// mark remembers whether the bucket is in order, and tells where that changes. When it is in order
// again, whoever was known gets one life to renew: the bucket may have lost them. read: it could be read.
func (f *follower[T]) mark(err error, read bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.away
	f.away = err
	switch {
	case err == nil && was != nil:
		f.again(was)
	case err != nil && (was == nil || was == errStarting):
		f.since = f.r.Now()
		f.r.Log.Warn("the registry is away; what is known is kept", "bucket", f.b.name, "error", err)
		f.show()
	}
	if read {
		f.begun.Do(func() { close(f.ready) })
	}
}

func (f *follower[T]) again(was error) {
	f.since = time.Time{}
	for _, it := range f.known {
		it.heard = f.r.Now()
	}
	if was != errStarting {
		f.back = f.r.Now()
		f.r.Log.Info("the registry is there", "bucket", f.b.name)
	}
	f.show()
}

// bury gives up entries that were not renewed for their life. Their silence
// alone proves nothing: only what the bucket has forgotten, too, is dead, or what
// is silent for long while others are heard.
func (f *follower[T]) bury(ctx context.Context) {
	if !f.overdue() {
		return
	}
	there := map[string]bool{}
	for _, filter := range f.filters {
		if err := f.b.walk(ctx, filter, func(e entry) { there[e.key] = !e.gone }); err != nil {
			return // the next pass marks it as away
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.r.Now()
	for key, it := range f.known {
		silent := now.Sub(it.heard)
		if it.gone && silent > 2*f.life {
			delete(f.known, key) // nothing older is under way any more
		}
		if silent >= f.life && (!there[key] || f.news.Sub(it.heard) > 3*f.life) {
			f.live(it, false)
		}
	}
	if f.dirty {
		f.show()
	}
}

// overdue reports whether any entry may be dead.
func (f *follower[T]) overdue() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range f.known {
		if !it.gone && f.r.Now().Sub(it.heard) >= f.life {
			return true
		}
	}
	return false
}
