package main

import (
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run this test binary as paymux: the real entry, in a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"paymux": main})
}

// patience is how long a script waits for something to become true.
const patience = 30 * time.Second

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PAYMUX_CONFIG_DIR", e.WorkDir+"/profile")
			e.Setenv("PAYMUX_LISTEN", "127.0.0.1:0")
			e.Setenv("LANG", "C")
			e.Values[receiverKey{}] = new(*shopServer)
			return nil
		},
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"until": until, "taken": taken, "free": free, "receive": receive, "received": received, "payment": paymentOf},
		RequireExplicitExec: true,
	})
}

// until repeats a command until it succeeds: "until exec paymux healthcheck". With a
// pattern first, until its standard output matches it: "until 'enabled' exec paymux webhooks list".
func until(ts *testscript.TestScript, neg bool, args []string) {
	want := ""
	if len(args) > 0 && args[0] != "exec" {
		want, args = args[0], args[1:]
	}
	if neg || len(args) < 2 || args[0] != "exec" {
		ts.Fatalf("usage: until ['pattern'] exec command...")
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	pattern := regexp.MustCompile(want)
	for deadline := time.Now().Add(patience); ; <-tick.C {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v did not come true within %s", args, patience)
		}
	}
}

// free sets a variable to an address on which nothing listens: "free BANK".
func free(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: free NAME")
	}
	ts.Setenv(args[0], freeNeighbour("127.0.0.1:0"))
}

// taken occupies a port until the script ends and sets TAKEN to its address.
func taken(ts *testscript.TestScript, _ bool, _ []string) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { socket.Close() })
	ts.Setenv("TAKEN", socket.Addr().String())
}

// paymentOf sets PAYMENT to the ID of the payment in a file: "payment FILE".
func paymentOf(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: payment FILE")
	}
	id := regexp.MustCompile(`pay_[0-9A-Z]{26}`).FindString(ts.ReadFile(args[0]))
	if id == "" {
		ts.Fatalf("%s has no payment", args[0])
	}
	ts.Setenv("PAYMENT", id)
}
