package test_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stage is a stretch of a trade in which something is the matter with one region, to be held against how things were before.
type stage struct {
	*world
	*trade
	calm time.Time // when nothing was the matter yet
	hurt time.Time // when it began to be
}

// evenList sends what no move concerns to both regions alike.
const evenList = `
regions: [{name: east, number: 1}, {name: west, number: 2}]
rules: [{name: all, to: [{region: east, weight: 1}, {region: west, weight: 1}]}]
`

// newStage opens two merchants, one at home in each region, whose clients know the frontends of both, their own region's first.
func newStage(t *testing.T, c worldConfig) *stage {
	t.Helper()
	c.nodes, c.frontends = 2, 2
	w := newWorld(t, c)
	w.assign(evenList)
	eastern, western := w.trader(w.east, w.east, w.west), w.trader(w.west, w.west, w.east)
	w.operate(w.east, "regions", "move", string(eastern.id), "--to", "east", "--by", "test", "--reason", "its own")
	w.operate(w.east, "regions", "move", string(western.id), "--to", "west", "--by", "test", "--reason", "its own")
	var stalls []*stall
	for name, m := range map[string]*trader{"eastern": eastern, "western": western} {
		s := m.stall(name, time.Second/15)
		s.waits = 10 * time.Second // as real clients do, so that they find the next frontend
		stalls = append(stalls, s)
	}
	s := &stage{world: w, trade: newTrade(t, stalls...), calm: time.Now()}
	s.both("in calm", 30)
	return s
}

// both waits until each merchant was paid so often.
func (s *stage) both(what string, n int) {
	s.trade.t.Helper()
	for _, name := range []string{"eastern", "western"} {
		s.paid(what, name, n)
	}
}

func (s *stage) paid(what, name string, n int) {
	s.trade.t.Helper()
	s.answered(what+", "+name, n, func(d *deal) bool { return d.stall.name == name && d.succeeded() })
}

// hurts does something to the east, waits until the west was paid as often as in the calm and the east's merchant goes on, mends it, and
// tells how each fared. The west has to have every payment, no later than in the calm, in order of magnitude; the east's merchant too, however late.
func (s *stage) hurts(what string, hurt, mend func()) {
	t := s.trade.t
	t.Helper()
	s.settled()
	calm := s.trade.of(s.calm, time.Now(), named("western"))
	s.hurt = time.Now()
	hurt()
	s.both(what, 15)
	s.paid(what, "western", 15)
	mended := time.Now()
	mend()
	s.both(what+", mended", 15)
	s.report(s.trade, what, s.hurt, mended)
	during := s.trade.of(s.hurt, time.Now(), named("western"))
	s.flawless(what+", the west", answeredOf(during))
	s.unhurt(calm, answeredOf(during))
}

// settled waits until what is looked for is the next fault alone. Who was promised that keys stay at home, and is cut off before it can say that this is
// over, is waited for for a minute; and a merchant pays elsewhere for the first time once all is there that was told of it at home just after it was made.
func (w *world) settled() {
	w.t.Helper()
	for _, r := range w.regions {
		for _, front := range r.fronts {
			w.shows(front, "the journal to be whole", func(m string) bool { return strings.Contains(m, "\npaymux_relay_journal_settled 1\n") })
		}
		for _, node := range r.nodes {
			w.shows(node, "the merchants of the other region", func(m string) bool {
				found := copiesAge.FindStringSubmatch(m)
				if found == nil {
					return false
				}
				age, err := strconv.ParseFloat(found[1], 64)
				return err == nil && age < 3
			})
		}
	}
}

// shows waits until a part that runs shows something among its metrics.
func (w *world) shows(p *part, what string, is func(metrics string) bool) {
	w.t.Helper()
	if !within(90*time.Second, func() bool { return is(p.metrics(w.places["outside"])) }) {
		w.t.Fatalf("%s does not know %s:\n%s", p.name, what, p.tail())
	}
}

var copiesAge = regexp.MustCompile(`\npaymux_copies_age_seconds\{region="[a-z]+"\} (\S+)`)

var monitored = regexp.MustCompile(`"monitor":"([^"]+)"`)

// metrics are what a part that runs shows to who asks from a place; empty: nothing.
func (p *part) metrics(from *place) string {
	said := monitored.FindAllStringSubmatch(p.logged(), -1)
	if said == nil {
		return ""
	}
	answer, err := from.http().Get("http://" + said[len(said)-1][1] + "/metrics")
	if err != nil {
		return ""
	}
	return readAll(answer)
}

// answeredOf are the deals that are over.
func answeredOf(deals []deal) (list []deal) {
	for _, d := range deals {
		if d.took > 0 {
			list = append(list, d)
		}
	}
	return list
}

// Everything of the east dies in turn, by kill -9 and under load, and is started again: a replica, the database, NATS, the whole region. The west
// notices nothing, and every payment the east's merchant asks for is made once, at home or elsewhere (A14, A26, X1).
func TestARegionFailsAlone(t *testing.T) {
	t.Parallel()
	// As below: the east's frontends, back before the journal is, ask the west's to wait, which with a young list all keys would.
	s := newStage(t, worldConfig{frontLines: []string{"relay: {horizon: 2s}"}})
	east := s.east
	s.hurts("a replica is killed", east.nodes[0].kill, east.nodes[0].start)
	s.hurts("the database is killed", func() { s.must(east.cluster.Crash()) }, func() { s.must(east.cluster.Launch(t.Context())) })
	s.hurts("NATS is killed", east.nats.kill, east.nats.start)
	s.hurts("a frontend is killed", east.fronts[0].kill, east.fronts[0].start)
	s.hurts("the region is killed", east.kill, east.start)
	counts := s.balance(s.trade)
	t.Logf("payments by region: %v", counts)
	if counts["west"] <= counts["east"]/2 {
		t.Errorf("nothing went elsewhere while the east was dead: %v", counts)
	}
}

func (s *stage) must(err error) {
	s.trade.t.Helper()
	if err != nil {
		s.trade.t.Fatal(err)
	}
}

// The regions are parted, and the east is parted from everything: no repeat of a key makes a second payment, whichever frontend it comes to.
func TestPartitionsMakeNothingTwice(t *testing.T) {
	t.Parallel()
	// Below a list that is younger than the horizon, keys of all homes wait while a frontend that was cut off tells the journal what it knows.
	s := newStage(t, worldConfig{apart: true, frontLines: []string{"relay: {horizon: 2s}"}})
	s.hurts("the regions do not hear each other", func() { s.net.partition("east", "west") }, func() { s.net.heal("east", "west") })
	s.hurts("the east hears the outside alone", func() {
		s.net.partition("east", "west")
		s.net.partition("east", "witness")
	}, func() {
		s.net.heal("east", "west")
		s.net.heal("east", "witness")
	})
	s.hurts("nobody hears the east", func() { s.net.isolate("east") }, func() { s.net.rejoin("east") })
	t.Logf("payments by region: %v", s.balance(s.trade))
}

// Without the third place there is no registry and no journal. All frontends agree on that, and go on (C9).
func TestTheThirdPlaceDies(t *testing.T) {
	t.Parallel()
	s := newStage(t, worldConfig{frontLines: []string{"relay: {horizon: 2s}"}}) // the list is older, so where keys go is certain without the journal
	s.hurts("the registry and the journal are killed", s.witness.kill, s.witness.start)
	t.Logf("payments by region: %v", s.balance(s.trade))
}
