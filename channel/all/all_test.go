package all_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/paymux/paymux/channel"
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

// A sandbox elsewhere is as good as one here, and its accounts have to say where it is.
func TestRemoteSandbox(t *testing.T) {
	t.Parallel()
	drivers := all.Drivers(all.Env{RemoteSandbox: true})
	at := slices.IndexFunc(drivers, func(d *channel.Driver) bool { return d.Name == sandbox.Name })
	if at < 0 {
		t.Fatal("the sandbox is left out although it was asked for")
	}
	if err := drivers[at].Check(map[string]string{"magic": "on"}); err == nil || !strings.Contains(err.Error(), `"base_url" is missing`) {
		t.Errorf("an account that does not say where its institution is: %v", err)
	}
	if len(all.Drivers(all.Env{})) != len(drivers)-1 {
		t.Error("the other channels depend on the sandbox")
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
