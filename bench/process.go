package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a process under measurement. Its figures come from the kernel.
type server struct {
	cmd    *exec.Cmd
	url    string
	out    *bytes.Buffer
	exited chan struct{}
}

// launch starts a program and waits until it answers 200 at path.
func launch(ctx context.Context, url, path string, env []string, program string, args ...string) (*server, error) {
	s, err := begin(ctx, url, env, program, args...)
	if err != nil {
		return nil, err
	}
	return s, s.ready(ctx, path)
}

// begin starts a program.
func begin(ctx context.Context, url string, env []string, program string, args ...string) (*server, error) {
	s := &server{cmd: exec.CommandContext(ctx, program, args...), url: url, out: &bytes.Buffer{}, exited: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	// Never written to: it ends with this process, however that ends, and tells a child so.
	if _, err := s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait() // how it ended shows in its output
		close(s.exited)
	}()
	return s, nil
}

// ready returns when the server answers 200 at path.
func (s *server) ready(ctx context.Context, path string) error {
	return s.await(ctx, func() bool {
		resp, err := http.Get(s.url + path)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// await returns when something is so, and stops the server when it does not become so.
func (s *server) await(ctx context.Context, so func() bool) error {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended: %s", s.cmd.Path, s.out)
		default:
		}
		if so() {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.stop()
	return fmt.Errorf("%s did not get ready: %s", s.cmd.Path, s.out)
}

// alive reports an error when the process has ended: whatever answers then is another one.
func (s *server) alive() error {
	select {
	case <-s.exited:
		return fmt.Errorf("%s ended while it was measured: %s", s.cmd.Path, s.out)
	default:
		return nil
	}
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(15 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
}

// cpu is the processor time the process has used, in the kernel's ticks of 10 ms.
func (s *server) cpu() time.Duration { return ticks(readStat(s.cmd.Process.Pid), 11, 12) }

// readStat returns a process's fields in /proc from its state on; nil when it has ended.
func readStat(pid int) []string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
}

// ticks adds up fields that count processor time.
func ticks(stat []string, fields ...int) time.Duration {
	var sum int
	for _, f := range fields {
		if f < len(stat) {
			n, _ := strconv.Atoi(stat[f])
			sum += n
		}
	}
	return time.Duration(sum) * 10 * time.Millisecond
}

// peak is the most memory the process has held, in bytes.
func (s *server) peak() int64 { return s.memory("VmHWM:") }

// memory is what /proc says under a name, in bytes.
func (s *server) memory(field string) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(l, field); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kib), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}

// mallocs is how many objects the process at a debug address has allocated so far.
func mallocs(ctx context.Context, url string) (float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/debug/vars", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var vars struct {
		MemStats struct{ Mallocs float64 } `json:"memstats"`
	}
	err = json.NewDecoder(answer.Body).Decode(&vars)
	return vars.MemStats.Mallocs, err
}

// freeAddress is a loopback address nobody listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
