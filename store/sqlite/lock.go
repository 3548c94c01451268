package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock keeps other processes, and this one, from opening path a second time:
// each would count on writing alone. The kernel releases it when the process
// dies. The lock file stays: deleting it would let two processes lock two files of one name.
func lock(path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("another paymux process has it open; stop that one, or give this one another file: %w", err)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	// A child that is about to start another program has the file open, too, for a moment: closing alone would leave the lock to it.
	return func() error {
		return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
	}, nil
}
