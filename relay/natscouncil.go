package relay

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/registry"
)

// CouncilSubject is what frontends ask each other by, and nobody else.
const CouncilSubject = "paymux.council"

// asker is the header with the ID of who asks, or answers.
const asker = "Paymux-Frontend"

// NATSCouncil is a Council of the frontends in the registry. Safe for concurrent use.
type NATSCouncil struct {
	Conn *nats.Conn
	ID   string // of this frontend's instance
	// Frontends are those of the registry, which keeps those it knew while it is away. Nodes are the nodes: a process that is both is
	// registered as a node alone.
	Frontends, Nodes *registry.Directory
}

// Others implements Council.
func (c *NATSCouncil) Others() (ids []string, known bool) {
	for _, d := range []*registry.Directory{c.Frontends, c.Nodes} {
		select {
		case <-d.Ready():
		default:
			return nil, false
		}
	}
	for _, i := range c.Frontends.Instances() {
		if i.ID != c.ID {
			ids = append(ids, i.ID)
		}
	}
	for _, i := range c.Nodes.Instances() {
		var d Detail
		if i.ID != c.ID && (json.Unmarshal(i.Detail, &d) != nil || d.Frontend) { // who cannot be understood may be one
			ids = append(ids, i.ID)
		}
	}
	return ids, true
}

// Ask implements Council. Frontends that the registry does not know are asked, too.
func (c *NATSCouncil) Ask(ctx context.Context, question []byte) map[string][]byte {
	answers := map[string][]byte{}
	inbox, err := c.Conn.SubscribeSync(c.Conn.NewInbox())
	if err != nil {
		return answers
	}
	defer func() { _ = inbox.Unsubscribe() }() // fails where the connection is closed, with all that was subscribed to
	q := &nats.Msg{Subject: CouncilSubject, Reply: inbox.Subject, Data: question, Header: nats.Header{asker: {c.ID}}}
	if c.Conn.PublishMsg(q) != nil {
		return answers
	}
	for others, known := c.Others(); !known || !allIn(others, answers); {
		m, err := inbox.NextMsgWithContext(ctx)
		if err != nil {
			return answers
		}
		if id := m.Header.Get(asker); id != "" && id != c.ID {
			answers[id] = m.Data
		}
	}
	return answers
}

func allIn(ids []string, answers map[string][]byte) bool {
	for _, id := range ids {
		if answers[id] == nil {
			return false
		}
	}
	return true
}

// Serve implements Council.
func (c *NATSCouncil) Serve(answer func(from string, question []byte) []byte) (stop func(), err error) {
	s, err := c.Conn.Subscribe(CouncilSubject, func(m *nats.Msg) {
		from := m.Header.Get(asker)
		if from == "" || from == c.ID || m.Reply == "" {
			return
		}
		if body := answer(from, m.Data); body != nil {
			_ = c.Conn.PublishMsg(&nats.Msg{Subject: m.Reply, Data: body, Header: nats.Header{asker: {c.ID}}}) // who does not hear it asks again
		}
	})
	if err != nil {
		return nil, fmt.Errorf("relay: hear other frontends: %w", err)
	}
	return func() { _ = s.Unsubscribe() }, nil
}
