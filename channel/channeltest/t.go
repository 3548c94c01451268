package channeltest

import (
	"context"
	"io"
	"testing"
)

// Reporter is what a check is told with. Fatal and Fatalf end the calling goroutine.
type Reporter interface {
	Helper()
	Log(args ...any)
	Logf(format string, args ...any)
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Cleanup(f func())
	Context() context.Context
	Output() io.Writer
}

// T is what the suite reports to: a Go test, or the report of a run from outside.
type T interface {
	Reporter
	// Run runs a part under a name of its own and reports whether it passed.
	Run(name string, part func(T)) bool
}

// goTest is a Go test.
type goTest struct{ *testing.T }

func (g goTest) Run(name string, part func(T)) bool {
	return g.T.Run(name, func(t *testing.T) { part(goTest{t}) })
}

// Run checks, as part of a Go test, everything the subject gives it the means to check.
func Run(t *testing.T, s Subject) {
	t.Helper()
	Check(goTest{t}, s)
}
