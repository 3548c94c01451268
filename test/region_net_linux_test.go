package test_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// namespace is a network of its own: processes started in it, and sockets opened in it, see nothing but it. It has no name
// anywhere: it goes with the test's process and those in it.
type namespace struct{ file *os.File }

func newNamespace() (*namespace, error) {
	var n namespace
	err := (*namespace)(nil).away(func() (err error) {
		if err = syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare the network: %w", err)
		}
		n.file, err = os.Open(fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid()))
		return err
	})
	return &n, err
}

// do does something within the namespace; within none, where the test is.
func (n *namespace) do(act func() error) error {
	if n == nil {
		return act()
	}
	return n.away(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return act()
	})
}

// away does something on a thread that does nothing afterwards.
func (n *namespace) away(act func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this function
		done <- act()
	}()
	return <-done
}

// run runs a command within the namespace.
func (n *namespace) run(line string) error {
	return n.do(func() error {
		words := strings.Fields(line)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", line, err, out)
		}
		return nil
	})
}

// internet joins places. Each is a network of its own, and a router in the middle takes packets from one to
// the other, or silently drops them.
type internet struct {
	t      *testing.T
	router *namespace
	places map[string]int // the third number of their addresses

	mu  sync.Mutex // guards what follows
	cut map[[2]int]bool
}

// newInternet makes the places.
func newInternet(t *testing.T, names ...string) (*internet, map[string]*place) {
	t.Helper()
	needNamespaces(t)
	i := &internet{t: t, places: map[string]int{}, cut: map[[2]int]bool{}}
	i.router = i.namespace("echo 1 > /proc/sys/net/ipv4/ip_forward")
	places := map[string]*place{}
	for n, name := range names {
		i.places[name] = n + 1
		places[name] = &place{name: name, host: fmt.Sprintf("10.77.%d.2", n+1), net: i.attach(n + 1)}
	}
	return i, places
}

func (i *internet) namespace(script string) *namespace {
	i.t.Helper()
	n, err := newNamespace()
	if err == nil {
		i.t.Cleanup(func() { n.file.Close() })
		err = n.do(func() error {
			out, err := exec.Command("sh", "-ec", "ip link set lo up; "+script).CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
	}
	if err != nil {
		i.t.Fatalf("make a network namespace: %v", err)
	}
	return n
}

// attach makes a place and the wire to it.
func (i *internet) attach(number int) *namespace {
	i.t.Helper()
	n := i.namespace("true")
	for _, step := range []struct {
		in   *namespace
		line string
	}{
		{i.router, fmt.Sprintf("ip link add wire%d type veth peer name wire netns /proc/%d/fd/%d", number, os.Getpid(), n.file.Fd())},
		{i.router, fmt.Sprintf("ip addr add 10.77.%d.1/24 dev wire%d", number, number)},
		{i.router, fmt.Sprintf("ip link set wire%d up", number)},
		{n, fmt.Sprintf("ip addr add 10.77.%d.2/24 dev wire", number)},
		{n, "ip link set wire up"},
		{n, fmt.Sprintf("ip route add default via 10.77.%d.1", number)},
	} {
		if err := step.in.run(step.line); err != nil {
			i.t.Fatal(err)
		}
	}
	return n
}

// partition drops every packet between two places, both ways, without a word to the senders.
func (i *internet) partition(a, b string) { i.t.Helper(); i.set(a, b, true) }

// heal ends it.
func (i *internet) heal(a, b string) { i.t.Helper(); i.set(a, b, false) }

// isolate parts a place from all others but some, and rejoin joins it with all again.
func (i *internet) isolate(a string, but ...string) {
	i.t.Helper()
	for b := range i.places {
		if b != a && !slices.Contains(but, b) {
			i.partition(a, b)
		}
	}
}

func (i *internet) rejoin(a string) {
	i.t.Helper()
	for b := range i.places {
		if b != a {
			i.heal(a, b)
		}
	}
}

func (i *internet) set(a, b string, cut bool) {
	i.t.Helper()
	x, y := i.places[a], i.places[b]
	if x == 0 || y == 0 || x == y {
		i.t.Fatalf("%s and %s are not two places", a, b)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	pair := [2]int{min(x, y), max(x, y)}
	if i.cut[pair] == cut {
		return
	}
	i.cut[pair] = cut
	verb := map[bool]string{true: "add", false: "del"}[cut]
	for _, way := range [][2]int{{x, y}, {y, x}} {
		if err := i.router.run(fmt.Sprintf("ip rule %s priority %d from 10.77.%d.0/24 to 10.77.%d.0/24 blackhole", verb, 1000+100*way[0]+way[1], way[0], way[1])); err != nil {
			i.t.Fatal(err)
		}
	}
}

// needNamespaces skips the test where networks of its own cannot be made; where everything has to be tested, it fails.
func needNamespaces(t *testing.T) {
	t.Helper()
	why := ""
	if _, err := exec.LookPath("ip"); err != nil {
		why = "ip is missing (on Debian: apt-get install iproute2)"
	} else if os.Geteuid() != 0 {
		why = "network namespaces are for root"
	}
	switch {
	case why == "":
	case os.Getenv("PAYMUX_CHECK") == "1":
		t.Fatal(why)
	default:
		t.Skip(why)
	}
}
