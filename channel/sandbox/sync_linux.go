package sandbox

import (
	"os"
	"syscall"
)

// syncData makes what was written durable; times of access need not be.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
