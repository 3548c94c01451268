package keys

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/paymux/paymux/internal/keyring"
)

// book is what the file says of all keys at one revision. It is never changed: a new one takes its place.
type book struct {
	revision int64
	keys     map[Name]*entry
}

// entry is a key with the material of its versions that are not destroyed, by their numbers.
type entry struct {
	Key
	material map[int]*material
}

// material is a version's key, unsealed when it is first used. It is handed on from book to
// book: what a number stands for never changes.
type material struct {
	kind   Kind
	place  []byte
	mu     sync.Mutex // guards what follows
	sealed [][]byte   // more than one where it was sealed anew since it was read
	key    keyring.Key
}

func (m *material) open(ctx context.Context, master Master) (keyring.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.key != nil {
		return m.key, nil
	}
	var err error
	for _, sealed := range m.sealed {
		var text []byte
		if text, err = unseal(ctx, master, m.place, sealed); err == nil {
			m.key, err = keyring.Parse(m.kind, string(text))
			clear(text)
			return m.key, err
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrMaster, err)
}

// also adds what the same material was sealed to anew.
func (m *material) also(sealed []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.key == nil && !bytes.Equal(m.sealed[len(m.sealed)-1], sealed) {
		m.sealed = append(m.sealed, sealed)
	}
}

// list is every key, by name.
func (b *book) list() []Key {
	all := make([]Key, 0, len(b.keys))
	for _, e := range b.keys {
		all = append(all, e.copy())
	}
	slices.SortFunc(all, func(a, b Key) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return all
}

// copy is a key that its receiver may change.
func (e *entry) copy() Key {
	k := e.Key
	k.Callers, k.Uses, k.Versions = slices.Clone(k.Callers), slices.Clone(k.Uses), slices.Clone(k.Versions)
	return k
}

func (b *book) find(name Name) (*entry, error) {
	if e, ok := b.keys[name]; ok {
		return e, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrNoKey, name)
}

func (e *entry) version(number int) (Version, error) {
	for _, v := range e.Versions {
		if v.Number == number {
			return v, nil
		}
	}
	return Version{}, fmt.Errorf("%w: %s has no version %d", ErrNoKey, e.Name, number)
}

// readBook reads all keys, takes over the material that was open before, and refuses rows that somebody else wrote.
func readBook(conn *sqlite.Conn, auth authenticator, before *book) (*book, error) {
	b := &book{keys: map[Name]*entry{}}
	var code []byte
	err := sqlitex.Execute(conn, "SELECT revision, code FROM book", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		b.revision, code = stmt.ColumnInt64(0), blob(stmt, 1)
		return nil
	}})
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	sum, err := b.readRows(conn, auth)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if !bytes.Equal(sum, code) { // both are in the file: nothing to learn from how long it takes
		return nil, fmt.Errorf("%w: keys, versions or permissions are not as this service wrote them", ErrTampered)
	}
	if before != nil {
		b.takeOver(before)
	}
	return b, nil
}

// readRows returns the code of what it has read.
func (b *book) readRows(conn *sqlite.Conn, auth authenticator) ([]byte, error) {
	parts := [][]byte{binary.BigEndian.AppendUint64(nil, uint64(b.revision))}
	err := sqlitex.Execute(conn, "SELECT name, kind, body FROM keys ORDER BY name", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		e := &entry{material: map[int]*material{}}
		parts = append(parts, []byte("key"), []byte(stmt.ColumnText(0)), []byte(stmt.ColumnText(1)), []byte(stmt.ColumnText(2)))
		if err := json.Unmarshal([]byte(stmt.ColumnText(2)), &e.Key); err != nil {
			return fmt.Errorf("key %s: %w", stmt.ColumnText(0), err)
		}
		e.Name, e.Kind = Name(stmt.ColumnText(0)), Kind(stmt.ColumnText(1))
		b.keys[e.Name] = e
		return nil
	}})
	if err != nil {
		return nil, err
	}
	const versions = "SELECT key, number, state, key_id, body, sealed FROM versions ORDER BY key, number"
	err = sqlitex.Execute(conn, versions, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		parts = append(parts, []byte("version"))
		for column := range 5 {
			parts = append(parts, []byte(stmt.ColumnText(column)))
		}
		parts = append(parts, blob(stmt, 5))
		return b.readVersion(stmt)
	}})
	return auth.sum("book", parts...), err
}

func (b *book) readVersion(stmt *sqlite.Stmt) error {
	name, sealed := Name(stmt.ColumnText(0)), blob(stmt, 5)
	e, ok := b.keys[name]
	if !ok {
		return fmt.Errorf("a version of %s, which is not there", name)
	}
	var v Version
	if err := json.Unmarshal([]byte(stmt.ColumnText(4)), &v); err != nil {
		return fmt.Errorf("version of %s: %w", name, err)
	}
	v.Number, v.State, v.KeyID = stmt.ColumnInt(1), State(stmt.ColumnText(2)), stmt.ColumnText(3)
	e.Versions = append(e.Versions, v)
	if v.State != Destroyed {
		e.material[v.Number] = &material{kind: e.Kind, place: placeOf(name, e.Kind, v.Number), sealed: [][]byte{sealed}}
	}
	return nil
}

func (b *book) takeOver(before *book) {
	for name, e := range b.keys {
		old, ok := before.keys[name]
		if !ok {
			continue
		}
		for number, fresh := range e.material {
			if m, ok := old.material[number]; ok {
				m.also(fresh.sealed[0])
				e.material[number] = m
			}
		}
	}
}
