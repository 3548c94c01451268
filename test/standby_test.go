package test_test

import (
	"net/http"
	"testing"
	"time"
)

// takeover is how long a standby may take to be ready once its primary is dead.
const takeover = 3 * time.Second

// The primary frontend is killed under load, twice: the standby is ready within 3 s, and programs that know both
// frontends notice nothing.
func TestThePrimaryFrontendDies(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	began := time.Now()
	tr := p.trade()
	for range 2 {
		primary, standby := p.primary()
		p.showsPair()
		died := time.Now()
		primary.kill()
		if !within(20*time.Second, standby.ready) {
			t.Fatalf("the standby is not ready:\n%s", standby.logged())
		}
		took := time.Since(died)
		if t.Logf("the standby is ready %s after the primary was killed", took.Round(time.Millisecond)); took > takeover {
			t.Errorf("it took %s", took)
		}
		tr.answered("after the takeover", 20, (*deal).succeeded)
		primary.start()
		if now, _ := p.primary(); now != standby {
			t.Error("who comes back is primary again")
		}
	}
	p.exact(tr, began)
}

// A primary that is frozen is replaced, and stands by when it goes on.
func TestAFrozenPrimaryIsReplaced(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	began := time.Now()
	tr := p.trade()
	primary, standby := p.primary()
	froze := time.Now()
	primary.freeze()
	if !within(20*time.Second, standby.ready) {
		t.Fatalf("the standby is not ready:\n%s", standby.logged())
	}
	took := time.Since(froze)
	if t.Logf("the standby is ready %s after the primary was frozen", took.Round(time.Millisecond)); took > takeover {
		t.Errorf("it took %s", took)
	}
	<-time.After(5*time.Second - time.Since(froze))
	primary.thaw()
	if now, _ := p.primary(); now != standby {
		t.Error("who goes on is primary again")
	}
	tr.answered("afterwards", 20, (*deal).succeeded)
	p.exact(tr, began)
}

// A primary that is told to end says so at once, hands over, and still serves for a while.
func TestAPrimaryThatEndsHandsOver(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	primary, standby := p.primary()
	began := time.Now()
	ended := make(chan struct{})
	go func() { primary.stop(); close(ended) }()
	if !within(20*time.Second, func() bool { status, _ := primary.readyz(); return status != http.StatusOK }) {
		t.Error("it is still ready")
	}
	status, text := primary.readyz()
	if status != http.StatusServiceUnavailable || text != "not ready: about to end\n" {
		t.Errorf("while it drains: %d %q", status, text)
	}
	if !within(20*time.Second, standby.ready) {
		t.Error("the standby is not ready")
	}
	t.Logf("the standby is ready %s after the primary was told to end", time.Since(began).Round(time.Millisecond))
	<-ended
}
