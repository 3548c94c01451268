//go:build unix

package keys

import (
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// user is who a process runs as.
type user struct {
	id     int
	groups []int
}

func thisUser() (user, error) {
	groups, err := os.Getgroups()
	return user{os.Geteuid(), append(groups, os.Getegid())}, err
}

// given reports whether root has given the user a file to read by one of its groups, as Kubernetes does with a pod's Secrets (fsGroup). A
// file of its own, which it could make private, is not meant, nor is one that the group may write.
func (u user) given(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid == 0 && u.id != 0 && info.Mode().Perm()&^0o440 == 0 && slices.Contains(u.groups, int(stat.Gid))
}
