package registry

import (
	"context"
	"encoding/json"
	"time"
)

// Document is one version of a setting.
type Document struct {
	Key     string          `json:"-"`
	Version uint64          `json:"-"` // grows with every change; set by Put
	Value   json.RawMessage `json:"value"`
	Who     string          `json:"who"`           // changed it
	Why     string          `json:"why,omitempty"` // for people
	When    time.Time       `json:"when"`          // set by Put where zero
}

// Settings are documents that all nodes share: a bucket of them. Safe for concurrent use.
type Settings struct{}

// Settings are the deployment's: rule sets, the assignment list and the like. The last 16 versions of each are kept.
func (r *Registry) Settings() *Settings { return nil }

// Flags are small words between replicas, such as which version of the rules each routes by. Only the last version is kept.
func (r *Registry) Flags() *Settings { return nil }

// Get reads a document. Errors: ErrNotFound; any other means that the registry is away.
func (s *Settings) Get(ctx context.Context, key string) (Document, error) { return Document{}, nil }

// History is the kept versions of a document, oldest first.
func (s *Settings) History(ctx context.Context, key string) ([]Document, error) { return nil, nil }

// Put replaces version d.Version of a document, zero where there must not be one yet, and returns d with its new version.
// Errors: ErrConflict; ErrBadName; any other leaves open whether it was written.
func (s *Settings) Put(ctx context.Context, d Document) (Document, error) { return Document{}, nil }

// Set is [Settings.Put] whatever the version: for flags, which have one writer each.
func (s *Settings) Set(ctx context.Context, d Document) (Document, error) { return Document{}, nil }

// Watch begins to follow the documents whose keys begin with prefix, which is whole tokens ("routing" is routing.eu, not
// routings); empty: all. It returns at once, as [Registry.Watch] does.
func (s *Settings) Watch(prefix string) *View { return nil }

// View is followed documents as this process knows them, in memory. Safe for concurrent use.
type View struct{}

// Get finds a document.
func (v *View) Get(key string) (Document, bool) { return Document{}, false }

// Documents are all of them in the order of their keys. The slice is shared: do not change it.
func (v *View) Documents() []Document { return nil }

// Changed returns a channel that is closed at the next change of Documents or of Stale. Take it before reading.
func (v *View) Changed() <-chan struct{} { return nil }

// Ready is closed once the documents have been read for the first time.
func (v *View) Ready() <-chan struct{} { return nil }

// Stale reports whether the registry is away and the view is what was known then, and since when.
func (v *View) Stale() (since time.Time, stale bool) { return time.Time{}, false }

// Stop ends the following. The view stays as it is. It may be called twice.
func (v *View) Stop() {}
