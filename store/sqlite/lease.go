package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/paymux/paymux/queue"
)

// endLeases gives back what an earlier run of this process held: nobody else has
// the file open, so there is nobody to wait for.
func (w *writer) endLeases() error {
	for _, query := range []string{"UPDATE leases SET replica = '', ends_at = 0", "DELETE FROM replicas"} {
		if err := execute(w.conn, query); err != nil {
			return fmt.Errorf("end the leases of an earlier run: %w", err)
		}
	}
	return nil
}

// Attend implements queue.Leases.
func (s *Store) Attend(ctx context.Context, replica string, ttl time.Duration) (held []queue.Lease, alive []string, err error) {
	var leases []queue.Lease // the writer's, until submit returns nil, as are replicas
	var replicas []string
	err = s.submit(ctx, func(w *writer) (err error) {
		now := w.now()
		if err := w.renew(replica, now, now.Add(ttl)); err != nil {
			return err
		}
		leases, err = read(w.conn, "SELECT part, epoch FROM leases WHERE replica = ? ORDER BY part",
			func(s *statement) { s.text(replica) },
			func(r *row) (queue.Lease, error) {
				return queue.Lease{Part: int(r.int()), Replica: replica, Epoch: r.int()}, nil
			})
		if err != nil {
			return err
		}
		replicas, err = read(w.conn, "SELECT id FROM replicas ORDER BY id", func(*statement) {}, func(r *row) (string, error) { return r.text(), nil })
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("renew the leases of %s: %w", replica, err)
	}
	return leases, replicas, nil
}

// renew has a replica and its leases live until end, and forgets the replicas that do no more.
func (w *writer) renew(replica string, now, end time.Time) error {
	s := w.prepare("DELETE FROM replicas WHERE ends_at <= ?")
	s.time(now)
	if _, err := w.exec(&s); err != nil {
		return err
	}
	s = w.prepare("INSERT INTO replicas (id, ends_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at")
	s.text(replica)
	s.time(end)
	if _, err := w.exec(&s); err != nil {
		return err
	}
	s = w.prepare("UPDATE leases SET ends_at = ? WHERE replica = ?")
	s.time(end)
	s.text(replica)
	_, err := w.exec(&s)
	return err
}

const acquireLease = `INSERT INTO leases (part, replica, epoch, ends_at) VALUES (?, ?, 1, ?)
	ON CONFLICT (part) DO UPDATE SET replica = excluded.replica, epoch = epoch + 1, ends_at = excluded.ends_at
	WHERE replica = '' OR ends_at <= ? RETURNING part, epoch`

// Acquire implements queue.Leases.
func (s *Store) Acquire(ctx context.Context, replica string, parts []int, ttl time.Duration) ([]queue.Lease, error) {
	var leases []queue.Lease // the writer's, until submit returns nil
	err := s.submit(ctx, func(w *writer) error {
		leases = nil
		now := w.now()
		for _, part := range parts {
			taken, err := read(w.conn, acquireLease, func(s *statement) {
				s.int(int64(part))
				s.text(replica)
				s.time(now.Add(ttl))
				s.time(now)
			}, func(r *row) (queue.Lease, error) {
				return queue.Lease{Part: int(r.int()), Replica: replica, Epoch: r.int()}, nil
			})
			if err != nil {
				return err
			}
			w.changed = w.changed || len(taken) > 0
			leases = append(leases, taken...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("acquire leases for %s: %w", replica, err)
	}
	return leases, nil
}

// Release implements queue.Leases.
func (s *Store) Release(ctx context.Context, replica string, parts []int) error {
	err := s.submit(ctx, func(w *writer) error {
		for _, part := range parts {
			s := w.prepare("UPDATE leases SET replica = '', ends_at = 0 WHERE part = ? AND replica = ?")
			s.int(int64(part))
			s.text(replica)
			if _, err := w.exec(&s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("release leases of %s: %w", replica, err)
	}
	return nil
}

// Leave implements queue.Leases.
func (s *Store) Leave(ctx context.Context, replica string) error {
	err := s.submit(ctx, func(w *writer) error {
		for _, query := range []string{"UPDATE leases SET replica = '', ends_at = 0 WHERE replica = ?", "DELETE FROM replicas WHERE id = ?"} {
			s := w.prepare(query)
			s.text(replica)
			if _, err := w.exec(&s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("release all of %s: %w", replica, err)
	}
	return nil
}

// held remembers, for one settlement, which leases are held. A lease is held by whom it went to last, whether
// or not it has ended: until somebody takes it, nobody has decided anything else.
type held map[queue.Lease]bool

// allows reports whether what was decided under a lease counts.
func (h held) allows(w *writer, l queue.Lease) (bool, error) {
	if l.Epoch == 0 { // one process that decides alone
		return true, nil
	}
	holds, known := h[l]
	if known {
		return holds, nil
	}
	found, err := read(w.conn, "SELECT 1 FROM leases WHERE part = ? AND replica = ? AND epoch = ?", func(s *statement) {
		s.int(int64(l.Part))
		s.text(l.Replica)
		s.int(l.Epoch)
	}, func(*row) (bool, error) { return true, nil })
	if err != nil {
		return false, fmt.Errorf("look for the lease of partition %d: %w", l.Part, err)
	}
	h[l] = len(found) > 0
	return h[l], nil
}
