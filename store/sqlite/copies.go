package sqlite

import (
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
)

// Changes implements directory.Store.
func (s *Store) Changes(ctx context.Context, after int64, limit int) (c directory.Changes, err error) {
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) (err error) {
		c, err = changes(conn, after, limit)
		return err
	})
	if err != nil {
		return directory.Changes{}, fmt.Errorf("list changes: %w", err)
	}
	return c, nil
}

// changedRevisions are the revisions of what is there and of what was deleted, in order.
const changedRevisions = `SELECT revision FROM (
	SELECT * FROM (SELECT revision FROM merchants WHERE copy_of IS NULL AND revision > ?1 ORDER BY revision LIMIT ?2)
	UNION ALL SELECT * FROM (SELECT revision FROM api_keys WHERE copy_of IS NULL AND revision > ?1 ORDER BY revision LIMIT ?2)
	UNION ALL SELECT * FROM (SELECT revision FROM endpoints WHERE copy_of IS NULL AND revision > ?1 ORDER BY revision LIMIT ?2)
	UNION ALL SELECT * FROM (SELECT revision FROM deleted_endpoints WHERE revision > ?1 ORDER BY revision LIMIT ?2)
) ORDER BY revision LIMIT ?2`

const (
	changedMerchants = `SELECT body FROM merchants WHERE copy_of IS NULL AND id IN (
		SELECT id FROM merchants WHERE copy_of IS NULL AND revision > ?1 AND revision <= ?2
		UNION SELECT merchant FROM api_keys WHERE copy_of IS NULL AND revision > ?1 AND revision <= ?2) ORDER BY id`
	changedKeys      = keyColumns + " FROM api_keys WHERE copy_of IS NULL AND revision > ?1 AND revision <= ?2 ORDER BY revision"
	changedEndpoints = "SELECT body, secrets, 0, revision FROM endpoints WHERE copy_of IS NULL AND revision > ?1 AND revision <= ?2 ORDER BY revision"
	goneEndpoints    = "SELECT id FROM deleted_endpoints WHERE revision > ?1 AND revision <= ?2 ORDER BY revision"
)

func changes(conn *sqlite.Conn, after int64, limit int) (c directory.Changes, err error) {
	integer := func(r *row) (int64, error) { return r.int(), nil }
	known, err := read(conn, "SELECT revision FROM history WHERE revision = ?", func(s *statement) { s.int(after) }, integer)
	if err != nil {
		return c, err
	}
	if c.Anew = len(known) == 0; c.Anew {
		after = 0
	}
	c.UpTo = after
	revisions, err := read(conn, changedRevisions, func(s *statement) { s.int(after); s.int(int64(limit) + 1) }, integer)
	if err != nil || len(revisions) == 0 {
		return c, err
	}
	if c.More = len(revisions) > limit; c.More {
		revisions = revisions[:limit]
	}
	c.UpTo = revisions[len(revisions)-1]
	within := func(s *statement) { s.int(after); s.int(c.UpTo) }
	if c.Merchants, err = read(conn, changedMerchants, within, scanMerchant); err != nil {
		return c, err
	}
	if c.Keys, err = read(conn, changedKeys, within, scanKey); err != nil {
		return c, err
	}
	if c.Endpoints, err = read(conn, changedEndpoints, within, scanChangedEndpoint); err != nil {
		return c, err
	}
	c.Deleted, err = read(conn, goneEndpoints, within, func(r *row) (paymux.EndpointID, error) { return paymux.EndpointID(r.text()), nil })
	return c, err
}

func scanChangedEndpoint(r *row) (e directory.Endpoint, err error) {
	e.Endpoint, err = scanEndpoint(r)
	e.Revision = r.int()
	return e, err
}

// Copied implements directory.Store.
func (s *Store) Copied(ctx context.Context, region paymux.Region) (p directory.Position, err error) {
	err = s.pool.with(ctx, func(conn *sqlite.Conn) (err error) {
		p, err = position(conn, region)
		return err
	})
	if err != nil {
		return p, fmt.Errorf("load how far region %d was copied: %w", region, err)
	}
	return p, nil
}

func position(conn *sqlite.Conn, region paymux.Region) (p directory.Position, err error) {
	const sql = "SELECT up_to, whole FROM copies WHERE region = ?"
	found, err := read(conn, sql, func(s *statement) { s.int(int64(region)) }, func(r *row) (directory.Position, error) {
		return directory.Position{UpTo: r.int(), Whole: r.int() == 1}, nil
	})
	if err != nil || len(found) == 0 {
		return p, err
	}
	return found[0], nil
}

// copied is changes with what of them is kept as JSON, made before the writer is kept busy with it.
type copied struct {
	directory.Changes
	merchants, keys, endpoints, secrets []string
}

func encodeCopies(c directory.Changes) (d copied, err error) {
	d.Changes = c
	if d.merchants, err = encodeAll(c.Merchants, func(m *paymux.Merchant) (string, error) { return text(m) }); err != nil {
		return d, err
	}
	if d.keys, err = encodeAll(c.Keys, func(k *paymux.Key) (string, error) { return text(k) }); err != nil {
		return d, err
	}
	d.endpoints, err = encodeAll(c.Endpoints, func(e *directory.Endpoint) (string, error) {
		plain := e.Endpoint
		plain.FailingSince = time.Time{} // it has its own column, and is this region's own
		return text(&plain)
	})
	if err != nil {
		return d, err
	}
	d.secrets, err = encodeAll(c.Endpoints, func(e *directory.Endpoint) (string, error) {
		doc, err := secretsDoc(e.Endpoint.Secrets)
		return string(doc), err
	})
	return d, err
}

// TakeCopies implements directory.Store.
func (s *Store) TakeCopies(ctx context.Context, region paymux.Region, after int64, c directory.Changes) (taken bool, err error) {
	d, err := encodeCopies(c)
	if err != nil {
		return false, fmt.Errorf("encode copies of region %d: %w", region, err)
	}
	err = s.submit(ctx, func(w *writer) error {
		at, err := position(w.conn, region)
		if taken = err == nil && at.UpTo == after; !taken {
			return err
		}
		return w.takeCopies(region, &d)
	})
	if err != nil {
		return false, fmt.Errorf("keep copies of region %d: %w", region, err)
	}
	return taken, nil
}

// Rows of this region's own, and copies of another, have another copy_of and stay as they are.
const (
	putMerchantCopy = `INSERT INTO merchants (copy_of, id, body) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, unseen = 0 WHERE merchants.copy_of = excluded.copy_of`
	putKeyCopy = `INSERT INTO api_keys (copy_of, id, merchant, digest, shared, revoked_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET merchant = excluded.merchant, digest = excluded.digest, shared = excluded.shared, revoked_at = excluded.revoked_at,
			body = excluded.body, unseen = 0 WHERE api_keys.copy_of = excluded.copy_of`
	// An endpoint that is enabled anew has failed at nothing yet.
	putEndpointCopy = `INSERT INTO endpoints (copy_of, id, merchant, revision, failing_since, secrets, body) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6)
		ON CONFLICT (id) DO UPDATE SET failing_since = iif(?7 = 'enabled' AND endpoints.status <> 'enabled', 0, endpoints.failing_since),
			merchant = excluded.merchant, revision = excluded.revision, secrets = excluded.secrets, body = excluded.body, unseen = 0
		WHERE endpoints.copy_of = excluded.copy_of`
	sameEndpointCopy = "UPDATE endpoints SET unseen = 0 WHERE copy_of = ? AND id = ? AND revision = ?"
	sweepCopies      = "DELETE FROM "
	unseenCopies     = " WHERE copy_of = ? AND unseen = 1"
	putPosition      = "INSERT INTO copies (region, up_to, whole) VALUES (?, ?, ?) ON CONFLICT (region) DO UPDATE SET up_to = excluded.up_to, whole = excluded.whole"
)

// taking is copies of a home being written. After the first error nothing more is.
type taking struct {
	w    *writer
	home int64
	err  error
}

// do runs a statement whose first parameter is the home.
func (t *taking) do(sql string, bind func(*statement)) (changed int) {
	if t.err != nil {
		return 0
	}
	s := t.w.prepare(sql)
	s.int(t.home)
	bind(&s)
	changed, t.err = t.w.exec(&s)
	return changed
}

func (w *writer) takeCopies(region paymux.Region, d *copied) error {
	t := &taking{w: w, home: int64(region)}
	nothing := func(*statement) {}
	if d.Anew {
		for _, table := range []string{"merchants", "api_keys", "endpoints"} {
			t.do("UPDATE "+table+" SET unseen = 1 WHERE copy_of = ?", nothing)
		}
	}
	for _, id := range d.Deleted {
		t.do("DELETE FROM endpoints WHERE copy_of = ? AND id = ?", func(s *statement) { s.text(string(id)) })
	}
	for i := range d.Merchants {
		t.do(putMerchantCopy, func(s *statement) { s.text(string(d.Merchants[i].ID)); s.text(d.merchants[i]) })
	}
	for i := range d.Keys {
		t.do(putKeyCopy, func(s *statement) { s.apiKey(&d.Keys[i], []byte(d.keys[i])) })
	}
	for i := range d.Endpoints {
		t.endpoint(d, i)
	}
	if !d.More {
		for _, table := range []string{"endpoints", "api_keys", "merchants"} {
			t.do(sweepCopies+table+unseenCopies, nothing)
		}
	}
	t.do(putPosition, func(s *statement) { s.int(d.UpTo); s.bool(!d.More) })
	if t.err != nil {
		return t.err
	}
	revision, err := w.nextRevision()
	if err != nil {
		return err
	}
	return w.raise(revision)
}

func (t *taking) endpoint(d *copied, i int) {
	e := &d.Endpoints[i]
	same := func(s *statement) {
		s.text(string(e.Endpoint.ID))
		s.int(e.Revision)
	}
	if t.do(sameEndpointCopy, same) > 0 {
		return
	}
	t.do(putEndpointCopy, func(s *statement) {
		s.text(string(e.Endpoint.ID))
		s.text(string(e.Endpoint.Merchant))
		s.int(e.Revision)
		s.text(d.secrets[i])
		s.text(d.endpoints[i])
		s.text(string(e.Endpoint.Status))
	})
}
