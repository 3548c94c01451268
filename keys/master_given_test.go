//go:build unix

package keys_test

import (
	"io/fs"
	"syscall"
	"testing"

	"github.com/paymux/paymux/keys"
)

// aFile is a file's mode, owner and group.
type aFile struct {
	fs.FileInfo
	mode     fs.FileMode
	uid, gid uint32
}

func (f aFile) Mode() fs.FileMode { return f.mode }
func (f aFile) Sys() any          { return &syscall.Stat_t{Uid: f.uid, Gid: f.gid} }

// A file that root gives to the process by a group is taken; one that its owner leaves open is not.
func TestMasterFilesGivenByGroup(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file aFile
		user int
		want bool
	}{
		"as Kubernetes gives them": {aFile{mode: 0o440, gid: 65532}, 65532, true},
		"by another of its groups": {aFile{mode: 0o440, gid: 7}, 65532, true},
		"to a strange group":       {aFile{mode: 0o440, gid: 8}, 65532, false},
		"its own, left open":       {aFile{mode: 0o440, uid: 65532, gid: 65532}, 65532, false},
		"somebody else's":          {aFile{mode: 0o440, uid: 1000, gid: 65532}, 65532, false},
		"of root, who needs none":  {aFile{mode: 0o440, gid: 7}, 0, false},
		"the group may write":      {aFile{mode: 0o460, gid: 65532}, 65532, false},
		"everybody may read":       {aFile{mode: 0o444, gid: 65532}, 65532, false},
	} {
		if got := keys.Given(c.file, c.user, 7, 65532); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
