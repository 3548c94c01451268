package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// target is a started system and what to do to it.
type target struct {
	processes []process // in the order in which they were started
	fire      shot
	// channel tells the institution's share of a request's time, in milliseconds; nil where there is none.
	channel func(context.Context) (float64, error)
}

// process is one program of a system.
type process struct {
	*server
	name  string
	debug string // where it tells of its allocations and gives profiles; empty: it does neither
}

// alone is a system of one process.
func alone(s *server, name, debug string, fire shot) *target {
	return &target{processes: []process{{server: s, name: name, debug: debug}}, fire: fire}
}

// stop ends the processes, newest first.
func (t *target) stop() {
	for i := len(t.processes) - 1; i >= 0; i-- {
		t.processes[i].stop()
	}
}

// alive reports an error when one of them has ended.
func (t *target) alive() error {
	var err error
	for _, p := range t.processes {
		err = errors.Join(err, p.alive())
	}
	return err
}

// cpu is the processor time they have used, by name.
func (t *target) cpu() map[string]time.Duration {
	all := map[string]time.Duration{}
	for _, p := range t.processes {
		all[p.name] = p.server.cpu()
	}
	return all
}

// peak is the most memory that each has held, added up, in bytes.
func (t *target) peak() (bytes int64) {
	for _, p := range t.processes {
		bytes += p.server.peak()
	}
	return bytes
}

// mallocs is how many objects they have allocated so far, those aside that do not tell.
func (t *target) mallocs(ctx context.Context) (float64, error) {
	all := 0.0
	for _, p := range t.processes {
		if p.debug == "" {
			continue
		}
		n, err := mallocs(ctx, p.debug)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", p.name, err)
		}
		all += n
	}
	return all, nil
}

// measure warms the target up, loads it, and reads its figures.
func (t *target) measure(ctx context.Context, p plan, last bool) (round, error) {
	warm := p
	warm.length = p.length / 5
	load(ctx, warm, t.fire)
	cpu := t.cpu()
	before, err := t.mallocs(ctx)
	if err != nil {
		return round{}, err
	}
	profiled := make(chan error, 1)
	if p.profile != "" && last {
		go func() { profiled <- t.profile(ctx, p) }()
	} else {
		profiled <- nil
	}
	own := ownCPU()
	r := round{result: load(ctx, p, t.fire), cpu: map[string]time.Duration{}}
	r.client = ownCPU() - own
	after, err := t.mallocs(ctx)
	if err != nil {
		return r, err
	}
	for name, used := range t.cpu() {
		r.cpu[name] = used - cpu[name]
	}
	r.peak = t.peak()
	if r.Done > 0 {
		r.allocs = (after - before) / float64(r.Done)
	}
	if err := <-profiled; err != nil {
		return r, err
	}
	if t.channel != nil {
		if r.channel, err = t.channel(ctx); err != nil {
			return r, err
		}
	}
	return r, t.alive()
}

// profile fetches a CPU profile of each process while it is loaded.
func (t *target) profile(ctx context.Context, p plan) error {
	failed := make(chan error, len(t.processes))
	for _, of := range t.processes {
		go func() { failed <- of.profile(ctx, p, len(t.processes) > 1) }()
	}
	var err error
	for range t.processes {
		err = errors.Join(err, <-failed)
	}
	return err
}

// profile writes the process's profile, with its name in the file's where there are several.
func (of *process) profile(ctx context.Context, p plan, several bool) error {
	if of.debug == "" {
		return nil
	}
	file := p.profile
	if several {
		end := filepath.Ext(file)
		file = strings.TrimSuffix(file, end) + "." + of.name + end
	}
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", of.debug, max(1, int(p.length.Seconds())-1))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return writeProfile(file, answer.Body)
}

func writeProfile(file string, from io.Reader) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, from)
	return err
}
