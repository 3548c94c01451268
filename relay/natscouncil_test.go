package relay_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// Frontends hear each other, and know whom they did not hear.
func TestFrontendsMeetOverNATS(t *testing.T) {
	t.Parallel()
	messaging := wiretest.Serve(t)
	var seats []*relay.NATSCouncil
	for n := range 3 {
		conn := messaging.Dial()
		r := registry.New(registry.Config{Conn: conn, Creates: true})
		t.Cleanup(func() { _ = r.Stop(context.Background()) })
		id := fmt.Sprint("front-", n)
		i := registry.Instance{ID: id, Role: registry.RoleFrontend, Name: "a", State: registry.Ready}
		if n == 2 { // which is a node, too
			i.Role, i.Detail = registry.RoleNode, []byte(`{"number":1,"frontend":true}`)
		}
		if _, err := r.Register(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Register(t.Context(), registry.Instance{ID: "node-" + id, Role: registry.RoleNode, Name: "a", State: registry.Ready, Detail: []byte(`{"number":1}`)}); err != nil {
			t.Fatal(err)
		}
		seats = append(seats, &relay.NATSCouncil{Conn: conn, ID: id, Frontends: r.Watch(registry.RoleFrontend), Nodes: r.Watch(registry.RoleNode)})
	}
	var stops []func()
	for _, s := range seats {
		stop, err := s.Serve(func(from string, question []byte) []byte {
			return fmt.Appendf(nil, "%s to %s: %s", s.ID, from, question)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Conn.Flush(); err != nil {
			t.Fatal(err)
		}
		stops = append(stops, stop)
	}
	awaitOthers(t, seats[0], 2)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	answers := seats[0].Ask(ctx, []byte("well?"))
	if len(answers) != 2 || string(answers["front-2"]) != "front-2 to front-0: well?" {
		t.Errorf("%s", answers)
	}
	stops[1]()
	if err := seats[1].Conn.Flush(); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if answers := seats[0].Ask(short, []byte("well?")); len(answers) != 1 || answers["front-1"] != nil {
		t.Errorf("%s", answers)
	}
	if others, known := seats[0].Others(); !known || len(others) != 2 {
		t.Errorf("%v %t", others, known)
	}
}

func awaitOthers(t *testing.T, s *relay.NATSCouncil, n int) {
	t.Helper()
	for late := time.After(10 * time.Second); ; {
		changed, nodes := s.Frontends.Changed(), s.Nodes.Changed()
		if others, known := s.Others(); known && len(others) == n {
			return
		}
		select {
		case <-changed:
		case <-nodes:
		case <-late:
			t.Fatal("they were never known")
		}
	}
}
