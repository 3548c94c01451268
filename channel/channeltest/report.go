package channeltest

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// Report is the outcome of a run from outside: a part of the suite, with its parts.
type Report struct {
	Name   string    `json:"name"`
	Failed bool      `json:"failed"` // itself or a part
	Faults []string  `json:"faults,omitempty"`
	Notes  []string  `json:"notes,omitempty"` // among them what was not checked
	Parts  []*Report `json:"parts,omitempty"`
}

// CheckAll runs the suite and returns what came of it. It returns when all is checked, or ctx ends.
func CheckAll(ctx context.Context, s Subject) *Report {
	r := &Report{Name: s.Driver.Name}
	run(ctx, r, func(t T) { Check(t, s) })
	return r
}

// Count is how many parts without parts of their own there are, and how many of them failed.
func (r *Report) Count() (parts, failed int) {
	if len(r.Parts) == 0 {
		if r.Failed {
			return 1, 1
		}
		return 1, 0
	}
	for _, p := range r.Parts {
		n, f := p.Count()
		parts, failed = parts+n, failed+f
	}
	return parts, failed
}

// reporter reports to a Report.
type reporter struct {
	ctx context.Context

	mu       sync.Mutex // guards what follows
	report   *Report
	cleanups []func()
}

// run runs a part in a goroutine of its own, which Fatal can end.
func run(ctx context.Context, report *Report, part func(T)) {
	ctx, cancel := context.WithCancel(ctx)
	r := &reporter{ctx: ctx, report: report}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		part(r)
	}()
	<-done
	cancel()
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
}

func (r *reporter) note(list *[]string, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*list = append(*list, strings.TrimSuffix(text, "\n"))
}

func (r *reporter) fault(text string) {
	r.note(&r.report.Faults, text)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Failed = true
}

func (r *reporter) Helper()         {}
func (r *reporter) Log(args ...any) { r.note(&r.report.Notes, fmt.Sprintln(args...)) }
func (r *reporter) Logf(format string, args ...any) {
	r.note(&r.report.Notes, fmt.Sprintf(format, args...))
}
func (r *reporter) Error(args ...any)                 { r.fault(fmt.Sprintln(args...)) }
func (r *reporter) Errorf(format string, args ...any) { r.fault(fmt.Sprintf(format, args...)) }
func (r *reporter) Fatal(args ...any)                 { r.fault(fmt.Sprintln(args...)); runtime.Goexit() }
func (r *reporter) Fatalf(format string, args ...any) {
	r.fault(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
func (r *reporter) Context() context.Context { return r.ctx }
func (r *reporter) Output() io.Writer        { return io.Discard }

func (r *reporter) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

func (r *reporter) Run(name string, part func(T)) bool {
	report := &Report{Name: name}
	r.mu.Lock()
	r.report.Parts = append(r.report.Parts, report)
	r.mu.Unlock()
	run(r.ctx, report, part)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Failed = r.report.Failed || report.Failed
	return !report.Failed
}
