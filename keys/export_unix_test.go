//go:build unix

package keys

import "io/fs"

// Given is what a user of some groups would be told of a file.
func Given(file fs.FileInfo, id int, groups ...int) bool { return user{id, groups}.given(file) }
