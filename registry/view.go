package registry

import (
	"encoding/json"
	"time"
)

// View is followed documents as this process knows them, in memory. Safe for concurrent use.
type View struct{ f *follower[Document] }

// Watch begins to follow the document prefix and those below it ("routing" is routing and routing.eu, not routings); empty: all.
// It returns at once, with an empty view; Ready tells when it has been filled. While the registry is away, and
// where the bucket has lost documents, everything known is kept.
func (s *Settings) Watch(prefix string) *View {
	filters := []string{">"}
	if prefix != "" {
		filters = []string{prefix, prefix + ".>"}
	}
	f := &follower[Document]{r: s.r, b: s.b, filters: filters, read: readDocument}
	f.follow()
	return &View{f}
}

func readDocument(e entry) (Document, error) {
	var d Document
	if err := json.Unmarshal(e.body, &d); err != nil {
		return d, err
	}
	d.Key, d.Version = e.key, e.rev
	return d, d.check()
}

// Get finds a document.
func (v *View) Get(key string) (Document, bool) { return v.f.shown.Load().find(key) }

// Documents are all of them in the order of their keys. The slice is shared: do not change it.
func (v *View) Documents() []Document { return v.f.shown.Load().list }

// Changed returns a channel that is closed at the next change of Documents or of Stale. Take it before reading.
func (v *View) Changed() <-chan struct{} { return v.f.shown.Load().changed }

// Ready is closed once the documents have been read for the first time.
func (v *View) Ready() <-chan struct{} { return v.f.ready }

// Stale reports whether the view is not kept up to date, because the registry is away, and since when.
func (v *View) Stale() (since time.Time, stale bool) {
	s := v.f.shown.Load()
	return s.since, s.stale
}

// Stop ends the following. The view stays as it is. It may be called twice.
func (v *View) Stop() { v.f.stop() }
