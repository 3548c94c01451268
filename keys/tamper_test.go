package keys_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/paymux/paymux/keys"
)

// used is a house whose file has a key and some uses in its audit, closed.
func used(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	s := h.open(t)
	made(t, s, "mac", kindHMAC)
	for i := range 9 {
		if _, err := s.As("gateway").Sign(t.Context(), "mac", "", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, s)
	return h
}

// alone takes the head file away, so that the file has to tell by itself.
func (h *house) alone(t *testing.T) *house {
	t.Helper()
	if err := os.Remove(h.path() + ".head"); err != nil {
		t.Fatal(err)
	}
	return h
}

// meddle changes the file as somebody would who can write it.
func (h *house) meddle(t *testing.T, script string) {
	t.Helper()
	conn, err := sqlite.OpenConn(h.path())
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteScript(conn, script, nil)
	if err = errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
}

// verify opens the file and verifies its audit.
func (h *house) verify(t *testing.T, anchors ...keys.Head) error {
	t.Helper()
	s, err := keys.Open(t.Context(), h.config())
	if err != nil {
		return err
	}
	_, err = s.VerifyAudit(t.Context(), anchors...)
	return errors.Join(err, s.Close())
}

func TestTheAuditTellsEveryTampering(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"a caller":           "UPDATE audit SET caller = 'other' WHERE seq = 5",
		"an outcome":         "UPDATE audit SET outcome = 'wrong' WHERE seq = 5",
		"a verb":             "UPDATE audit SET verb = 'verify' WHERE seq = 5",
		"a key":              "UPDATE audit SET key = 'other' WHERE seq = 5",
		"a version":          "UPDATE audit SET version = 2 WHERE seq = 5",
		"a time":             "UPDATE audit SET at = at + 1 WHERE seq = 5",
		"a digest":           "UPDATE audit SET digest = zeroblob(32) WHERE seq = 5",
		"a request":          "UPDATE audit SET request = 'req_2' WHERE seq = 5",
		"a detail":           "UPDATE audit SET detail = 'x' WHERE seq = 1",
		"text moved":         "UPDATE audit SET request = 'ok', outcome = '' WHERE seq = 5",
		"a hash":             "UPDATE audit SET hash = zeroblob(32) WHERE seq = 5",
		"a row removed":      "DELETE FROM audit WHERE seq = 5",
		"the first removed":  "DELETE FROM audit WHERE seq = 1",
		"the last removed":   "DELETE FROM audit WHERE seq = 10",
		"all removed":        "DELETE FROM audit",
		"removed and closed": "DELETE FROM audit WHERE seq = 5; UPDATE audit SET seq = seq - 1 WHERE seq > 5",
		"a row put in":       "INSERT INTO audit SELECT 11, at, caller, verb, key, version, outcome, digest, request, detail, hash FROM audit WHERE seq = 10",
		"two in each other's place": `UPDATE audit SET seq = 99 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6;
			UPDATE audit SET seq = 6 WHERE seq = 99`,
		"the end and what is said of it": "DELETE FROM audit WHERE seq = 10; UPDATE head SET seq = 9, hash = (SELECT hash FROM audit WHERE seq = 9)",
		"the beginning":                  "DELETE FROM audit WHERE seq <= 5; UPDATE head SET before = 5",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := used(t)
			if err := h.verify(t); err != nil {
				t.Fatalf("untouched: %v", err)
			}
			h.alone(t).meddle(t, script)
			if err := h.verify(t); !errors.Is(err, keys.ErrTampered) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Whoever can write the file can hash every row anew. What is said of the end then has a wrong code.
func TestAnAuditWrittenAnewIsTold(t *testing.T) {
	t.Parallel()
	h := used(t).alone(t)
	h.meddle(t, "UPDATE audit SET caller = 'other' WHERE seq = 5")
	rehash(t, h)
	if err := h.verify(t); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("error %v", err)
	}
}

// rehash writes hashes that follow each other, as anybody can.
func rehash(t *testing.T, h *house) {
	t.Helper()
	conn, err := sqlite.OpenConn(h.path())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var hash []byte
	list := func(query string, row func(*sqlite.Stmt) error) {
		if err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{ResultFunc: row}); err != nil {
			t.Fatal(err)
		}
	}
	list("SELECT before_hash FROM head", func(s *sqlite.Stmt) error { hash = column(s, 0); return nil })
	type row struct {
		seq  int64
		hash []byte
	}
	var rows []row
	list("SELECT seq, at, version, caller, verb, key, outcome, digest, request, detail FROM audit ORDER BY seq", func(s *sqlite.Stmt) error {
		text := append(append([]byte{}, hash...), 1)
		for i := range 3 {
			text = binary.BigEndian.AppendUint64(text, uint64(s.ColumnInt64(i)))
		}
		for i := 3; i < 10; i++ {
			text = append(binary.BigEndian.AppendUint32(text, uint32(s.ColumnLen(i))), column(s, i)...)
		}
		sum := sha256.Sum256(text)
		hash = sum[:]
		rows = append(rows, row{s.ColumnInt64(0), hash})
		return nil
	})
	for _, r := range rows {
		if err := sqlitex.Execute(conn, "UPDATE audit SET hash = ? WHERE seq = ?", &sqlitex.ExecOptions{Args: []any{r.hash, r.seq}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := sqlitex.Execute(conn, "UPDATE head SET hash = ?", &sqlitex.ExecOptions{Args: []any{hash}}); err != nil {
		t.Fatal(err)
	}
}

func column(s *sqlite.Stmt, i int) []byte {
	b := make([]byte, s.ColumnLen(i))
	s.ColumnBytes(i, b)
	return b
}

// An older copy of the whole file is a chain like any other: only an anchor, here the head file, misses its end.
func TestAnOlderFileIsMissed(t *testing.T) {
	t.Parallel()
	h := used(t)
	older, err := os.ReadFile(h.path())
	if err != nil {
		t.Fatal(err)
	}
	s := h.open(t)
	if _, err := s.As("gateway").Sign(t.Context(), "mac", "", nil); err != nil {
		t.Fatal(err)
	}
	anchor, err := s.Head()
	if err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	if err := os.WriteFile(h.path(), older, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.verify(t); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("with the head file: %v", err)
	}
	if err := os.Remove(h.path() + ".head"); err != nil {
		t.Fatal(err)
	}
	if err := h.verify(t, anchor); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("with an anchor: %v", err)
	}
}

// The head file of a file that was set back stays as it is: it is the evidence.
func TestTheHeadFileIsNotWrittenOverWhatItMisses(t *testing.T) {
	t.Parallel()
	h := used(t)
	s := h.open(t)
	sign := func(s *keys.Service, n int) {
		for i := range n {
			if _, err := s.As("gateway").Sign(t.Context(), "mac", "", fmt.Append(nil, "x", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	older, err := os.ReadFile(h.path())
	if err != nil {
		t.Fatal(err)
	}
	sign(s, 2)
	shut(t, s)
	if err := os.WriteFile(h.path(), older, 0o600); err != nil {
		t.Fatal(err)
	}
	s = h.open(t)
	sign(s, 5) // further than the head file's row
	shut(t, s)
	if err := h.verify(t); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("error %v", err)
	}
}

// A service does not build upon an end that somebody else wrote: it would make it its own.
func TestNothingIsUsedOnATamperedFile(t *testing.T) {
	t.Parallel()
	h := used(t)
	s := h.open(t)
	h.meddle(t, "UPDATE head SET hash = (SELECT hash FROM audit WHERE seq = 9)")
	if signature, err := s.As("gateway").Sign(t.Context(), "mac", "", nil); !errors.Is(err, keys.ErrTampered) || signature != nil {
		t.Errorf("error %v", err)
	}
}

func TestKeysAndPermissionsCannotBeWrittenByOthers(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"a caller":          `UPDATE keys SET body = replace(body, '"gateway"', '"stranger"')`,
		"a state":           "UPDATE versions SET state = 'retiring'",
		"a key ID":          "UPDATE versions SET key_id = 'x'",
		"a public half":     `UPDATE versions SET body = replace(body, '"number"', '"public":"x","number"')`,
		"material":          "UPDATE versions SET sealed = zeroblob(100)",
		"a version removed": "DELETE FROM versions",
		"the revision":      "UPDATE book SET revision = revision + 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := used(t)
			h.meddle(t, script)
			if err := h.verify(t); !errors.Is(err, keys.ErrTampered) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestAnchorsAreRead(t *testing.T) {
	t.Parallel()
	h := used(t)
	s := h.open(t)
	head, err := s.Head()
	if err != nil || head.Seq != 10 {
		t.Fatalf("head %d: %v", head.Seq, err)
	}
	text, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	anchors, err := keys.ReadHeads(append(text, text...))
	if err != nil || len(anchors) != 2 {
		t.Fatalf("%d anchors: %v", len(anchors), err)
	}
	if r := verified(t, s, anchors...); r.Rows != 10 || r.Anchors != 1 || r.Head.Seq != 10 {
		t.Errorf("report %+v", r)
	}
	forged := head
	forged.Seq = 3
	if _, err := s.VerifyAudit(t.Context(), forged); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("a forged anchor: %v", err)
	}
	for _, bad := range []string{"{", `{"seq":1}`, `{"seq":1,"hash":"xx"}`, "[]"} {
		if _, err := keys.ReadHeads([]byte(bad)); !errors.Is(err, keys.ErrInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestAPrunedAuditIsStillAChain(t *testing.T) {
	t.Parallel()
	h := used(t)
	s := h.open(t)
	early, err := s.Head()
	if err != nil {
		t.Fatal(err)
	}
	now := newest(t, s).At
	n, err := s.By("operator").Prune(context.Background(), now) // rows of the same microsecond as the newest stay
	if err != nil || n == 0 || n > 9 {
		t.Fatalf("%d rows: %v", n, err)
	}
	r := verified(t, s, early)
	if r.First != n+1 || r.Rows != 10-n+1 || newest(t, s).Verb != "prune" {
		t.Errorf("report %+v", r)
	}
	shut(t, s)
	h.meddle(t, fmt.Sprintf("DELETE FROM audit WHERE seq = %d", n+1))
	if err := h.verify(t); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("error %v", err)
	}
}
