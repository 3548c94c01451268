package nocore_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/paymux/paymux/internal/nocore"
)

// role says what this program is when a test has started it: "" is the tests themselves.
const role = "NOCORE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "forbids":
		if err := nocore.Forbid(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	die()
}

// die tells what the system says of this process and dies of what leaves a core.
func die() {
	const getDumpable = 3
	dumpable, _, fault := syscall.RawSyscall(syscall.SYS_PRCTL, getDumpable, 0, 0)
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit)
	fmt.Println("dumpable", dumpable, fault == 0, "limit", limit.Cur, limit.Max, err)
	panic("the end") // with GOTRACEBACK=crash, by SIGABRT
}

// run runs this program as role, with core files allowed as far as possible, and tells how it ended.
func run(t *testing.T, as string) (said string, core bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `ulimit -c "$(ulimit -H -c)"; exec "$0"`, os.Args[0])
	cmd.Dir = t.TempDir() // where a core would be
	cmd.Env = append(os.Environ(), role+"="+as, "GOTRACEBACK=crash")
	out, err := cmd.Output()
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		t.Fatalf("it did not die: %v, %s", err, out)
	}
	status := ended.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGABRT {
		t.Fatalf("it ended by %v, %s", status, out)
	}
	return string(out), status.CoreDump()
}

func TestNoCore(t *testing.T) {
	t.Parallel()
	said, core := run(t, "forbids")
	if core || !strings.HasPrefix(said, "dumpable 0 true limit 0 0 ") {
		t.Errorf("a core was left: %t; the process: %s", core, said)
	}
	said, core = run(t, "allows")
	if !strings.HasPrefix(said, "dumpable 1 true") {
		t.Errorf("without: %s", said)
	}
	if !core {
		t.Logf("this machine leaves no cores anyway: %s", said)
	}
}
