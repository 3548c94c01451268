package nocore

import (
	"fmt"
	"syscall"
)

const setDumpable = 4 // PR_SET_DUMPABLE of prctl(2)

// forbid needs both: a core that goes through a pipe to a collector heeds no limit, and
// what a program leaves to its children is the limit alone.
func forbid() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("limit core files to nothing: %w", err)
	}
	if _, _, fault := syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 0, 0); fault != 0 {
		return fmt.Errorf("make the process not dumpable: %w", fault)
	}
	return nil
}
