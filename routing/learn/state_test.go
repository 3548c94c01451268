package learn_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// share gives each node what the other has to tell.
func share(one, other *lab) {
	for _, s := range one.States("a") {
		other.Adopt(s)
	}
	for _, s := range other.States("a") {
		one.Adopt(s)
	}
}

func TestAnAdoptedStateIsAsOnesOwn(t *testing.T) {
	t.Parallel()
	one, other := newLab("n1"), newLab("n2")
	one.fail("a", 30)
	select {
	case <-one.Changed():
	default:
		t.Fatal("a change that nobody is told of")
	}
	for range 30 { // what it saw by itself counts no more
		other.see("mer_0", "a", learn.Succeeded)
	}
	share(one, other)
	other.want(t, "mer_0", "a", routing.Abnormal)
	select {
	case <-other.Changed():
		t.Fatal("what was adopted is told back")
	default:
	}
	other.see("mer_0", "a", learn.Succeeded)
	other.want(t, "mer_0", "a", routing.Abnormal)
	other.pass(time.Minute)
	for range 3 {
		other.see("mer_0", "a", learn.Succeeded)
	}
	other.want(t, "mer_0", "a", routing.Normal)
	one.pass(90 * time.Second)
	one.want(t, "mer_0", "a", routing.Probing)
	share(one, other)
	one.want(t, "mer_0", "a", routing.Normal)
}

// Two nodes of which one cannot reach the institution: what one says, the other unsays, and both believe the last word.
// Pauses grow, so that it settles.
func TestNodesThatDisagreeDoNotFlap(t *testing.T) {
	t.Parallel()
	cut, fine := newLab("n1"), newLab("n2")
	turns, was := 0, routing.Normal
	const hours = 6 * 60 * 60
	draw := rand.New(rand.NewPCG(1, 1))
	for i := range hours {
		for n := range 8 {
			l, result := fine, learn.Succeeded
			if draw.IntN(4) == 0 {
				l, result = cut, learn.NotSent
			}
			l.now = start.Add(time.Duration(i)*time.Second + time.Duration(n)*100*time.Millisecond)
			l.Observe(learn.Outcome{Merchant: merchant(draw.IntN(7)), Account: "a", Kind: cards, Result: result, At: l.now})
		}
		share(cut, fine)
		if h := fine.Health("", "a"); (h == routing.Normal) != (was == routing.Normal) {
			turns, was = turns+1, h
		}
	}
	if turns < 8 || turns > 2*40 { // half a minute more each time: 38 pauses
		t.Errorf("%d turns in six hours", turns)
	}
}

func TestAWrongClockDoesNotSilenceOthers(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	if l.Adopt(learn.State{Account: "a", Abnormal: true, Since: start.Add(time.Hour), Node: "n2"}) {
		t.Fatal("a state of an hour from now is believed")
	}
	ahead := learn.State{Account: "a", Abnormal: true, Since: start.Add(5 * time.Minute), Probe: start.Add(24 * time.Hour), Node: "n2", Strikes: 1}
	if !l.Adopt(ahead) {
		t.Fatal("a state of a clock that is a little ahead is not believed")
	}
	l.pass(rules.ProbeAfter)
	for range 3 {
		l.see("mer_0", "a", learn.Succeeded)
	}
	l.want(t, "mer_0", "a", routing.Normal)
	if s := l.States("a")[0]; !s.After(&ahead) {
		t.Errorf("%+v is not after what it follows", s)
	}
}

func TestStatesOnTheWire(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	l.fail("a", 30)
	states := l.States("a")
	text, err := json.Marshal(states)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"account":"a","abnormal":true,"why":"100 % of recent calls failed or were slow","since":"2026-11-20T09:00:12Z","node":"n1",` +
		`"broke":"2026-11-20T09:00:12Z","probe":"2026-11-20T09:00:42Z","strikes":1}]`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	var read []learn.State
	if err := json.Unmarshal(text, &read); err != nil || !cmp.Equal(read, states) {
		t.Errorf("read %+v, %v", read, err)
	}
}

func TestWhatIsOverIsNotTold(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	l.fail("a", 30)
	l.pass(time.Minute)
	for range 3 {
		l.see("mer_0", "a", learn.Succeeded)
	}
	if all := l.States("a"); len(all) != 1 || all[0].Abnormal {
		t.Fatalf("told %+v, want that it is normal again", all)
	}
	l.pass(time.Hour)
	if all := l.States("a"); len(all) != 0 {
		t.Errorf("told %+v after an hour", all)
	}
}
