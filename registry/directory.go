package registry

import "time"

// Directory is the instances of a role as this process knows them, in memory. Reading it takes no lock and asks nobody.
// Safe for concurrent use.
type Directory struct{}

// Watch begins to follow the instances of a role, of some names only where names are given. It returns at once, with an empty
// directory; Ready tells when it has been filled. While the registry is away, everything known is kept.
func (r *Registry) Watch(role string, names ...string) *Directory { return nil }

// Instances are the live ones in the order of their keys. The slice is shared: do not change it.
func (d *Directory) Instances() []Instance { return nil }

// Instance finds one by its ID.
func (d *Directory) Instance(id string) (Instance, bool) { return Instance{}, false }

// Changed returns a channel that is closed at the next change of Instances or of Stale. Take it before reading.
func (d *Directory) Changed() <-chan struct{} { return nil }

// Ready is closed once the directory has been read for the first time.
func (d *Directory) Ready() <-chan struct{} { return nil }

// Stale reports whether the registry is away and the directory is what was known then, and since when.
// Before Ready it is stale since the zero time.
func (d *Directory) Stale() (since time.Time, stale bool) { return time.Time{}, false }

// Stop ends the following. The directory stays as it is. It may be called twice.
func (d *Directory) Stop() {}
