package test_test

import (
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/postgres"
)

// mostRepeats is what one crash may repeat: what one replica has under way at once (its fast
// slots) and one flush of outcomes that were not durable yet.
const mostRepeats = 64 + 500

// Replicas die at any moment, and so does the database server: everything committed is delivered, and counted once.
func TestReplicasDie(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 3, 12)
	f.buy(12)
	crashes := 0
	for round := range 20 {
		<-time.After(time.Duration(200+rand.IntN(800)) * time.Millisecond) // the moment of the power cut
		if round%7 == 6 {
			cluster := f.replicas[0].cluster
			if err := cluster.Crash(); err != nil {
				t.Fatal(err)
			}
			if err := cluster.Launch(t.Context()); err != nil {
				t.Fatal(err)
			}
			crashes += len(f.replicas)
			continue
		}
		victim := f.replicas[rand.IntN(len(f.replicas))]
		victim.kill()
		victim.start()
		crashes++
	}
	f.halt()
	events, repeats := f.verify()
	f.settled()
	for _, c := range f.merchants {
		wantRecount(t, c.at(f.replicas[0]))
	}
	if repeats > crashes*mostRepeats {
		t.Errorf("%d repeats after %d crashes", repeats, crashes)
	}
	t.Logf("%d events, %d crashes, %d repeats", events, crashes, repeats)
}

// Replicas are stopped in order, one after the other, under load: nothing is lost, nothing is repeated.
func TestRollingRestartRepeatsNothing(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 3, 6)
	f.buy(4)
	for range 2 {
		for _, p := range f.replicas {
			<-time.After(time.Second)
			p.stop()
			p.start()
		}
	}
	f.halt()
	events, repeats := f.verify()
	f.settled()
	if repeats != 0 {
		t.Errorf("%d of %d events were repeated", repeats, events)
	}
}

// A replica that is stopped past its lease and goes on changes nothing of what others have done since.
func TestZombieReplica(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, 12)
	zombie := f.replicas[1]
	f.buy(4)
	<-time.After(2 * time.Second)
	f.halt()
	f.replicas = f.replicas[:1]
	zombie.freeze()
	f.buy(4)
	<-time.After(10 * time.Second) // its leases have ended meanwhile
	f.halt()
	f.verify() // without it
	zombie.thaw()
	f.buy(4)
	<-time.After(3 * time.Second)
	f.halt()
	events, repeats := f.verify()
	f.settled()
	if repeats > mostRepeats {
		t.Errorf("%d of %d events were repeated", repeats, events)
	}
	t.Logf("%d events, %d repeats", events, repeats)
}

// A transaction that is held open for long has older rows than what was read past meanwhile.
func TestHeldTransactionIsDelivered(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, 2)
	release := make(chan struct{})
	held, err := postgres.Open(t.Context(), postgres.Config{
		URL: f.replicas[0].cluster.URL("paymux"), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		CommitDelay: func() error { <-release; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	c := f.merchants[0]
	e, tasks := eventFor(t, c)
	committed := make(chan error, 1)
	go func() { committed <- held.Emit(t.Context(), e, tasks) }()
	f.buy(4)
	<-time.After(6 * time.Second)
	reader := c.at(f.replicas[0])
	before := pulled(t, reader, "")
	close(release)
	if err := <-committed; err != nil {
		t.Fatal(err)
	}
	if !within(10*time.Second, func() bool { return c.receiver.hasAll(map[string]bool{string(e.ID): true}) }) {
		t.Error("the event was not delivered")
	}
	f.halt()
	f.verify()
	from := ""
	if len(before) > 0 {
		from = before[len(before)-1]
	}
	after := pulled(t, reader, from)
	if !slices.Contains(slices.Concat(before, after), string(e.ID)) {
		t.Errorf("who pulled meanwhile does not hear of the event: %d before, %d after", len(before), len(after))
	}
}

// eventFor is an event of a merchant, as a process of the fleet would make it.
func eventFor(t *testing.T, c *customer) (paymux.Event, []queue.Task) {
	t.Helper()
	ids := paymux.NewIDs([]byte(idsKey), 1, time.Now)
	now := time.Now().UTC().Truncate(time.Microsecond)
	e := paymux.Event{
		ID: paymux.EventID(ids.New(paymux.PrefixEvent)), Type: paymux.EndpointTest, Timestamp: now, APIVersion: paymux.APIVersion,
		Merchant: c.id, ObjectID: string(c.endpoint), Data: paymux.EventData{Object: json.RawMessage(`{"id":"held"}`), Sequence: 1},
	}
	e.Body = e.AppendJSON(nil)
	return e, []queue.Task{{
		ID: paymux.TaskID(ids.New(paymux.PrefixTask)), Kind: "notify", Lane: string(c.endpoint), Ref: string(e.ID), Due: now, CreatedAt: now,
	}}
}

// pulled is everything a merchant can pull after a cursor, oldest first.
func pulled(t *testing.T, api *client.Client, cursor string) (ids []string) {
	t.Helper()
	puller := api.Pull(paymux.EventID(cursor))
	for {
		events, _, err := puller.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			return ids
		}
		for _, e := range events {
			ids = append(ids, string(e.ID))
		}
	}
}
