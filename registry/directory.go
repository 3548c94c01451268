package registry

import "time"

// Directory is the instances of a role as this process knows them, in memory. Reading it takes no lock and asks nobody.
// Safe for concurrent use.
type Directory struct{ f *follower[Instance] }

// Watch begins to follow the instances of a role, of some names only where names are given; with an empty role and no names, all
// there are. It returns at once, with an empty directory; Ready tells when it has been filled. While the registry is away, everything known is
// kept; when it is back, whoever was known has one TTL to renew.
func (r *Registry) Watch(role string, names ...string) *Directory {
	filters := []string{role + ".>"}
	if role == "" {
		filters = []string{">"}
	}
	if len(names) > 0 {
		filters = nil
	}
	for _, name := range names {
		filters = append(filters, role+"."+name+".>")
	}
	f := &follower[Instance]{r: r, b: r.bucket(r.instances()), filters: filters, read: readInstance, life: r.TTL}
	f.follow()
	return &Directory{f}
}

// Instances are the live ones in the order of their keys. The slice is shared: do not change it.
func (d *Directory) Instances() []Instance { return d.f.shown.Load().list }

// Instance finds one by its ID.
func (d *Directory) Instance(id string) (Instance, bool) {
	s := d.f.shown.Load()
	s.once.Do(func() {
		s.byID = make(map[string]int, len(s.list))
		for n, i := range s.list {
			s.byID[i.ID] = n
		}
	})
	n, ok := s.byID[id]
	if !ok {
		return Instance{}, false
	}
	return s.list[n], true
}

// Changed returns a channel that is closed at the next change of Instances or of Stale. Take it before reading.
func (d *Directory) Changed() <-chan struct{} { return d.f.shown.Load().changed }

// Ready is closed once the directory has been read for the first time.
func (d *Directory) Ready() <-chan struct{} { return d.f.ready }

// Stale reports whether the directory is not kept up to date, because the registry is away, or takes no
// announcements of this process, and since when. Before it was first asked, it is stale since the zero time.
func (d *Directory) Stale() (since time.Time, stale bool) {
	s := d.f.shown.Load()
	return s.since, s.stale
}

// Settled reports whether everybody alive is known: the directory is kept up to date, and if the registry was ever away, whom it
// has lost meanwhile had one TTL to register again.
func (d *Directory) Settled() bool {
	s := d.f.shown.Load()
	return !s.stale && (s.back.IsZero() || d.f.r.Now().Sub(s.back) >= d.f.r.TTL)
}

// Stop ends the following. The directory stays as it is. It may be called twice.
func (d *Directory) Stop() { d.f.stop() }
