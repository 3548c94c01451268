package pgcluster

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// server is a running postgres process.
type server struct {
	process *os.Process
	ended   chan struct{} // closed when the process is gone
}

// startServer runs postgres as a child. Where the system allows, it is ended
// with this process, so that a killed test leaves no server behind.
func startServer(program string, args []string, dir, logFile string) (*server, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of PostgreSQL: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, log, log, boundAttributes()

	s := &server{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The system watches the thread that started the child, not the process:
		// this one must live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		s.process = cmd.Process
		started <- err
		if err == nil {
			_ = cmd.Wait() // an immediate stop is no clean exit, and need not be
			close(s.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return s, nil
}

// end signals the server and waits until it is gone.
func (s *server) end(how syscall.Signal, limit time.Duration) error {
	if err := s.process.Signal(how); err != nil {
		select {
		case <-s.ended:
			return nil
		default:
			return fmt.Errorf("signal PostgreSQL: %w", err)
		}
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-s.ended:
		return nil
	case <-timer.C:
		return fmt.Errorf("PostgreSQL did not end within %s of %s", limit, how)
	}
}
