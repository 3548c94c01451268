package keys_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/paymux/paymux/keys"
)

// image copies the files of an open service, as a crash would leave them.
func (h *house) image(t *testing.T) *house {
	t.Helper()
	crashed := &house{dir: t.TempDir(), master: h.master}
	for _, name := range []string{"keys.db", "keys.db-wal"} {
		text, err := os.ReadFile(filepath.Join(h.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(crashed.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return crashed
}

// What was answered is in the audit after a crash, and keys are as they were said to be.
func TestACrashLosesNothingThatWasAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.open(t)
	made(t, s, "mac", kindHMAC)
	var users sync.WaitGroup
	for u := range 8 {
		users.Go(func() {
			for i := range 5 {
				if _, err := s.As("gateway").Sign(context.Background(), "mac", "", fmt.Append(nil, u, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	users.Wait()
	if _, err := s.By("operator").Rotate(t.Context(), keys.Draft{Name: "mac"}, ""); err != nil {
		t.Fatal(err)
	}
	head, err := s.Head()
	if err != nil {
		t.Fatal(err)
	}
	after := h.image(t).open(t)
	if r := verified(t, after, head); r.Rows != 42 || r.Anchors != 1 {
		t.Errorf("report %+v", r)
	}
	k, err := after.Describe(t.Context(), "mac")
	if v, _ := k.Active(); err != nil || v.Number != 2 {
		t.Errorf("version %d is active: %v", v.Number, err)
	}
	if _, err := after.As("gateway").Sign(t.Context(), "mac", "", nil); err != nil {
		t.Error(err)
	}
}

func TestAClosedServiceSaysSo(t *testing.T) {
	t.Parallel()
	s := newHouse(t).open(t)
	made(t, s, "mac", kindHMAC)
	shut(t, s)
	shut(t, s)
	user := s.As("gateway")
	_, signErr := user.Sign(t.Context(), "mac", "", nil)
	_, idErr := user.KeyID(t.Context(), "mac")
	_, listErr := s.List(t.Context())
	for _, err := range []error{signErr, idErr, listErr, s.By("operator").Retire(t.Context(), "mac", 1)} {
		if !isClosed(err) {
			t.Errorf("error %v", err)
		}
	}
}
