//go:build !unix

package keys

import "io/fs"

type user struct{}

func thisUser() (user, error) { return user{}, nil }

func (user) given(fs.FileInfo) bool { return false }
