package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/sqlite"
)

// childPath makes the test binary the process that is killed: it writes to the
// database of that path and says on its output what it was told is durable.
const childPath = "PAYMUX_TEST_SQLITE_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		writeUntilKilled(path)
		return
	}
	os.Exit(m.Run())
}

func writeUntilKilled(path string) {
	s, err := sqlite.Open(config(sqlite.Config{Path: path}))
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	var mu sync.Mutex
	load(context.Background(), s, 16, func(c *payment.Change) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(c.Payment.ID, c.New[0].ID)
	}).Wait()
}

// Killed at any moment under load, the store comes back with everything it said
// was durable, whole, its quotas the sum of that, and its lock is free.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	for range 8 {
		said := runAndKill(t, path, 50+rand.IntN(1500))
		s := openStore(t, sqlite.Config{Path: path})
		tasks := map[string]bool{}
		due, err := s.Due(t.Context(), time.Now(), []queue.Reading{{Part: queue.PartitionOf("")}}, 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range due {
			tasks[k.Ref] = true
		}
		for _, line := range said {
			pay, op, _ := strings.Cut(line, " ")
			wantWhole(t, s, paymux.PaymentID(pay), paymux.OperationID(op), tasks)
		}
		if used, err := s.Quotas(t.Context(), counter.Day, ""); err != nil || len(used) != 1 || used[0].Used != int64(len(tasks)) {
			t.Fatalf("the quota of orders is %+v after %d of them: %v", used, len(tasks), err)
		}
		closeStore(t, s)
	}
}

// runAndKill returns what the process said before it was killed, after some lines.
func runAndKill(t *testing.T, path string, lines int) (said []string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childPath+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(out)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			break // killed: the last line may be half a line
		}
		if strings.HasPrefix(line, "error:") {
			t.Fatal(line)
		}
		if said = append(said, strings.TrimSpace(line)); len(said) == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(said) < lines {
		t.Fatalf("the process ended by itself after %d lines: %v", len(said), err)
	}
	return said
}

func wantWhole(t *testing.T, s *sqlite.Store, pay paymux.PaymentID, op paymux.OperationID, tasks map[string]bool) {
	t.Helper()
	rec, err := s.RecordOf(t.Context(), op)
	if err != nil || rec.Payment.ID != pay || len(rec.Operations) != 1 {
		t.Fatalf("payment %s said to be durable: %v, %d operations", pay, err, len(rec.Operations))
	}
	if _, err := s.Idempotency(t.Context(), "mer_1", string(pay)); err != nil {
		t.Fatalf("the idempotency record of %s: %v", pay, err)
	}
	if !tasks[string(pay)] {
		t.Fatalf("the task of %s is gone", pay)
	}
}
