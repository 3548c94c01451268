package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// spentNS is the processor time of a process's threads, in nanoseconds: an idle one uses less than the ticks of 10 ms
// that [server.cpu] counts in. Threads that have ended are not in it, and Go ends hardly any.
func (s *server) spentNS() (ns int64) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		n, _ := strconv.ParseInt(string(text[:max(0, bytes.IndexByte(text, ' '))]), 10, 64)
		ns += n
	}
	return ns
}

// own is the memory that is the process's alone, its program's pages aside, in bytes.
func (s *server) own() int64 { return s.memory("RssAnon:") }

// varz is what the NATS server counts.
type varz struct {
	In            float64 `json:"in_msgs"`
	Out           float64 `json:"out_msgs"`
	InBytes       float64 `json:"in_bytes"`
	OutBytes      float64 `json:"out_bytes"`
	Slow          float64 `json:"slow_consumers"`
	Connections   float64 `json:"connections"`
	Subscriptions float64 `json:"subscriptions"`
}

func readVarz(ctx context.Context, monitor string) (v varz, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, monitor+"/varz", nil)
	if err != nil {
		return v, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return v, err
	}
	defer answer.Body.Close()
	return v, json.NewDecoder(answer.Body).Decode(&v)
}

// since is what was counted after before, a second; what is not counted up stays as it is.
func (v varz) since(before varz, length time.Duration) varz {
	s := length.Seconds()
	v.In, v.Out, v.InBytes, v.OutBytes = (v.In-before.In)/s, (v.Out-before.Out)/s, (v.InBytes-before.InBytes)/s, (v.OutBytes-before.OutBytes)/s
	v.Slow -= before.Slow
	return v
}

// wait lets time pass, unless ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
