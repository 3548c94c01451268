package test_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// part is one process of a system whose roles are spread.
type part struct {
	t    *testing.T
	name string
	args []string // of the program
	env  []string
	bin  string     // empty: paymux
	in   *namespace // of the network; nil: this machine's

	cmd    *exec.Cmd
	exited chan struct{}
	mu     sync.Mutex
	log    bytes.Buffer
}

// Write gathers the part's log.
func (p *part) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *part) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// start starts the part and waits until it says that it is ready.
func (p *part) start() {
	p.t.Helper()
	p.begin()
	p.await(`"msg":"ready"`)
}

func (p *part) begin() {
	p.t.Helper()
	program := p.bin
	if program == "" {
		program = binary
	}
	p.mu.Lock()
	p.log.Reset()
	p.mu.Unlock()
	p.cmd = exec.Command(program, p.args...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env = p, p, append(os.Environ(), p.env...)
	p.exited = make(chan struct{})
	if err := p.in.do(p.cmd.Start); err != nil {
		p.t.Fatal(err)
	}
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait() // being killed is how it is meant to end
		close(exited)
	}(p.cmd, p.exited)
}

// await waits until the log has a text.
func (p *part) await(text string) {
	p.t.Helper()
	if !within(30*time.Second, func() bool {
		select {
		case <-p.exited:
			p.t.Fatalf("%s ended: %s", p.name, p.logged())
		default:
		}
		return strings.Contains(p.logged(), text)
	}) {
		p.t.Fatalf("%s never said %s; it said:\n%s", p.name, text, p.logged())
	}
}

// kill ends the part as a power cut would; stop ends it in order. Both wait until it is gone.
func (p *part) kill() { p.signal(syscall.SIGKILL) }
func (p *part) stop() { p.signal(syscall.SIGTERM) }

// freeze stops the part where it is; thaw lets it go on.
func (p *part) freeze() { p.nudge(syscall.SIGSTOP) }
func (p *part) thaw()   { p.nudge(syscall.SIGCONT) }

func (p *part) nudge(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *part) signal(s syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(s) // it may have ended already
	<-p.exited
	p.cmd = nil
}

// sound reports what no process may ever log.
func (p *part) sound() {
	for _, mark := range []string{"WARNING: DATA RACE", "panic:", "panicked", "goroutine "} {
		if at := strings.Index(p.logged(), mark); at >= 0 {
			log := p.logged()
			p.t.Errorf("%s logged %q: %s", p.name, mark, log[at:min(len(log), at+3000)])
		}
	}
}

// write makes a file of the test's.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
