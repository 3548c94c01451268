package keys

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Entry is one row of the audit: a use, an operator's act, or the refusal of one.
type Entry struct {
	Seq     int64     `json:"seq"` // 1, 2, … without a gap
	At      time.Time `json:"at"`
	Caller  string    `json:"caller"` // or the operator
	Verb    string    `json:"verb"`
	Key     Name      `json:"key,omitempty"`
	Version int       `json:"version,omitempty"` // 0: none was reached, or all
	Outcome string    `json:"outcome"`           // ok, wrong, forbidden, no_key, state, unable, invalid, failed …
	Digest  Hash      `json:"digest,omitempty"`  // SHA-256 of the message, or of the ciphertext; never the message
	Request string    `json:"request_id,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	Hash    Hash      `json:"hash"` // of the row before's hash and of this row
}

// Hash is a SHA-256 sum, written in hexadecimal.
type Hash []byte

func (h Hash) String() string { return hex.EncodeToString(h) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	*h = raw
	return err
}

func digest(message []byte) Hash {
	sum := sha256.Sum256(message)
	return sum[:]
}

func random() []byte {
	b := make([]byte, sha256.Size)
	rand.Read(b) // never fails
	return b
}

// clip keeps what came from outside from filling the audit.
func clip(s string, most int) string {
	if len(s) > most {
		return s[:most]
	}
	return s
}

// encode writes a row as it is hashed: numbers in 8 bytes, everything else with its length before it.
func (e *Entry) encode(b []byte) []byte {
	b = append(b, 1) // of this form
	for _, n := range []int64{e.Seq, e.At.UnixMicro(), int64(e.Version)} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, text := range []string{e.Caller, e.Verb, string(e.Key), e.Outcome, string(e.Digest), e.Request, e.Detail} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	return b
}

// follow is the hash of a row that comes after one with hash before.
func (e *Entry) follow(before, buf []byte) (hash, grown []byte) {
	buf = e.encode(append(buf[:0], before...))
	sum := sha256.Sum256(buf)
	return sum[:], buf
}

// append writes the next row.
func (t *transaction) append(e *Entry) error {
	e.Seq, e.At = t.head.Seq+1, t.now
	e.Hash, t.buf = e.follow(t.head.Hash, t.buf)
	stmt, err := t.conn.Prepare(`INSERT INTO audit (seq, at, caller, verb, key, version, outcome, digest, request, detail, hash)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	stmt.BindInt64(1, e.Seq)
	stmt.BindInt64(2, e.At.UnixMicro())
	stmt.BindText(3, e.Caller)
	stmt.BindText(4, e.Verb)
	stmt.BindText(5, string(e.Key))
	stmt.BindInt64(6, int64(e.Version))
	stmt.BindText(7, e.Outcome)
	stmt.BindBytes(8, e.Digest)
	stmt.BindText(9, e.Request)
	stmt.BindText(10, e.Detail)
	stmt.BindBytes(11, e.Hash)
	if _, err := stmt.Step(); err != nil {
		return fmt.Errorf("write the audit: %w", err)
	}
	t.head.Seq, t.head.Hash = e.Seq, e.Hash
	t.appends++
	return stmt.Reset()
}

func scanEntry(stmt *sqlite.Stmt) Entry {
	return Entry{
		Seq: stmt.ColumnInt64(0), At: time.UnixMicro(stmt.ColumnInt64(1)).UTC(), Caller: stmt.ColumnText(2), Verb: stmt.ColumnText(3),
		Key: Name(stmt.ColumnText(4)), Version: stmt.ColumnInt(5), Outcome: stmt.ColumnText(6), Digest: blob(stmt, 7),
		Request: stmt.ColumnText(8), Detail: stmt.ColumnText(9), Hash: blob(stmt, 10),
	}
}

// chain is where the audit begins and ends.
type chain struct {
	Before     int64
	BeforeHash []byte
	Seq        int64
	Hash       []byte
}

func (c *chain) code(auth authenticator) []byte {
	return auth.sum("chain", binary.BigEndian.AppendUint64(nil, uint64(c.Before)), c.BeforeHash, binary.BigEndian.AppendUint64(nil, uint64(c.Seq)), c.Hash)
}

// readChain refuses ends that this service did not write, before anything is built upon them.
func readChain(conn *sqlite.Conn, auth authenticator) (c chain, err error) {
	var code []byte
	err = sqlitex.Execute(conn, "SELECT before, before_hash, seq, hash, code FROM head", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		c, code = chain{stmt.ColumnInt64(0), blob(stmt, 1), stmt.ColumnInt64(2), blob(stmt, 3)}, blob(stmt, 4)
		return nil
	}})
	if err == nil && !bytes.Equal(code, c.code(auth)) {
		err = fmt.Errorf("%w: the audit's end is not as this service wrote it", ErrTampered)
	}
	return c, err
}

func (t *transaction) writeChain() error {
	return execute(t.conn, "UPDATE head SET before = ?, before_hash = ?, seq = ?, hash = ?, code = ?",
		t.head.Before, t.head.BeforeHash, t.head.Seq, t.head.Hash, t.head.code(t.auth))
}
