package all_test

import (
	"os"
	"slices"
	"testing"

	"github.com/paymux/paymux/channel/all"
	"github.com/paymux/paymux/channel/sandbox"
)

// notChannels are folders beside the institutions.
var notChannels = []string{"all", "channeltest", "channelrpc"}

// TestEveryFolderIsListed holds the catalogue against the folders: a channel is one folder and one line.
func TestEveryFolderIsListed(t *testing.T) {
	t.Parallel()
	bank, err := sandbox.NewInstitution(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bank.Stop)
	var listed []string
	for _, d := range all.Drivers(all.Env{Sandbox: bank}) {
		listed = append(listed, d.Name)
	}
	if !slices.IsSorted(listed) {
		t.Errorf("not sorted: %v", listed)
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(notChannels, e.Name()) && !slices.Contains(listed, e.Name()) {
			t.Errorf("channel/%s has no line in the catalogue (listed: %v)", e.Name(), listed)
		}
	}
}

func TestNoSandboxWhereRealMoneyMoves(t *testing.T) {
	t.Parallel()
	for _, d := range all.Drivers(all.Env{}) {
		if d.Name == sandbox.Name {
			t.Error("the sandbox is there although it was not asked for")
		}
	}
}
